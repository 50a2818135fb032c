import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

/// What `deploy/` looks at: dashboards, rules, and the figures that they name.
@Suite("Monitoring", .database, .whateverHappens)
struct MonitoringTests {
  private let database = TestDatabase.current

  // MARK: The dashboard

  private struct Dashboard: Decodable {
    struct Panel: Decodable {
      var title: String
      var targets: [Target]?
    }
    struct Target: Decodable {
      var expr: String?
      var rawSql: String?
    }
    var panels: [Panel]
  }

  private static func file(_ path: String) throws -> String {
    try String(contentsOfFile: PackageRoot.path + "/deploy/" + path, encoding: .utf8)
  }

  private static func targets() throws -> [(title: String, Dashboard.Target)] {
    let dashboard = try JSONDecoder().decode(Dashboard.self, from: Data(try file("grafana/dashboard.json").utf8))
    return dashboard.panels.flatMap { panel in (panel.targets ?? []).map { (panel.title, $0) } }
  }

  @Test("each SQL panel is explained and answered for the login that Grafana has, which may change nothing")
  func panelsOfSQL() async throws {
    let provisioned = try Self.file("grafana/provisioning/datasources/aker.yaml")
    let login = String(try #require(provisioned.firstMatch(of: /user: (\w+)/)).1)
    let server = try await ComposedServer.start()
    try await ComposedServer.migrate(server)
    let reader = try await PostgresConnection.connect(server.configuration(database: "aker", user: login))
    var count = 0
    for (title, target) in try Self.targets() {
      guard var sql = target.rawSql else { continue }
      sql.replace("$__timeFrom()", with: "now() - interval '6 hours'")
      sql.replace("$__timeTo()", with: "now()")
      let plan = try await reader.query("EXPLAIN \(sql)")
      #expect(!plan.isEmpty, "\(title)")
      _ = try await reader.query(sql)
      count += 1
    }
    #expect(count >= 4)
    // It is what it is granted, and that is one role.
    let roles = try await reader.query(
      "SELECT r.rolname::text AS name FROM pg_roles r WHERE pg_has_role(r.oid, 'MEMBER') ORDER BY 1")
    #expect(try roles.map { try $0.decode("name", as: String.self) } == ["aker_reader", login])
    for act in [
      "SELECT queue.pause_queue('x')", "DELETE FROM queue.backfill", "SELECT * FROM service.token",
      "CREATE TABLE public.mine ()", "CREATE SCHEMA mine", "SELECT pg_read_file('/etc/passwd')",
    ] {
      let error = await #expect(throws: PostgresError.self, "\(act)") { _ = try await reader.query(act) }
      #expect(error?.sqlState == "42501", "\(act)")
    }
    await reader.close()
    try await server.stopServer(.immediate)
  }

  @Test("promtool reads the expression of each panel")
  func panelsOfMetrics() async throws {
    let expressions = try Self.targets().compactMap(\.1.expr)
    #expect(expressions.count > 30)
    var rules = "groups:\n  - name: panels\n    rules:\n"
    for (number, expression) in expressions.enumerated() {
      rules += "      - {record: \"panel_\(number)\", expr: '\(expression.replacing("'", with: "''"))'}\n"
    }
    let path = "/tmp/aker-panels-\(UUID().uuidString.prefix(8)).yml"
    try rules.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let result = try await Program.run("promtool", ["check", "rules", path])
    #expect(result.exitCode == 0 && result.output.contains("\(expressions.count) rules found"), "\(result)")
  }

  // MARK: The figures

  /// Of panels, rules and the autoscaler, without the endings of histograms.
  private static func namedFigures() throws -> Set<String> {
    var texts = try targets().compactMap(\.1.expr)
    texts += try file("prometheus/rules.yml").split(separator: "\n").filter { $0.contains("expr:") }.map(String.init)
    var names: Set<String> = []
    for text in texts {
      for match in text.matches(of: /\b(aker|process)_[a-z_]+/) {
        names.insert(String(match.0).replacing("_bucket", with: ""))
      }
    }
    return names
  }

