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
