import Base
import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing
import WebService

/// Questions in SQL, by whoever means them well and by whoever does not.
@Suite(.database)
struct ExploreTests {
  private static func ask(
    _ scene: ServiceScene, _ sql: String, token: String? = nil, _ members: [String: JSONValue] = [:]
  ) async throws -> ServiceScene.Answer {
    let body = JSONValue.object(members.merging(["sql": .string(sql)]) { $1 }).json
    return try await scene.post("/api/v1/explore", body, token: token)
  }

  @Test func aQuestionIsAnsweredWithNamesTypesAndExactValues() async throws {
    try await ServiceScene.serving(AccessRules(anonymous: nil)) { scene in
      try await scene.enqueue()
      let viewer = try await scene.token("viewer")
      #expect(try await Self.ask(scene, "SELECT 1").status == 401)
      let answer = try await Self.ask(
        scene, "SELECT dataset, count(*) AS n FROM queue.task GROUP BY 1", token: viewer)
      #expect(answer.status == 200 && answer.headers["cache-control"] == "no-store", "\(answer)")
      #expect(
        answer.json.at("columns")
          == JSONValue(parsing: #"[{"name":"dataset","type":"text"},{"name":"n","type":"bigint"}]"#))
      #expect(answer.json.at("rows") == JSONValue(parsing: #"[{"dataset":"income","n":3}]"#), "\(answer)")
      #expect(answer.json.at("row_count") == .integer(1) && answer.json.at("cut") == nil)
      // As Postgres wrote them: no number was read and written anew.
      let exact = try await Self.ask(scene, "SELECT 12345678901234567890.1234567890 AS x, NULL AS y", token: viewer)
      #expect(exact.body.contains(#"{"x":12345678901234567890.1234567890,"y":null}"#), "\(exact)")
      let texts = try await Self.ask(
        scene, #"SELECT 1 AS a, 'x "y" \, (z)' AS a, NULL, '' WHERE true"#, token: viewer, ["form": .string("texts")])
      #expect(
        texts.json.at("rows.0") == .array([.string("1"), .string(#"x "y" \, (z)"#), .null, .string("")]), "\(texts)")
      let twice = try await Self.ask(scene, "SELECT 1 AS a, 2 AS a", token: viewer)
      #expect(twice.status == 422 && twice.body.contains("two columns are named 'a'"), "\(twice)")
      for sql in [
        "VALUES (1)", "TABLE queue.life", "SHOW server_version", "EXPLAIN SELECT 1", "SELECT 1; -- that is all",
      ] {
        #expect(try await Self.ask(scene, sql, token: viewer).status == 200, "\(sql)")
      }
      let wrong = try await Self.ask(scene, "SELECT 'ü',\n  nothing_such\nFROM queue.task", token: viewer)
      #expect(wrong.status == 422 && wrong.body.contains(#"column \"nothing_such\" does not exist"#), "\(wrong)")
      #expect(wrong.json.at("position") == .integer(15), "\(wrong)")
      #expect(try await scene.count("service.audit") == 0, "reading is not in the audit")
    }
  }

  /// Each is refused with a status and a word of Postgres'.
  private static let attacks: [(sql: String, status: Int, word: String)] = [
    // To become somebody else.
    ("SELECT set_config('role', 'none', false)", 403, "security-definer"),
    ("SELECT set_config('role', session_user, true)", 403, "security-definer"),
    ("SELECT set_config('session_authorization', session_user, false)", 403, "security-definer"),
    ("SELECT set_config('session_authorization', 'default', false)", 403, "security-definer"),
    ("SELECT query_to_xml('SELECT set_config(''role'', ''none'', false)', true, true, '')", 403, "security-definer"),
    ("SELECT ts_stat('SELECT to_tsvector(set_config(''role'', ''none'', true))')", 403, "security-definer"),
    ("SET ROLE none", 422, "SET"), ("RESET ROLE", 422, "RESET"), ("DISCARD ALL", 422, "DISCARD"),
    ("SELECT set_config('session_replication_role', 'replica', false)", 403, "permission denied"),
    ("SELECT set_config('log_statement', 'none', false)", 403, "permission denied"),
    // To write.
    ("SELECT set_config('transaction_read_only', 'off', true)", 422, "read-write mode"),
    ("WITH gone AS (DELETE FROM queue.event RETURNING 1) SELECT * FROM gone", 403, ""),
    ("INSERT INTO queue.setting DEFAULT VALUES", 422, "INSERT"), ("SELECT 1 INTO copied", 422, "SELECT INTO"),
    ("CREATE TEMP TABLE mine (i int)", 422, "CREATE TABLE"), ("DO 'BEGIN END'", 422, "DO"),
    ("SELECT 1; DELETE FROM queue.event", 422, "multi-query"), ("COMMIT", 422, "COMMIT"),
    ("SELECT * FROM queue.setting FOR UPDATE", 403, ""), ("LOCK TABLE queue.setting", 422, "LOCK"),
    ("SELECT nextval(pg_get_serial_sequence('queue.worker', 'worker_id'))", 403, ""),
    ("SELECT queue.pause_queue('me')", 403, "pause_queue"), ("SELECT queue._lock_key('enqueue')", 403, "_lock_key"),
    ("SELECT service.create_token('me', 'admin', sha256('x'), '1 day')", 403, "create_token"),
    ("SELECT lake.mark_in_place(1, false)", 403, "mark_in_place"),
    ("SELECT service.begin_question('SELECT 2', 'public')", 422, "already in use"),
    ("SELECT * FROM service.answer_rows('public', 1, 1, 1, false)", 422, "cannot be run"),
    ("SELECT cursor_to_xml('aker_question', 1, true, true, '')", 422, "cannot be run"),
    ("EXECUTE anything", 422, "EXECUTE"), ("LISTEN aker_queue", 422, "LISTEN"),
    ("FETCH ALL FROM aker_question", 422, "FETCH"),
    // To read what is nobody's.
    ("SELECT * FROM service.token", 403, "token"), ("SELECT * FROM service.audit", 403, "audit"),
    ("SELECT * FROM service.idempotency", 403, "idempotency"), ("SELECT * FROM queue.lock_space", 403, "lock_space"),
    ("SELECT incarnation FROM queue.worker", 403, "worker"), ("SELECT * FROM pg_authid", 403, "pg_authid"),
    ("SELECT pg_read_file('/etc/passwd')", 403, "pg_read_file"), ("SELECT pg_ls_dir('/')", 403, "pg_ls_dir"),
    ("SELECT lo_import('/etc/passwd')", 403, "lo_import"), ("SELECT lo_export(1, '/tmp/x')", 403, "lo_export"),
    ("COPY (SELECT 1) TO PROGRAM 'id'", 422, "COPY"), ("COPY queue.task TO '/tmp/x'", 422, "COPY"),
    // What is no question.
    ("", 422, "no question"), (" \n", 422, "no question"), ("-- nothing", 422, ""),
    ("/* and so on", 422, "unterminated"),
    ("SELECT 'and so on", 422, "unterminated"), ("SELECT $1", 422, "$1"), ("\\! id", 422, "syntax error"),
    ("SELECT * FROM \"\(String(repeating: "n", count: 4096))\"", 422, "does not exist"),
    ("SELECT '\(String(repeating: "x", count: 70_000))'", 422, "65536 at most"),
  ]

  @Test func noQuestionDoesMoreThanAReaderMay() async throws {
    // The login is the database's owner: a superuser, unless a managed server is played.
    try await ServiceScene.serving { scene in
      try await scene.enqueue()
      _ = try await scene.token("viewer")
      let before = try await Self.state(scene)
      for (sql, status, word) in Self.attacks {
        let answer = try await Self.ask(scene, sql)
        #expect(answer.status == status, "\(sql.prefix(80)): \(answer)")
        #expect(answer.body.contains(word), "\(sql.prefix(80)): \(answer)")
      }
      let victim = await scene.connection.backendPID
      for act in ["pg_terminate_backend", "pg_cancel_backend"] {
        let answer = try await Self.ask(scene, "SELECT \(act)(\(victim))")
        #expect(answer.status == 403, "\(act): \(answer)")
      }
      let who = try await Self.ask(
        scene, "SELECT current_user AS u, current_setting('role') AS r, current_setting('transaction_read_only') AS t")
      #expect(who.json.at("rows.0") == JSONValue(parsing: #"{"u":"aker_reader","r":"aker_reader","t":"on"}"#), "\(who)")
      // What is done all the same is undone, and what is known of the session is of no use elsewhere.
      #expect(try await Self.ask(scene, "SELECT lo_create(4711) IS NOT NULL AS made").status != 500)
      #expect(try await scene.count("pg_largeobject_metadata") == 0)
      let mark = try await Self.ask(scene, "SELECT current_setting('aker.incarnation') AS i")
      #expect(mark.json.at("rows.0.i")?.text?.isEmpty == false)
      #expect(mark.json.at("rows.0.i")?.text != Incarnation.current.description)
      #expect(try await Self.state(scene) == before)
      #expect(try await scene.count("service.audit WHERE act = 'explore' AND outcome LIKE '403%'") > 20)
    }
  }

  private static func state(_ scene: ServiceScene) async throws -> String? {
    try await scene.connection.one(
      """
      SELECT concat_ws(' ', (SELECT count(*) FROM queue.event), (SELECT string_agg(s::text, '') FROM queue.setting s),
        (SELECT count(*) FROM service.token), (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_proc)) AS all
      """
    ).text("all")
  }

  /// A password that a login needs is one that nobody has.
  @Test func noQuestionLeavesTheDatabase() async throws {
    guard !ManagedServer.isPlayed else { return }
    try await ServiceScene.serving { scene in
      try await scene.connection.execute("CREATE EXTENSION IF NOT EXISTS dblink")
      let answer = try await Self.ask(
        scene, "SELECT * FROM dblink('dbname=' || current_database(), 'SELECT 1') AS t (i int)")
      #expect(answer.status >= 400 && answer.body.contains("assword"), "\(answer)")
    }
  }

  @Test func whatTakesTooLongIsEnded() async throws {
    let limits = QuestionLimits(time: .seconds(1))
    try await ServiceScene.serving(questions: limits) { scene in
      for sql in [
        "SELECT pg_sleep(1000)", "SELECT count(*) FROM generate_series(1, 100000000000)",
        "SELECT sum(a) FROM generate_series(1, 1000000000) a",
        // Its own limit is none to the next rows, and the next rows never end.
        "SELECT set_config('statement_timeout', '0', false) UNION ALL "
          + "SELECT pg_sleep(0.001)::text FROM generate_series(1, 100000000)",
        "SELECT regexp_count(repeat('a', 40), '(a|aa)+$') FROM (SELECT pg_sleep(1000)) s",
      ] {
        let answer = try await Self.ask(scene, sql, ["limit": .integer(10_000)])
        #expect(answer.status == 504 && answer.body.contains("after 1 s"), "\(sql): \(answer)")
      }
      try await Self.nobodyAsks(scene)
    }
  }

  @Test func whatIsTooMuchIsCutAndSaysSo() async throws {
    try await ServiceScene.serving(questions: QuestionLimits(time: .seconds(120), downloadRows: 2_000)) { scene in
      // However many rows there would be, as many come as are wanted.
      let endless = try await Self.ask(scene, "SELECT generate_series(1, 100000000) AS i")
      #expect(endless.json.at("row_count") == .integer(1000) && endless.json.at("cut") == .string("rows"))
      #expect(endless.json.at("rows.999.i") == .integer(1000))
      let exact = try await Self.ask(scene, "SELECT generate_series(1, 1000) AS i")
      #expect(exact.json.at("row_count") == .integer(1000) && exact.json.at("cut") == nil)
      let wide = try await Self.ask(scene, "SELECT repeat('x', 1000000) AS x FROM generate_series(1, 100)")
      #expect(wide.json.at("row_count") == .integer(3) && wide.json.at("cut") == .string("bytes"))
      let huge = try await Self.ask(scene, "SELECT repeat('x', 20000000) AS x")
      #expect(huge.status == 422 && huge.body.contains("left(a_column, 1000)"), "\(huge)")
      // A download that would be too large does not end as if it were whole.
      for (rows, code) in [(2_000, Int32(0)), (2_001, 18)] {
        let result = try await Program.run(
          "curl",
          [
            "-s", "--max-time", "60", "-H", "Content-Type: application/json", "-d",
            "{\"sql\": \"SELECT generate_series(1, \(rows))\"}", scene.url + "/api/v1/explore/csv",
          ])
        #expect(result.exitCode == code, "\(rows) rows: \(result.exitCode)")
      }
      try await Self.nobodyAsks(scene)
    }
  }

  /// Sessions of questions to this database: other tests ask theirs on the same server.
  private static let questions =
    "pg_stat_activity WHERE application_name = 'aker question' AND datname = current_database()"

  private static func nobodyAsks(_ scene: ServiceScene) async throws {
    try await eventually("no session of a question is left") {
      try await scene.count(questions) == 0
    }
  }

  @Test func whoeverGoesAwayEndsTheirQuestion() async throws {
    let limits = QuestionLimits(time: .seconds(600), perCaller: 2, inAll: 3)
    try await ServiceScene.serving(AccessRules(anonymous: nil), questions: limits) { scene in
      let (mia, ada) = (try await scene.token("viewer"), try await scene.token("operator"))
      func start(_ token: String) async throws -> Program {
        try await Program.start(
          "curl",
          [
            "-s", "-H", "Authorization: Bearer \(token)", "-H", "Content-Type: application/json", "-d",
            #"{"sql": "SELECT pg_sleep(600)"}"#, scene.url + "/api/v1/explore",
          ])
      }
      func asking(_ count: Int) async throws {
        try await eventually("\(count) questions are asked") {
          try await scene.count(Self.questions + " AND wait_event = 'PgSleep'") == count
        }
      }
      var programs = [try await start(mia), try await start(mia)]
      try await asking(2)
      let more = try await Self.ask(scene, "SELECT 1", token: mia)
      #expect(more.status == 429 && more.body.contains("2 of your questions"), "\(more)")
      #expect(try await Self.ask(scene, "SELECT 1", token: ada).status == 200)
      programs.append(try await start(ada))
      try await asking(3)
      let full = try await Self.ask(scene, "SELECT 1", token: ada)
      #expect(full.status == 429 && full.headers["retry-after"] != nil, "\(full)")
      // The service itself answers on.
      #expect(try await scene.get("/api/v1/workers", token: mia).status == 200)
      for program in programs { program.send(SIGKILL) }
      for program in programs { _ = try await program.wait() }
      try await Self.nobodyAsks(scene)
      try await eventually("their places are free") {
        try await Self.ask(scene, "SELECT 1", token: mia).status == 200
      }
    }
  }

  @Test func aQuestionDoesNotHoldTheQueuesLocks() async throws {
    try await ServiceScene.serving(questions: QuestionLimits(time: .seconds(600))) { scene in
      // Whoever watches pg_locks can learn the key of one.
      for lock in ["pg_advisory_lock(4711)", "pg_advisory_xact_lock(1634428274, 1)", "pg_try_advisory_lock_shared(1)"] {
        let answer = try await Self.ask(
          scene, "SELECT query_to_xml('SELECT \(lock)', true, true, ''), pg_sleep(600)")
        #expect(answer.status == 403 && answer.body.contains("advisory locks"), "\(lock): \(answer)")
      }
      let locks = """
        pg_locks WHERE locktype = 'advisory' AND classid IN (0, 1634428274)
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """
      #expect(try await scene.count(locks) == 0)
    }
  }

  @Test func aDownloadIsWhatACopyGives() async throws {
    try await ServiceScene.serving { scene in
      let question = #"""
        SELECT i AS "a ""name"", and more", NULL AS nothing, '' AS empty, E'\\.' AS dot, E'two\nlines, "quoted"\\ ü' AS text,
          ARRAY['a b', NULL, 'c"d'] AS list, ROW(1, 'x,y', NULL) AS record, 0.1::float8 AS f, E'\\xDEAD'::bytea AS b
        FROM generate_series(1, 1200) i
        """#
      let dot = try await scene.post("/api/v1/explore/csv", #"{"sql": "SELECT '\\.' AS dot"}"#)
      #expect(dot.body == "dot\n\"\\.\"\n")
      let expected = try await scene.connection.copied("COPY (\(question)) TO STDOUT (FORMAT csv, HEADER)")
      let answer = try await scene.post("/api/v1/explore/csv", JSONValue.object(["sql": .string(question)]).json)
      #expect(answer.status == 200 && answer.headers["content-type"] == "text/csv; charset=utf-8", "\(answer.headers)")
      #expect(answer.headers["content-disposition"]?.hasPrefix("attachment") == true)
      #expect(answer.body == String(decoding: expected, as: UTF8.self))
      let refused = try await scene.post("/api/v1/explore/csv", #"{"sql": "SELECT * FROM service.token"}"#)
      #expect(refused.status == 403 && refused.headers["content-type"] == "application/problem+json", "\(refused)")
      #expect(
        try await scene.ask("POST", "/api/v1/explore/csv", body: "sql=x", headers: ["Content-Type: text/plain"]).status
          == 415)
    }
  }

  /// Examples, and each table and view beside the box.
  @Test func everythingThatIsOfferedCanBeAsked() async throws {
    try await ServiceScene.serving { scene in
      try await scene.enqueue()
      let page = try await scene.get("/explore")
      let offered = page.body.matches(of: #/href="\/explore\?sql=([^"]+)"/#).map {
        PercentEncoding.decoded(String($0.1))
      }
      #expect(offered.count > 80 && Set(offered).count == offered.count, "\(offered.count)")
      for sql in offered {
        let answer = try await Self.ask(scene, sql)
        #expect(answer.status == 200, "\(sql): \(answer)")
      }
    }
  }

  @Test func aDatasetsPageHasItsFirstRows() async throws {
    try await ServiceScene.serving(AccessRules(anonymous: .viewer)) { scene in
      try await MapTests.world(scene)
      for (dataset, column) in [("personal_income", "per_capita_income"), ("boundary_county", "geometry")] {
        let sample = try await scene.get("/api/v1/datasets/\(dataset)/rows")
        guard case .array(let rows)? = sample.json.at("rows"), case .integer(let year)? = sample.json.at("data_year")
        else {
          throw TestFailure("no rows: \(sample)")
        }
        #expect(rows.count == 10 && sample.body.contains("\"name\":\"\(column)\""), "\(sample)")
        #expect(
          try await scene.count("(SELECT max(data_year) FROM public.\(dataset)) m (y) WHERE y = \(year)") == 1,
          "\(year)")
        #expect(sample.body.utf8.count < 20_000, "values are cut")
        let page = try await scene.get("/datasets/\(dataset)")
        #expect(page.body.contains("First rows of \(year)") && page.body.contains("/explore?sql=SELECT"), "\(page)")
      }
      // Nothing of it is in the warehouse.
      let none = try await scene.get("/api/v1/datasets/market_jobs/rows")
      #expect(none.status == 200 && none.json.at("rows") == .array([]), "\(none)")
      #expect(try await scene.get("/datasets/market_jobs").status == 200)
      #expect(try await scene.get("/api/v1/datasets/nothing/rows").status == 404)
    }
  }

  /// A dump that is restored without owners makes functions that belong to whoever restored it.
  @Test func functionsOfAnotherOwnerAnswerNothing() async throws {
    try await ServiceScene.serving { scene in
      for function in ["service.begin_question", "service.answer_rows"] {
        for change in [
          "ALTER FUNCTION \(function) OWNER TO CURRENT_USER", "GRANT EXECUTE ON FUNCTION \(function) TO PUBLIC",
        ] {
          try await scene.connection.execute(change)
          let answer = try await Self.ask(scene, "SELECT current_user")
          #expect(answer.status == 503 && answer.body.contains("aker migrate"), "\(answer)")
        }
        let grants = FileManager.default.contents(atPath: PackageRoot.migrations + "/grants.sql") ?? Data()
        try await scene.connection.executeScript(String(decoding: grants, as: UTF8.self))
        #expect(try await Self.ask(scene, "SELECT current_user").status == 200)
      }
      #expect(try await scene.count("service.relation WHERE description IS NULL AND schema_name <> 'public'") == 0)
      #expect(try await scene.count("service.relation WHERE name IN ('token', 'lock_space', 'audit')") == 0)
    }
  }
}

extension PostgresConnection {
  fileprivate func copied(_ sql: String) throws -> [UInt8] {
    var bytes: [UInt8] = []
    _ = try copyOut(sql) { bytes += $0 }
    return bytes
  }
}
