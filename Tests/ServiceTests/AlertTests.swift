import Base
import Console
import FoundationEssentials
import Glibc
import Logging
import Postgres
import TestSupport
import Testing
import WebService

/// Each alert, fired once for real: by the queue in the state that it is about.
@Suite(.database)
struct AlertTests {
  private struct Scene {
    let connection: PostgresConnection
    let term: Int64

    static func make() async throws -> Scene {
      let connection = try await TestDatabase.current.connect()
      let term: Int64 = try await connection.one("SELECT schedule.lead(gen_random_uuid(), 'test') AS term").decode(
        "term")
      // The lead of tests does not end by the clock.
      try await connection.execute("UPDATE schedule.leader SET expires_at = 'infinity'")
      try await connection.executeScript(
        """
        INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql)
          VALUES (repeat('a', 64), 'income', '', '');
        INSERT INTO catalog.dataset
          (name, definition_hash, title, first_year, is_split, regions, source_ids, primary_source_id, depends_on)
          VALUES ('income', repeat('a', 64), 'income', 2000, false, '{}', '{census}', 'census', '{}');
        SELECT queue.configure_source('census', daily_quota => 3);
        """)
      return Scene(connection: connection, term: term)
    }

    /// - Returns: what changed, each as `no_worker queue firing`.
    func look(_ ofHost: String = "[]") async throws -> [String] {
      try await connection.query(
        "SELECT kind || ' ' || subject || ' ' || change AS line FROM service.look_for_trouble($1, '{webhook}', $2::jsonb)",
        [term, ofHost]
      ).map { try $0.decode("line") }
    }

    func run(_ sql: String) async throws { try await connection.executeScript(sql) }

    /// As if what holds had done so for longer.
    func wait(_ interval: String) async throws {
      try await connection.execute("UPDATE service.alert SET began_at = began_at - $1::interval", [interval])
    }
  }

  @Test func noWorkerWhileTasksWait() async throws {
    let scene = try await Scene.make()
    try await scene.run("SELECT queue.enqueue_backfill('{income}', '{2001,2002}', '2024-06')")
    // A restart of the workers is no alert.
    #expect(try await scene.look() == [])
    try await scene.wait("61 s")
    #expect(try await scene.look() == ["no_worker queue firing"])
    #expect(try await scene.look() == [])
    try await scene.run("SELECT queue.register_worker('w', 'h', 1, 'v', 1)")
    #expect(try await scene.look() == ["no_worker queue ended"])
  }

  @Test func aBackfillThatEndedWithFailuresAndTheBreaker() async throws {
    let scene = try await Scene.make()
    try await scene.run(
      """
      SELECT queue.enqueue_backfill('{income}', '{2001,2002,2003,2004,2005,2006,2007}', '2024-06');
      SELECT queue.register_worker('w', 'h', 1, 'v', 10);
      DO $$ DECLARE r record; BEGIN
        FOR r IN SELECT * FROM queue.claim(1, 5) LOOP PERFORM queue.fail(r.task_id, r.lease_token, 'data', 'bad'); END LOOP;
      END $$;
      """)
    #expect(try await scene.look() == ["breaker_open 1 income firing"])
    try await scene.run(
      """
      SELECT queue.resume_backfill(1);
      DO $$ DECLARE r record; BEGIN
        FOR r IN SELECT * FROM queue.claim(1, 5) LOOP PERFORM queue.complete(r.task_id, r.lease_token); END LOOP;
      END $$;
      SELECT queue.tidy();
      """)
    #expect(try await scene.look().sorted() == ["backfill_failed 1 firing", "breaker_open 1 income ended"])
    try await scene.run("SELECT queue.retry_backfill(1)")
    #expect(try await scene.look() == ["backfill_failed 1 ended"])
  }

  @Test func aTaskWhoseWorkersWereLost() async throws {
    let scene = try await Scene.make()
    try await scene.run("SELECT queue.enqueue_backfill('{income}', '{2001}', '2024-06')")
    try await scene.run(
      """
      CREATE OR REPLACE FUNCTION queue._server_began_at() RETURNS timestamptz
      LANGUAGE sql STABLE AS $$ SELECT timestamptz '-infinity' $$;
      DO $$ DECLARE w integer; BEGIN
        FOR i IN 1..3 LOOP
          w := queue.register_worker('w', 'h', 1, 'v', 1);
          PERFORM queue.claim(w, 1);
          UPDATE queue.worker SET heartbeat_at = heartbeat_at - interval '1 hour' WHERE worker_id = w;
          PERFORM queue.reap();
        END LOOP;
      END $$;
      """)
    #expect(try await scene.look().contains("task_quarantined 1 firing"))
  }

