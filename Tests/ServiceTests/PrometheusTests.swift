import FoundationEssentials
import Glibc
import Logging
import Postgres
import TestSupport
import Testing
import WebService

/// Each rule of `deploy/prometheus/rules.yml`, fired once for real: by Prometheus itself, over /metrics of the service, with the
/// database in the state that the rule is about.
@Suite(.database)
struct PrometheusTests {
  private static let rules = PackageRoot.path + "/deploy/prometheus/rules.yml"

  /// The server, with a folder of its own.
  private struct Prometheus {
    let program: Program
    let folder: String
    let port: Int

    /// Looks and judges each second; a rule need not hold before it fires.
    static func start(_ target: String) async throws -> Prometheus {
      let folder = "/tmp/aker-prometheus-\(UUID().uuidString.prefix(8))"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let text = String(decoding: FileManager.default.contents(atPath: PrometheusTests.rules) ?? Data(), as: UTF8.self)
      try text.replacing(#/\n *for: [0-9a-z]+/#, with: "")
        .write(toFile: folder + "/rules.yml", atomically: true, encoding: .utf8)
      try """
      global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
      rule_files: [rules.yml]
      scrape_configs:
        - job_name: aker
          static_configs: [{targets: ["\(target)"]}]
      """.write(toFile: folder + "/prometheus.yml", atomically: true, encoding: .utf8)
      let port = try FreePort.take()
      let program = try await Program.start(
        "prometheus",
        [
          "--config.file=\(folder)/prometheus.yml", "--storage.tsdb.path=\(folder)/data",
          "--web.listen-address=127.0.0.1:\(port)", "--log.level=error",
        ])
      return Prometheus(program: program, folder: folder, port: port)
    }

    func ask(_ path: String) async throws -> String {
      try await Program.run("curl", ["-s", "-m", "10", "-G", "http://127.0.0.1:\(port)\(path)"]).output
    }

    /// The names of the rules that fire now.
    func firing() async throws -> Set<String> {
      Set(try await ask("/api/v1/alerts").matches(of: #/"alertname":"(\w+)"/#).map { String($0.1) })
    }

    func stop() async throws {
      program.send(SIGKILL)
      _ = try await program.wait()
      try FileManager.default.removeItem(atPath: folder)
    }
  }

  private static let catalog = """
    INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql)
      SELECT encode(sha256(n::bytea), 'hex'), n, '', '' FROM unnest('{income,jobs,prices}'::text[]) n;
    INSERT INTO catalog.dataset
      (name, definition_hash, title, first_year, is_split, regions, source_ids, primary_source_id, depends_on)
      SELECT n, encode(sha256(n::bytea), 'hex'), n, 2000, false, '{}', ARRAY[s], s, '{}'
      FROM (VALUES ('income', 'census'), ('jobs', 'bls'), ('prices', 'bls')) v(n, s);
    SELECT queue.configure_source('census', daily_quota => 3);
    -- Whoever registers finds the database in another life than this.
    UPDATE queue.setting SET life = '1/1/1', life_began_at = now() - interval '1 year';
    SELECT queue.configure_source('bls');
    INSERT INTO schedule.flow (flow, datasets, first_year, last_year, expression, minutes, hours, days, months, weekdays,
        next_due_at)
      VALUES ('weekly', '{income}', -1, -1, '0 0 * * 1', '{0}', '{0}', (SELECT array_agg(g) FROM generate_series(1, 31) g),
        (SELECT array_agg(g) FROM generate_series(1, 12) g), '{1}', date_trunc('week', now() + interval '7 days'));
    SELECT FROM queue.enqueue_backfill('{income}', '{2001,2002,2003,2004,2005,2006,2007}', '2024-06');
    """

  /// All that can be wrong at once.
  private static let troubles = """
    CREATE OR REPLACE FUNCTION queue._server_began_at() RETURNS timestamptz
    LANGUAGE sql STABLE AS $$ SELECT timestamptz '-infinity' $$;
    DO $$ DECLARE r record; w integer := queue.register_worker('w', 'h', 1, 'v', 10); BEGIN
      FOR r IN SELECT * FROM queue.claim(w, 5) LOOP PERFORM queue.fail(r.task_id, r.lease_token, 'data', 'bad'); END LOOP;
      PERFORM queue.enqueue_backfill('{jobs}', '{2001}', '2024-06');
      FOR r IN SELECT * FROM queue.claim(w, 1, '{jobs}') LOOP
        PERFORM queue.fail(r.task_id, r.lease_token, 'permanent', 'broken');
      END LOOP;
      PERFORM queue.report_host(w, 'the disk is gone');
      PERFORM queue.enqueue_backfill('{prices}', '{2001}', '2024-06');
      FOR i IN 1..3 LOOP
        w := queue.register_worker('lost', 'h', 1, 'v', 1);
        PERFORM queue.claim(w, 1, '{prices}');
        UPDATE queue.worker SET heartbeat_at = heartbeat_at - interval '1 hour' WHERE worker_id = w;
        PERFORM queue.reap();
      END LOOP;
    END $$;
    SELECT queue.tidy();
    SELECT queue.take_tokens('census', 3);
    SELECT queue.cool_down('census', '2 hours', 'HTTP 429');
    INSERT INTO schedule.due (flow, due_at, fate, reason, noted_at, settled_at)
      VALUES ('weekly', '2020-01-06', 'missed', 'nobody served', now(), now());
    INSERT INTO schedule.due (flow, due_at, noted_at) VALUES ('weekly', now() - interval '1 hour', now());
    INSERT INTO lineage.publication (task_id, lease_token, row_count, byte_count, started_at, data_year, dataset, as_of,
        outcome, definition_hash, output_sha256, lake_path, worker_id, host, code_version, engine_version, published_at)
      SELECT 1, 1, 1, 1, now(), 2001, 'income', '2024-06', 'published', d.definition_hash, repeat('0', 64), 'p', '1', 'h',
        'v', 'e', now() - interval '15 days' FROM catalog.dataset d WHERE d.name = 'income';
    """

  @Test(.whateverHappens) func eachRuleFiresForReal() async throws {
    let rules = String(decoding: FileManager.default.contents(atPath: Self.rules) ?? Data(), as: UTF8.self)
    let names = Set(rules.matches(of: #/alert: (\w+)/#).map { String($0.1) })
    #expect(names.count > 10)
    var prometheus: Prometheus?
    var fired: Set<String> = []
    try await ServiceScene.serving { scene in
      try await scene.connection.executeScript(Self.catalog)
      let term: Int64 = try await scene.connection.one("SELECT schedule.lead(gen_random_uuid(), 'test') AS term")
        .decode("term")
      try await scene.connection.execute("UPDATE schedule.leader SET expires_at = 'infinity'")
      let server = try await Prometheus.start(String(scene.url.dropFirst("http://".count)))
      prometheus = server
      // Two looks at least, so that what grows is seen to grow.
      try await eventually("nobody works") {
        fired.formUnion(try await server.firing())
        let seen = try await server.ask("/api/v1/query?query=count_over_time(aker_leader%5B1m%5D)%3E1")
        return fired.contains("AkerNoWorker") && seen.contains("\"value\"")
      }
      #expect(fired.subtracting(["AkerNoWorker", "AkerServiceDown"]) == [], "before anything was wrong")

      try await scene.connection.executeScript(Self.troubles)
      let disk = "/tmp/aker-lake-\(UUID().uuidString.prefix(8))"
      defer { try? FileManager.default.removeItem(atPath: disk) }
      try await SmallDisk.mountedIfAllowed(at: disk, byteCount: 1 << 20) { mounted in
        try mounted?.fill(leaving: 1 << 13)
        let watch = AlertWatch(
          [AlertDestination(.webhook, url: "http://127.0.0.1:1/")], lake: disk,
          logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await watch.look(term: term, scene.connection)
        if mounted == nil { fired.insert("AkerLakeFull") }
      }
      let wanted = names.subtracting(["AkerNoLeader", "AkerServiceDown"])
      try await eventually("all that is wrong is told") {
        fired.formUnion(try await server.firing())
        return fired.isSuperset(of: wanted)
      }
      #expect(wanted.subtracting(fired) == [])
      try await scene.connection.execute("UPDATE schedule.leader SET expires_at = clock_timestamp()")
      try await eventually("nobody leads") { try await server.firing().contains("AkerNoLeader") }
    }
    let server = try #require(prometheus)
    try await eventually("nobody serves") { try await server.firing().contains("AkerServiceDown") }
    try await server.stop()
  }
}