  /// Both programs at work on everything that a figure is told of: a partition built and one that nobody takes, a source that cools
  /// down and has a quota, a breaker that opened, an alert, flows, a request.
  @Test("each figure that is named is served by the real programs")
  func figuresAreServed() async throws {
    let named = try Self.namedFigures()
    #expect(named.count > 25)
    let home = "/tmp/aker-monitoring-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: home) }
    try FileManager.default.createSymbolicLink(
      atPath: home + "/tools", withDestinationPath: PackageRoot.path + "/.aker/tools")
    try await Simulator.running { simulator in
      let environment = [
        "AKER_POSTGIS_DSN": database.dsn, "AKER_HOME": home, "AKER_CACHE_PATH": home + "/cache",
        "AKER_CATALOG_PATH": PackageRoot.catalog, "AKER_MIGRATIONS_PATH": PackageRoot.migrations,
        "AKER_SOURCE_CENSUS_ACS5_ENDPOINT": simulator.endpoint + "/census_acs5", "AKER_CENSUS_API_KEY": "recorded",
      ]
      try await prepare(environment)
      let (service, worker) = (try FreePort.take(), try FreePort.take())
      let programs = [
        try await Program.start(
          Executable.aker, ["serve", "--listen", "127.0.0.1:\(service)"], environment: environment),
        try await Program.start(
          Executable.worker, ["--metrics-address", "127.0.0.1:\(worker)", "--dataset", "market_income"],
          environment: environment),
      ]
      var missing = named
      try await eventually(within: .seconds(240), "every figure is served") {
        _ = try await Program.run("curl", ["-s", "-m", "10", "http://127.0.0.1:\(service)/api/v1/tasks"])
        let served = try await Self.figures(service).union(Self.figures(worker))
        missing = named.subtracting(served)
        return missing.isEmpty
      }
      #expect(missing == [])
      for path in ["livez", "readyz"] {
        for port in [service, worker] {
          let answer = try await Program.run("curl", ["-sf", "-m", "10", "http://127.0.0.1:\(port)/\(path)"])
          #expect(answer.exitCode == 0, "\(path): \(answer)")
        }
      }
      // As compose.yaml has it asked within the containers.
      func askReady() async throws -> [Program.Result] {
        [
          try await Program.run(Executable.aker, ["serve", "--ask-ready", "--listen", "127.0.0.1:\(service)"]),
          try await Program.run(Executable.worker, ["--ask-ready", "127.0.0.1:\(worker)"]),
        ]
      }
      for result in try await askReady() { #expect(result.exitCode == 0 && result.errorOutput.isEmpty, "\(result)") }
      for program in programs { program.send(SIGTERM) }
      for program in programs {
        let result = try await program.wait()
        #expect(result.exitCode == 0, "\(result)")
      }
      for result in try await askReady() {
        #expect(result.exitCode == 69 && result.errorOutput.contains("does not answer: "), "\(result)")
      }
    }
  }

  private func prepare(_ environment: [String: String]) async throws {
    let enqueued = try await Program.run(
      Executable.aker, ["backfill", "market_income", "--years", "2012", "--as-of", "2024-06", "--detach"],
      environment: environment)
    #expect(enqueued.exitCode == 0, "\(enqueued)")
    let connection = try await database.connect()
    try await connection.executeScript(
      """
      INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql)
        VALUES (repeat('a', 64), 'waits', '', ''), (repeat('b', 64), 'ready', '', '');
      INSERT INTO catalog.dataset
        (name, definition_hash, title, first_year, is_split, regions, source_ids, primary_source_id, depends_on)
        VALUES ('waits', repeat('a', 64), 'waits', 2000, false, '{}', '{slow}', 'slow', '{}'),
          ('ready', repeat('b', 64), 'ready', 2000, false, '{}', '{free}', 'free', '{}');
      SELECT queue.configure_source('slow', 2, daily_quota => 8);
      SELECT queue.cool_down('slow', '1 hour', 'asked to wait');
      SELECT queue.enqueue_backfill('{waits,ready}', '{2001,2002}', '2024-06');
      UPDATE queue.lane SET paused_at = now(), pause_reason = 'the circuit breaker opened' WHERE dataset = 'waits';
      """)
    await connection.close()
  }

  /// The families of a page, by its TYPE lines.
  private static func figures(_ port: Int) async throws -> Set<String> {
    let page = try await Program.run("curl", ["-s", "-m", "10", "http://127.0.0.1:\(port)/metrics"])
    return Set(page.output.matches(of: #/TYPE ([a-z_]+) /#).map { String($0.1) })
  }
}
