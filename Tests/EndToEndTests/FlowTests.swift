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

  @Test func aScheduledFlowBuildsTheRegionsThatAreKept() async throws {
    let now = try await TestDatabase.current.connect()
    let minute: Int = try await now.query(
      "SELECT extract(minute FROM now() AT TIME ZONE 'UTC' - interval '30 minutes')::int AS minute")[0].decode("minute")
    await now.close()
    let flows =
      "flows:\n  - {name: due, datasets: [market_jobs, market_income], schedule: \"\(minute) * * * *\", years: [-4, -4]}\n"
    try await withCatalog(flows: flows) { environment, connection in
      let file = environment["AKER_HOME"]! + "/aker.yml"
      try Data("regions: {market_jobs: [24510, \"39049\"]}\n".utf8).write(to: URL(filePath: file))
      let server = try await Program.start(
        Executable.aker, ["serve"], environment: environment.merging(["AKER_CONFIG": file]) { $1 })
      try await eventually(within: .seconds(60), "the flow is enqueued") {
        try await backfills(connection) == ["flow due"]
      }
      server.send(SIGTERM)
      #expect(try await server.wait().exitCode == 0)
      let tasks = try await connection.query("SELECT dataset || ' ' || region AS name FROM queue.task ORDER BY 1")
      #expect(
        try tasks.map { try $0.decode("name", as: String.self) } == [
          "market_income ", "market_jobs 24510", "market_jobs 39049",
        ])
    }
  }

  /// Whatever the number of those who serve, and however often they start.
  @Test func whatFellDueIsEnqueuedOnce() async throws {
    let now = try await TestDatabase.current.connect()
    let row = try await now.query(
      """
      SELECT extract(minute FROM t)::int AS minute, extract(hour FROM t)::int AS hour
      FROM (SELECT now() AT TIME ZONE 'UTC' - interval '30 minutes' AS t) q
      """)[0]
    let (minute, hour) = (try row.decode("minute", as: Int.self), try row.decode("hour", as: Int.self))
    await now.close()
    let flows = """
      flows:
        - {name: due, datasets: [market_income], schedule: "\(minute) \(hour) * * *", years: [-9, -8]}
        - {name: often, datasets: [personal_income], schedule: "\(minute),\((minute + 10) % 60) * * * *", years: [-9, -9]}
        - {name: later, datasets: [price_index], schedule: "\(minute) \((hour + 12) % 24) * * *"}
        - {name: manual, datasets: [market_jobs]}
        - {name: orphan, datasets: [hazard_smoke], schedule: "\(minute) \(hour) * * *", years: [-9, -9]}
      """
    try await withCatalog(flows: flows) { environment, connection in
      let servers = [
        try await Program.start(Executable.aker, ["serve"], environment: environment),
        try await Program.start(Executable.aker, ["serve"], environment: environment),
      ]
      try await eventually(within: .seconds(60), "the flows are enqueued") {
        try await backfills(connection).count >= 3
      }
      var log = ""
      for server in servers {
        server.send(SIGTERM)
        let result = try await server.wait()
        #expect(result.exitCode == 0, "\(result)")
        log += result.output + result.errorOutput
      }
      #expect(log.contains("1 task of hazard_smoke would fail: it reads boundary_county"), "\(log)")
      let new = "\n  - {name: new, datasets: [price_index], schedule: \"\(minute) \(hour) * * *\"}\n"
      try Data((flows + new).utf8).write(to: URL(filePath: environment["AKER_CATALOG_PATH"]! + "/flows.yml"))
      let again = try await Program.start(Executable.aker, ["serve"], environment: environment)
      try await eventually(within: .seconds(60), "it has looked at the flows, of which the new one is the last") {
        try await backfills(connection).contains("flow new")
      }
      again.send(SIGTERM)
      _ = try await again.wait()
      #expect(try await backfills(connection).sorted() == ["flow due", "flow new", "flow often", "flow orphan"])
    }
  }
}