  @Test func sourcesThatCoolDownOrHaveNoQuotaLeft() async throws {
    let scene = try await Scene.make()
    try await scene.run(
      """
      SELECT queue.register_worker('w', 'h', 1, 'v', 1);
      SELECT queue.enqueue_backfill('{income}', '{2001,2002}', '2024-06');
      SELECT queue.take_tokens('census', 3); SELECT queue.cool_down('census', '2 hours', 'HTTP 429');
      """)
    #expect(try await scene.look() == ["quota_gone census firing"])
    try await scene.wait("61 min")
    #expect(try await scene.look() == ["source_cooling_down census firing"])
    try await scene.run("SELECT queue.end_cool_down('census'); SELECT queue.configure_source('census')")
    #expect(try await scene.look().sorted() == ["quota_gone census ended", "source_cooling_down census ended"])
  }

  @Test func flowsThatWereMissedOrAreLateAndDatasetsThatAreStale() async throws {
    let scene = try await Scene.make()
    try await scene.run(
      """
      INSERT INTO schedule.flow (flow, datasets, first_year, last_year, expression, minutes, hours, days, months, weekdays,
          next_due_at)
        VALUES ('weekly', '{income}', -1, -1, '0 0 * * 1', '{0}', '{0}', (SELECT array_agg(g) FROM generate_series(1, 31) g),
          (SELECT array_agg(g) FROM generate_series(1, 12) g), '{1}', date_trunc('week', now() + interval '7 days'));
      INSERT INTO schedule.due (flow, due_at, fate, reason, noted_at, settled_at)
        VALUES ('weekly', '2020-01-06', 'missed', 'nobody served', now(), now());
      INSERT INTO schedule.due (flow, due_at, noted_at) VALUES ('weekly', now() - interval '1 hour', now());
      INSERT INTO lineage.publication (task_id, lease_token, row_count, byte_count, started_at, data_year, dataset, as_of,
          outcome, definition_hash, output_sha256, lake_path, worker_id, host, code_version, engine_version, published_at)
        VALUES (1, 1, 1, 1, now(), 2001, 'income', '2024-06', 'published', repeat('a', 64), repeat('0', 64), 'p', '1', 'h',
          'v', 'e', now() - interval '15 days');
      """)
    #expect(
      try await scene.look().sorted() == [
        "dataset_stale income firing", "flow_late weekly firing", "flow_missed weekly 2020-01-06T00:00Z firing",
      ])
    try await scene.run("UPDATE lineage.publication SET published_at = now() - interval '13 days'")
    #expect(try await scene.look() == ["dataset_stale income ended"])
  }

  @Test func anotherLifeOfTheDatabase() async throws {
    let scene = try await Scene.make()
    try await scene.run(
      """
      UPDATE queue.setting SET life = '1/1/1', life_began_at = now();
      INSERT INTO queue.event (kind, message) VALUES ('new_life', 'the database began a new life');
      """)
    #expect(try await scene.look() == ["database_life 2 firing"])
  }

  /// Nobody is there to tell of it but whoever leads next.
  @Test func aTimeInWhichNobodyLed() async throws {
    let scene = try await Scene.make()
    try await scene.run(
      "UPDATE schedule.leader SET expires_at = clock_timestamp() - interval '2 minutes', holder = gen_random_uuid()")
    let term: Int64 = try await scene.connection.one("SELECT schedule.lead(gen_random_uuid(), 'next') AS term").decode(
      "term")
    #expect(term == scene.term + 1)
    let next = Scene(connection: scene.connection, term: term)
    let told = try await next.look()
    #expect(told.count == 1 && told[0].hasPrefix("no_leader ") && told[0].hasSuffix(" firing"), "\(told)")
    try await scene.run(
      "UPDATE schedule.leader SET unled_until = unled_until - interval '1 hour', unled_from = 'epoch'")
    #expect(try await next.look().map { $0.hasSuffix(" ended") } == [true])
    // A change of coordinators is no such time.
    try await scene.run("SELECT schedule.abdicate(holder) FROM schedule.leader")
    let third: Int64 = try await scene.connection.one("SELECT schedule.lead(gen_random_uuid(), 'third') AS term")
      .decode(
        "term")
    #expect(try await Scene(connection: scene.connection, term: third).look() == [])
  }

  @Test func whatOnlyTheHostKnows() async throws {
    let scene = try await Scene.make()
    let full = """
      [{"kind": "lake_full", "subject": "/lake", "severity": "critical", "holds_for": "0", "summary": "s", "advice": "a"}]
      """
    #expect(try await scene.look(full) == ["lake_full /lake firing"])
    #expect(try await scene.look() == ["lake_full /lake ended"])
  }

  @Test func whoLeadsNoMoreLooksNoMore() async throws {
    let scene = try await Scene.make()
    try await scene.run("UPDATE schedule.leader SET term = term + 1")
    await #expect(throws: PostgresError.self) { try await scene.look() }
  }

  @Test func aSilenceHoldsNoticesBackAndNoLonger() async throws {
    let scene = try await Scene.make()
    let full = """
      [{"kind": "lake_full", "subject": "/lake", "severity": "critical", "holds_for": "0", "summary": "s", "advice": "a"}]
      """
    _ = try await AlertLine.silence(kind: "lake_full", subject: nil, minutes: 60, reason: "known", scene.connection)
    #expect(try await scene.look(full) == [])
    let line = try #require(try await AlertLine.list(state: nil, scene.connection).first)
    #expect(line.state == "pending" && line.silence_reason == "known")
    _ = try await AlertLine.silence(kind: "lake_full", subject: nil, minutes: 0, reason: nil, scene.connection)
    #expect(try await scene.look(full) == ["lake_full /lake firing"])
  }

  /// A receiver that fails at first: the notice comes all the same, signed, and its recovery after it.
  @Test func noticesAreDeliveredSignedAndInOrder() async throws {
    let scene = try await Scene.make()
    let file = "/tmp/aker-hook-\(UUID().uuidString)"
    defer { for end in ["", ".port"] { try? FileManager.default.removeItem(atPath: file + end) } }
    let script = """
      import http.server, os, sys, hmac, hashlib
      parent, seen = os.getppid(), [0]
      class Hook(http.server.BaseHTTPRequestHandler):
          def do_POST(self):
              body = self.rfile.read(int(self.headers['Content-Length']))
              seen[0] += 1
              status = 500 if seen[0] == 1 else 200
              signed = self.headers.get('X-Aker-Signature', '')
              parts = dict(p.split('=') for p in signed.split(',')) if signed else {}
              good = parts and hmac.new(b'secret', (parts['t'] + '.').encode() + body, hashlib.sha256).hexdigest() == parts['v1']
              with open(sys.argv[1], 'a') as f: f.write('%d %s %s\\n' % (status, bool(good), body.decode()))
              self.send_response(status); self.send_header('Content-Length', '0'); self.end_headers()
          def log_message(self, *a): pass
      server = http.server.HTTPServer(('127.0.0.1', 0), Hook)
      open(sys.argv[1] + '.port', 'w').write(str(server.server_port))
      server.serve_forever()
      """
    let hook = try await Program.start("python3", ["-c", script, file])
    defer { hook.send(SIGKILL) }
    func text(_ path: String) -> String {
      String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
    try await eventually("the hook listens") { Int(text(file + ".port")) != nil }
    let sender = AlertSender(
      [AlertDestination(.webhook, url: "http://127.0.0.1:\(text(file + ".port"))/hook", secret: "secret")],
      database: TestDatabase.current.configuration, scratch: file + ".scratch",
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let full = """
      [{"kind": "lake_full", "subject": "/lake", "severity": "critical", "holds_for": "0", "summary": "full", "advice": "a"}]
      """
    #expect(try await scene.look(full) == ["lake_full /lake firing"])
    #expect(try await scene.look() == ["lake_full /lake ended"])
    let running = Task { try await sender.run() }
    defer { running.cancel() }
    try await eventually("the first try fails") { text(file).hasPrefix("500 True ") }
    try await eventually("that is kept") {
      try await AlertLine.list(state: nil, scene.connection).first?.delivery_error == "the endpoint answered 500"
    }
    try await scene.connection.execute("UPDATE service.notice SET next_attempt_at = now()")
    try await eventually("both are told") { text(file).split(separator: "\n").count == 3 }
    let told = text(file).split(separator: "\n").dropFirst()
    #expect(told.allSatisfy { $0.hasPrefix("200 True ") })
    #expect(told.map { $0.contains(#""state":"ended""#) } == [false, true], "\(told)")
    // Kept once the answer is there, which is after the endpoint has written.
    try await eventually("that is kept, too") {
      try await AlertLine.list(state: nil, scene.connection).first?.undelivered == 0
    }
  }
}
