import Exposition
import FoundationEssentials
import Postgres
import TestSupport
import Testing
import WebService

@Suite(.database)
struct MetricsTests {
  @Test func promtoolAcceptsThem() async throws {
    try await ServiceScene.serving { scene in
      try await scene.enqueue(years: 2001...2010)
      _ = try await scene.get("/api/v1/tasks")
      let page = try await scene.get("/metrics")
      #expect(page.status == 200 && page.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
      #expect(page.body.contains(#"aker_tasks{dataset="income",state="ready"} 10"#), "\(page.body)")
      #expect(page.body.contains(#"aker_wanted_slots{dataset="income"} 10"#))
      #expect(page.body.contains(#"aker_http_requests_total{operation="listTasks",status="200"} "#))
      let checked = try await Program.run("promtool", ["check", "metrics"], input: page.body)
      #expect(checked.exitCode == 0 && checked.errorOutput.isEmpty, "\(checked)")
      let open = try await scene.get("/metrics", token: nil, "Accept: application/openmetrics-text")
      #expect(open.body.hasSuffix("# EOF\n") && open.body.contains("# TYPE aker_source_requests counter"))
    }
  }

  @Test func everyFigureOfTheDatabaseIsTold() async throws {
    let connection = try await TestDatabase.current.connect()
    let names = Set(
      try await connection.query("SELECT DISTINCT name FROM service.metrics()").map {
        try $0.decode("name", as: String.self)
      })
    #expect(names.subtracting(MetricsDocument.names) == [])
    await connection.close()
  }

  @Test func theDocumentListsThem() throws {
    let file = PackageRoot.path + "/docs/metrics.md"
    let text = String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
    for line in MetricsDocument.rows where !text.contains(line) { Issue.record("docs/metrics.md lacks: \(line)") }
  }

  /// Each rule fires once and is quiet once, by promtool; and is about metrics that there are.
  @Test func theRulesForPrometheusHold() async throws {
    let folder = PackageRoot.path + "/deploy/prometheus"
    let result = try await Program.run("promtool", ["test", "rules", "rules-test.yml"], directory: folder)
    #expect(result.exitCode == 0, "\(result)")
    let rules = String(decoding: FileManager.default.contents(atPath: folder + "/rules.yml") ?? Data(), as: UTF8.self)
    let tests = String(
      decoding: FileManager.default.contents(atPath: folder + "/rules-test.yml") ?? Data(), as: UTF8.self)
    for match in rules.matches(of: /alert: ([A-Za-z]+)/) {
      #expect(tests.contains("\(match.1) fires") && tests.contains("\(match.1) is quiet"), "\(match.1)")
    }
    for line in rules.split(separator: "\n") where line.contains("expr:") {
      for match in line.matches(of: /aker_[a-z_]+/) {
        #expect(MetricsDocument.names.contains(String(match.0)), "\(match.0)")
      }
    }
  }

  @Test func namesFromOutsideCannotBreakThePage() throws {
    var page = MetricsPage(.prometheus)
    page.add(
      MetricFamily("a_total", .counter, "Two\nlines \\ here.", labels: ["x"]),
      [.init(labels: [(name: "x", value: "\"}\n\u{1B}[31m\\")], value: 1)])
    #expect(page.rendered().split(separator: "\n").count == 3, "\(page.rendered())")
  }

  /// At a hundred times the tasks as few pages, and not one of a task: it reads what is kept per dataset and year.
  @Test func aScrapeCostsTheSameHoweverManyTasksWait() async throws {
    let connection = try await TestDatabase.current.connect()
    var pages: [Double] = []
    for (name, regions) in [("few", 10), ("many", 1_000)] {
      try await connection.executeScript(
        """
        UPDATE queue.lane SET closed_at = clock_timestamp();
        INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql)
          SELECT encode(sha256('\(name)'), 'hex'), '\(name)', '', '';
        INSERT INTO catalog.dataset
            (name, definition_hash, title, first_year, is_split, regions, source_ids, primary_source_id)
          SELECT '\(name)', encode(sha256('\(name)'), 'hex'), '\(name)', 1900, true,
            ARRAY(SELECT 'r' || i FROM generate_series(1, \(regions)) i), '{s}', 's';
        SELECT queue.configure_source('s');
        SELECT FROM queue.enqueue_backfill('{\(name)}', ARRAY(SELECT generate_series(2001, 2100)), '2024-06');
        """)
      let told: Double = try await connection.one(
        "SELECT value FROM service.metrics() WHERE name = 'aker_tasks' AND labels @> ARRAY[$1, 'ready']", [name]
      ).decode("value")
      #expect(told == Double(regions * 100))
      for _ in 0..<6 { _ = try await connection.query("SELECT FROM service.metrics()") }
      let plan = try await connection.query("EXPLAIN (ANALYZE, BUFFERS, TIMING off) SELECT * FROM service.metrics()")
      let text = try plan.map { try $0.decode($0.columns[0], as: String.self) }.joined(separator: "\n")
      pages.append(text.firstMatch(of: /shared hit=([0-9]+)/).flatMap { Double($0.1) } ?? 0)
    }
    // A B-tree of more tasks is deeper by a page or two, at each look.
    #expect(pages[0] > 0 && pages[1] <= pages[0] * 1.5, "\(pages)")
    await connection.close()
  }

  /// Who asks is one question, and all figures are another.
  @Test func aScrapeAsksTheDatabaseTwice() async throws {
    try await ServiceScene.serving(AccessRules(anonymous: nil)) { scene in
      let token = try await scene.token("viewer")
      try await scene.connection.executeScript(
        """
        CREATE SEQUENCE asked;
        ALTER FUNCTION service.metrics RENAME TO real_metrics;
        CREATE FUNCTION service.metrics() RETURNS TABLE (name text, labels text[], value double precision)
        LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('public.asked'); RETURN QUERY SELECT * FROM service.real_metrics(); END $$;
        """)
      func transactions() async throws -> Int {
        let counter = try await TestDatabase.current.cluster.connect()
        let count: Int = try await counter.one(
          "SELECT xact_commit + xact_rollback AS n FROM pg_stat_database WHERE datname = $1",
          [TestDatabase.current.name]
        ).decode("n")
        await counter.close()
        return count
      }
      let before = try await transactions()
      let count = 100
      for _ in 0..<count { #expect(try await scene.get("/metrics", token: token).status == 200) }
      let asked: Int = try await scene.connection.one("SELECT last_value AS n FROM asked").decode("n")
      #expect(asked == count)
      // What the test did before is counted late.
      #expect(try await transactions() - before <= 2 * count + 20)
    }
  }

  @Test func healthNamesWhatFails() async throws {
    try await ServiceScene.serving { scene in
      #expect(try await scene.get("/livez").status == 200)
      let before = try await scene.get("/readyz")
      #expect(before.status == 503 && before.body == "leader: no coordinator leads\n", "\(before)")
      _ = try await scene.connection.query("SELECT schedule.lead(gen_random_uuid(), 'test')")
      #expect(try await scene.get("/readyz").status == 200)
    }
  }
}
