import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

/// Flows, by hand and by schedule.
@Suite(.database, .serialized)
struct FlowTests {
  private func withCatalog(
    flows: String, _ body: (_ environment: [String: String], _ connection: PostgresConnection) async throws -> Void
  ) async throws {
    let home = "/tmp/aker-home-\(UUID().uuidString.prefix(8))"
    defer { try? FileManager.default.removeItem(atPath: home) }
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: PackageRoot.path + "/catalog", toPath: home + "/catalog")
    try Data(flows.utf8).write(to: URL(filePath: home + "/catalog/flows.yml"))
    let connection = try await TestDatabase.current.connect()
    try await body(
      [
        "AKER_HOME": home, "AKER_CATALOG_PATH": home + "/catalog", "AKER_POSTGIS_DSN": TestDatabase.current.dsn,
        "AKER_DUCKDB": ProcessInfo.processInfo.environment["AKER_DUCKDB"] ?? PackageRoot.path + "/.aker/tools/duckdb",
      ], connection)
    await connection.close()
  }

  private func backfills(_ connection: PostgresConnection) async throws -> [String] {
    try await connection.query("SELECT note FROM queue.backfill ORDER BY backfill_id").map { try $0.decode("note") }
  }

  @Test func aFlowIsItsDatasetsAndItsYearsUnlessTold() async throws {
    let flows = """
      flows:
        - name: incomes
          title: Incomes
          datasets: [market_income, personal_income]
          years: [-3, -2]
      """
    try await withCatalog(flows: flows) { environment, connection in
      let list = try await Program.run(Executable.aker, ["flow", "ls"], environment: environment)
      #expect(list.exitCode == 0 && list.output.contains("by hand") && list.output.contains("-3 to -2"), "\(list)")

      let run = try await Program.run(
        Executable.aker, ["flow", "run", "incomes", "--detach"], environment: environment)
      #expect(run.exitCode == 0, "\(run)")
      let asked = try await connection.query(
        """
        SELECT dataset, extract(year FROM now() AT TIME ZONE 'UTC')::int - data_year AS age FROM queue.task
        ORDER BY dataset, age
        """)
      #expect(
        try asked.map { "\(try $0.decode("dataset", as: String.self)) \(try $0.decode("age", as: Int.self))" } == [
          "market_income 2", "market_income 3", "personal_income 2", "personal_income 3",
        ])

      let backfill = try await Program.run(
        Executable.aker, ["backfill", "--flow", "incomes", "--years", "2012", "--detach"], environment: environment)
      #expect(backfill.exitCode == 0, "\(backfill)")
      #expect(try await backfills(connection).last == "flow incomes, 2012")

      let plan = try await Program.run(
        Executable.aker, ["plan", "--flow", "incomes", "--years", "2012"], environment: environment)
      #expect(plan.exitCode == 0 && plan.output.contains("0 tasks would be enqueued"), "\(plan)")
    }
  }

  @Test func whatIsNoFlowIsSaidWithTheNearest() async throws {
    try await withCatalog(flows: "flows:\n  - {name: incomes, datasets: [market_income]}\n") {
      environment, connection in
      let unknown = try await Program.run(
        Executable.aker, ["flow", "run", "income", "--detach"], environment: environment)
      #expect(unknown.exitCode == 64)
      #expect(unknown.errorOutput.contains("there is no flow 'income'"), "\(unknown)")
      #expect(unknown.errorOutput.contains("Did you mean incomes?"), "\(unknown)")
      let both = try await Program.run(
        Executable.aker, ["backfill", "market_income", "--flow", "incomes"], environment: environment)
      #expect(both.exitCode == 64)
      let neither = try await Program.run(Executable.aker, ["backfill", "market_income"], environment: environment)
      #expect(neither.exitCode == 64 && neither.errorOutput.contains("--years"), "\(neither)")
      #expect(try await backfills(connection).isEmpty)
    }
  }

  // MARK: aker serve

  /// What coordinators that start from now on take for the time, going on from there.
  private func setClock(_ time: String, _ connection: PostgresConnection) async throws {
    let name = TestDatabase.current.name
    let now = try await connection.query("SELECT clock_timestamp()::text AS now")[0].decode("now", as: String.self)
    try await connection.execute("ALTER DATABASE \(name) SET aker.schedule_clock = '\(now),\(time),1'")
  }

  private func serve(
    _ environment: [String: String], coordinators count: Int = 1, until what: Comment,
    _ isDone: () async throws -> Bool
  ) async throws -> String {
    var servers: [Program] = []
    for _ in 0..<count {
      servers.append(
        try await Program.start(Executable.aker, ["serve", "--listen", "127.0.0.1:0"], environment: environment))
    }
    try await eventually(within: .seconds(60), what, isDone)
    var log = ""
    for server in servers {
      server.send(SIGTERM)
      let result = try await server.wait()
      #expect(result.exitCode == 0, "\(result)")
      log += result.output + result.errorOutput
    }
    return log
  }

  private func flowCount(_ connection: PostgresConnection) async throws -> Int {
    try await connection.query("SELECT count(*) AS count FROM schedule.flow")[0].decode("count")
  }

  @Test func aScheduledFlowBuildsTheRegionsThatAreKept() async throws {
    let flows =
      "flows:\n  - {name: due, datasets: [market_jobs, market_income], schedule: \"30 6 * * *\", years: [-4, -4]}\n"
    try await withCatalog(flows: flows) { environment, connection in
      let file = environment["AKER_HOME"]! + "/aker.yml"
      try Data("regions: {market_jobs: [24510, \"39049\"]}\n".utf8).write(to: URL(filePath: file))
      let environment = environment.merging(["AKER_CONFIG": file]) { $1 }
      try await migrate(environment)
      try await setClock("2026-05-01T06:00Z", connection)
      _ = try await serve(environment, until: "the flow is known") { try await flowCount(connection) == 1 }
      try await setClock("2026-05-01T06:40Z", connection)
      _ = try await serve(environment, until: "the flow is enqueued") {
        try await backfills(connection) == ["flow due"]
      }
      let tasks = try await connection.query("SELECT dataset || ' ' || region AS name FROM queue.task ORDER BY 1")
      #expect(
        try tasks.map { try $0.decode("name", as: String.self) } == [
          "market_income ", "market_jobs 24510", "market_jobs 39049",
        ])
    }
  }

  private func migrate(_ environment: [String: String]) async throws {
    let result = try await Program.run(Executable.aker, ["migrate"], environment: environment)
    #expect(result.exitCode == 0, "\(result)")
  }

  /// Nobody serves for a month, in which a flow is due that is due once a year; and then two do.
  @Test func whatFellDueIsEnqueuedOnceHoweverLongNobodyServed() async throws {
    let flows = """
      flows:
        - {name: due, datasets: [market_income], schedule: "30 6 15 5 *", time_zone: America/New_York, years: [-9, -8]}
        - {name: often, datasets: [personal_income], schedule: "0,30 * * * *", years: [-9, -9]}
        - {name: later, datasets: [price_index], schedule: "0 0 1 12 *"}
        - {name: manual, datasets: [market_jobs]}
        - {name: orphan, datasets: [hazard_smoke], schedule: "@monthly", years: [-9, -9]}
        - {name: broken, datasets: [no_such_dataset], schedule: "@monthly"}
      """
    try await withCatalog(flows: flows) { environment, connection in
      try await migrate(environment)
      try await setClock("2026-05-01T06:00Z", connection)
      _ = try await serve(environment, until: "the flows are known") { try await flowCount(connection) == 6 }
      #expect(try await backfills(connection) == [])

      try await setClock("2026-06-02T06:00Z", connection)
      let log = try await serve(environment, coordinators: 2, until: "the flows are enqueued") {
        let trouble = try await connection.query("SELECT FROM schedule.flow WHERE trouble IS NOT NULL")
        return try await backfills(connection).count >= 3 && trouble.count == 1
      }
      #expect(try await backfills(connection).sorted() == ["flow due", "flow often", "flow orphan"])
      #expect(log.contains("1 task of hazard_smoke would fail: it reads boundary_county"), "\(log)")
      #expect(log.contains("there is no dataset 'no_such_dataset'"), "\(log)")

      // Commands want all of the catalog to be right.
      let refused = try await Program.run(Executable.aker, ["flow", "ls"], environment: environment)
      #expect(
        refused.exitCode == 65 && refused.errorOutput.contains("there is no dataset 'no_such_dataset'"), "\(refused)")
      let corrected = flows.replacing("no_such_dataset", with: "price_index")
      try Data(corrected.utf8).write(to: URL(filePath: environment["AKER_CATALOG_PATH"]! + "/flows.yml"))
      let list = try await Program.run(Executable.aker, ["flow", "ls"], environment: environment)
      #expect(list.exitCode == 0 && list.output.contains("last due 2026-05-15 10:30 UTC, fired as backfill"), "\(list)")
      #expect(list.output.contains("at 06:30 on day 15 of May (America/New_York)"), "\(list)")
      #expect(list.output.contains("cannot be enqueued: there is no dataset 'no_such_dataset'"), "\(list)")
      let history = try await Program.run(
        Executable.aker, ["flow", "history", "often", "--limit", "2000", "--json"], environment: environment)
      #expect(history.output.split(separator: "\"coalesced\"").count > 1500, "\(history)")
      let unknown = try await Program.run(Executable.aker, ["flow", "history", "oftn"], environment: environment)
      #expect(unknown.exitCode == 64 && unknown.errorOutput.contains("Did you mean often?"), "\(unknown)")
    }
  }

  @Test func anOperatorPausesResumesAndTriggers() async throws {
    let flows = "flows:\n  - {name: due, datasets: [market_income], schedule: \"@daily\", years: [-9, -9]}\n"
    try await withCatalog(flows: flows) { environment, connection in
      try await migrate(environment)
      let early = try await Program.run(Executable.aker, ["flow", "pause", "due"], environment: environment)
      #expect(early.exitCode == 64 && early.errorOutput.contains("once aker serve has read it"), "\(early)")
      // At no other time of day than this is it due by itself.
      try await setClock("2026-05-01T06:00Z", connection)
      _ = try await serve(environment, until: "the flow is known") { try await flowCount(connection) == 1 }
      let pause = try await Program.run(
        Executable.aker, ["flow", "pause", "due", "--reason", "moving house"], environment: environment)
      #expect(pause.exitCode == 0 && pause.output.contains("aker flow resume due"), "\(pause)")
      let list = try await Program.run(Executable.aker, ["flow", "ls"], environment: environment)
      #expect(list.output.contains(": moving house"), "\(list)")
      let resume = try await Program.run(Executable.aker, ["flow", "resume", "due"], environment: environment)
      #expect(resume.exitCode == 0 && resume.output.contains("aker flow trigger due"), "\(resume)")
      for act in ["pause", "resume"] {
        let told = try await Program.run(Executable.aker, ["flow", act, "due", "--json"], environment: environment)
        let value = try JSONDecoder().decode([String: String].self, from: Data(told.output.utf8))
        #expect(value == ["flow": "due", "act": act + "d"], "\(told)")
      }
      let trigger = try await Program.run(
        Executable.aker, ["flow", "trigger", "due", "--json"], environment: environment)
      let made = try JSONDecoder().decode(Triggered.self, from: Data(trigger.output.utf8))
      #expect(trigger.exitCode == 0 && made.flow == "due" && made.backfill_id == 1 && made.tasks == 1, "\(trigger)")
      let again = try await Program.run(Executable.aker, ["flow", "trigger", "due"], environment: environment)
      #expect(again.exitCode == 75 && again.errorOutput.contains("aker watch 1"), "\(again)")
    }
  }

  private struct Triggered: Decodable {
    var flow: String
    var backfill_id: Int
    var tasks: Int
  }

  /// A coordinator that is suspended leads no longer than four seconds, and does nothing as a leader when it wakes.
  @Test func aSuspendedLeaderIsReplaced() async throws {
    let flows = "flows:\n  - {name: due, datasets: [market_income], schedule: \"@daily\"}\n"
    try await withCatalog(flows: flows) { environment, connection in
      try await migrate(environment)
      // Every time that somebody asks for the lead, in the order in which it happened.
      try await connection.executeScript(
        """
        CREATE TABLE public.asked (
          n bigint GENERATED ALWAYS AS IDENTITY, name text, was_over boolean, term bigint, lasts interval);
        ALTER FUNCTION schedule.lead RENAME TO real_lead;
        CREATE FUNCTION schedule.lead(holder uuid, name text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
        DECLARE
          is_over boolean := (SELECT l.expires_at <= clock_timestamp() FROM schedule.leader l);
          answer bigint := schedule.real_lead($1, $2);
        BEGIN
          INSERT INTO public.asked (name, was_over, term, lasts)
            SELECT $2, is_over, answer, l.expires_at - clock_timestamp() FROM schedule.leader l;
          RETURN answer;
        END
        $$;
        """)
      func leader() async throws -> String? {
        try await connection.query("SELECT name FROM schedule.leader WHERE expires_at > clock_timestamp()").first?
          .decode("name")
      }
      let first = try await Program.start(
        Executable.aker, ["serve", "--listen", "127.0.0.1:0"], environment: environment)
      try await eventually(within: .seconds(60), "one leads") { try await leader() != nil }
      let name = try await leader()
      let second = try await Program.start(
        Executable.aker, ["serve", "--listen", "127.0.0.1:0"], environment: environment)
      first.send(SIGSTOP)
      try await eventually(within: .seconds(30), "the other leads") {
        let now = try await leader()
        return now != nil && now != name
      }
      let taken = try await leader()
      // The lead is nobody's for no longer than the second that lies between two questions (FlowScheduler.interval): the first
      // question after the term takes it, and a term is four seconds.
      let asked = try await connection.query(
        "SELECT term FROM asked WHERE name = $1 AND was_over ORDER BY n", [taken ?? ""])
      #expect(try asked.first?.decode("term", as: Int64?.self) != nil, "the first question after the term was refused")
      #expect(
        try await connection.query("SELECT FROM asked WHERE term IS NOT NULL AND lasts > interval '4 seconds'").isEmpty)
      first.send(SIGCONT)
      first.send(SIGTERM)
      let ended = try await first.wait()
      #expect(ended.exitCode == 0, "\(ended)")
      #expect(try await leader() == taken)
      second.send(SIGTERM)
      #expect(try await second.wait().exitCode == 0)
      #expect(try await leader() == nil)
    }
  }
}
