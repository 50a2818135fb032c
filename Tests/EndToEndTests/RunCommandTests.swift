import FoundationEssentials
import Glibc
import Postgres
import Testing
import TestSupport

/// `aker run`: one partition in the operator's own process.
@Suite(.database, .serialized)
struct RunCommandTests {
  private func withHome(
    database: Bool = true, simulator arguments: [String] = [],
    _ body: (_ environment: [String: String], _ home: String, _ endpoint: String) async throws -> Void
  ) async throws {
    let home = "/tmp/aker-home-\(UUID().uuidString.prefix(8))"
    defer { try? FileManager.default.removeItem(atPath: home) }
    try await Simulator.running(arguments: arguments) { simulator in
      var environment = [
        "AKER_HOME": home,
        "AKER_DUCKDB": ProcessInfo.processInfo.environment["AKER_DUCKDB"] ?? PackageRoot.path + "/.aker/tools/duckdb",
        "AKER_SOURCE_CENSUS_ACS5_ENDPOINT": simulator.endpoint + "/census_acs5",
        "AKER_SOURCE_BLS_QCEW_ENDPOINT": simulator.endpoint + "/bls_qcew",
      ]
      if database { environment["AKER_POSTGIS_DSN"] = TestDatabase.current.dsn }
      try await body(environment, home, simulator.endpoint)
    }
  }

  private struct Report: Decodable {
    struct Step: Decodable { var step: String }
    struct Check: Decodable { var success: Bool }
    var success: Bool
    var row_count: Int?
    var region: String
    var note: String?
    var steps: [Step]
    var checks: [Check]?
    var first_rows: [[String: Scalar]]?
    var outcome: String?
    var task_id: Int?
  }

  /// A value of a row, whatever its type.
  private enum Scalar: Decodable, Equatable {
    case text(String)
    case number(Double)
    case other

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let text = try? container.decode(String.self) {
        self = .text(text)
      } else if let number = try? container.decode(Double.self) {
        self = .number(number)
      } else {
        self = .other
      }
    }
  }

  private func run(_ arguments: [String], _ environment: [String: String]) async throws -> Program.Result {
    try await Program.run(Executable.aker, ["run"] + arguments, environment: environment)
  }

  private func report(_ result: Program.Result) throws -> Report {
    try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
  }

  /// The paths of all that is under a folder, relative to it.
  private func files(_ folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.flatMap { name in [name] + files(folder + "/" + name).map { name + "/" + $0 } }
  }

  @Test func aDryRunNeedsNoDatabaseAndWritesNothingButCopiesOfDocuments() async throws {
    try await withHome(database: false) { environment, home, _ in
      let result = try await run(["market_income", "--year", "2012", "--dry-run", "--json"], environment)
      #expect(result.exitCode == 0, "\(result)")
      let report = try report(result)
      #expect(report.note?.contains("no database runs") == true)
      #expect(report.steps.map(\.step) == ["fetch", "prepare", "build", "examine"])
      #expect(report.checks?.allSatisfy(\.success) == true)
      let recorded = RecordedIncome()
      let counts = try ["county", "state", "metro"].map { try recorded.totals(2012, $0).rowCount }
      #expect(report.row_count == counts.reduce(0, +))
      #expect(report.first_rows?.count == 10)
      #expect(report.first_rows?.first?["geo_level"] == .text("county"))
      #expect(files(home).allSatisfy { $0 == "cache" || $0 == "cache/tmp" || $0.hasPrefix("cache/raw") })
    }
  }

  @Test func aDryRunBesideADatabaseChangesNothingInIt() async throws {
    try await withHome { environment, _, _ in
      let connection = try await TestDatabase.current.connect()
      let before = try await fingerprint(connection)
      let result = try await run(["market_income", "--year", "2012", "--dry-run"], environment)
      #expect(result.exitCode == 0, "\(result)")
      for text in ["dry run", "fetch", "build", "checks", "passed", "first rows", "Nothing was written"] {
        #expect(result.output.contains(text), "\(text) in \(result)")
      }
      #expect(try await fingerprint(connection) == before)
    }
  }

  /// The number of rows that were ever written to each table.
  private func fingerprint(_ connection: PostgresConnection) async throws -> [String] {
    _ = try await connection.query("SELECT pg_stat_force_next_flush()")
    let rows = try await connection.query(
      """
      SELECT schemaname || '.' || relname || ' ' || n_tup_ins + n_tup_upd + n_tup_del AS line FROM pg_stat_user_tables
      ORDER BY 1
      """)
    return try rows.map { try $0.decode("line") }
  }

  @Test func aSplitDatasetRunsAllItsRegionsOrTheOneThatWasNamed() async throws {
    try await withHome(database: false) { environment, _, _ in
      let regions = ["AKER_REGIONS": "market_jobs:39041,39049,39117,39159"]
      let all = try await run(["market_jobs", "--year", "2021", "--dry-run"], environment.merging(regions) { $1 })
      #expect(all.exitCode == 0, "\(all)")
      let one = try await run(
        ["market_jobs", "--year", "2021", "--region", "39049", "--dry-run", "--json"], environment)
      #expect(one.exitCode == 0, "\(one)")
      #expect(try report(one).region == "39049")
      #expect(all.output.contains("market_jobs 2021 39041") && all.output.contains("market_jobs 2021 39159"))
      let counts = all.output.matches(of: /([0-9]+) of ([0-9]+) regions/)
      #expect(counts.count > 1 && counts.map(\.1) == (1...counts.count).map { "\($0)" })
      #expect(counts.allSatisfy { $0.2 == "\(counts.count)" } && !one.errorOutput.contains("regions"), "\(one)")
      let kept = try await run(
        ["market_jobs", "--year", "2021", "--dry-run"],
        environment.merging(["AKER_REGIONS": "market_jobs:39041"]) { $1 })
      #expect(kept.exitCode == 0 && kept.output.contains("market_jobs 2021 39041"), "\(kept)")
      #expect(!kept.output.contains("39049") && !kept.output.contains(" regions"), "\(kept)")
    }
  }

  @Test func aRunPublishesAsAWorkerWould() async throws {
    try await withHome { environment, home, _ in
      let first = try await run(["market_income", "--year", "2012", "--as-of", "2024-06", "--json"], environment)
      #expect(first.exitCode == 0, "\(first)")
      let published = try report(first)
      #expect(published.outcome == "published")
      #expect(published.steps.map(\.step) == ["fetch", "prepare", "build", "examine", "load", "publish", "place"])
      let connection = try await TestDatabase.current.connect()
      let row = try await connection.query(
        """
        SELECT (SELECT count(*) FROM market_income WHERE data_year = 2012) AS rows, t.state::text AS state,
          (SELECT count(*) FROM lineage.publication p WHERE p.task_id = t.task_id) AS publications,
          (SELECT string_agg(state, ',') FROM queue.workers) AS workers
        FROM queue.task t
        """)
      #expect(try row.map { try $0.decode("rows", as: Int.self) } == [published.row_count])
      #expect(try row[0].text("state") == "completed")
      #expect(try row[0].decode("publications", as: Int.self) == 1)
      let open = try await connection.query("SELECT FROM queue.backfill WHERE finished_at IS NULL")
      #expect(open.isEmpty)
      #expect(files(home).contains { $0.hasSuffix("as_of=2024-06/data_year=2012/market_income.parquet") })

      let second = try await run(["market_income", "--year", "2012", "--as-of", "2024-06"], environment)
      let recorded = try #require(
        second.output.firstMatch(of: /([0-9]+) documents, [0-9]+ bytes, ([0-9]+) from the cache/))
      #expect(recorded.1 == recorded.2, "\(second)")
      #expect(second.exitCode == 0, "\(second)")
      #expect(second.output.contains("unchanged"))
    }
  }

  @Test func whatIsPublishedByRegionIsAskedForByRegion() async throws {
    try await withHome { environment, _, _ in
      for region in ["39041", "39049"] {
        let made = try await run(["market_jobs", "--year", "2021", "--region", region], environment)
        #expect(made.exitCode == 0, "\(made)")
      }
      for command in [["lineage"], ["reproduce"], ["lake", "history"], ["lake", "rollback", "--yes"]] {
        func result(_ arguments: String...) async throws -> Program.Result {
          try await Program.run(Executable.aker, command + arguments, environment: environment)
        }
        let none = try await result("market_jobs", "2021")
        #expect(none.exitCode == 64, "\(none)")
        #expect(none.errorOutput.contains("market_jobs 2021 is published by region: say which"), "\(none)")
        #expect(none.errorOutput.contains("--region 39041, 39049"), "\(none)")
        let other = try await result("market_jobs", "2021", "--region", "39117")
        #expect(other.exitCode == 64 && other.errorOutput.contains("39117 is not published"), "\(other)")
        if command.last != "--yes" {
          let one = try await result("market_jobs", "2021", "--region", "39049")
          #expect(one.exitCode == 0, "\(one)")
        }
      }
    }
  }

  @Test func aWrongKeyIsToldAtOnceAndKeptWithTheTask() async throws {
    try await withHome(simulator: ["--key-wall", "the-right-key"]) { environment, _, _ in
      let wrong = environment.merging(["AKER_CENSUS_API_KEY": "wrong-key-0815"]) { $1 }
      let result = try await run(["market_income", "--year", "2012"], wrong)
      #expect(result.exitCode == 1, "\(result)")
      #expect(result.errorOutput.contains("AKER_CENSUS_API_KEY"))
      #expect(!"\(result)".contains("wrong-key-0815"))
      let connection = try await TestDatabase.current.connect()
      let task = try await connection.query("SELECT state::text AS state, error_class FROM queue.task")
      #expect(
        try task.map { "\(try $0.text("state") ?? "") \(try $0.text("error_class") ?? "")" } == ["failed permanent"])
    }
  }

  @Test func whatMayPassIsNotLeftForWorkersToTryAgain() async throws {
    try await withHome { environment, _, endpoint in
      let fault = try await Program.run(
        "curl",
        [
          "--silent", "--show-error", "--fail", "--data",
          #"{"path": "/census_acs5/", "fault": "status", "status": 500, "count": 100}"#, endpoint + "/_faults",
        ])
      #expect(fault.exitCode == 0, "\(fault)")
      let result = try await run(["market_income", "--year", "2012"], environment)
      #expect(result.exitCode == 75, "\(result)")
      let connection = try await TestDatabase.current.connect()
      let task = try await connection.query(
        "SELECT t.state::text AS state, (SELECT string_agg(a.error_class, ',') FROM queue.attempt a) AS classes FROM queue.task t"
      )
      #expect(try task.map { try $0.text("state") } == ["cancelled"])
      #expect(try task[0].text("classes") == "transient")
    }
  }

  @Test func aPausedSourceKeepsItFromRunningAndNothingIsEnqueued() async throws {
    try await withHome { environment, _, _ in
      let connection = try await TestDatabase.current.connect()
      let applied = try await Program.run(Executable.aker, ["catalog", "apply"], environment: environment)
      #expect(applied.exitCode == 0, "\(applied)")
      try await connection.execute("SELECT queue.pause_source('census_acs5', 'their outage')")
      let result = try await run(["market_income", "--year", "2012"], environment)
      #expect(result.exitCode == 75, "\(result)")
      #expect(result.errorOutput.contains("their outage"), "\(result)")
      #expect(try await connection.query("SELECT FROM queue.backfill").isEmpty)
    }
  }

  @Test func ctrlCCancelsTheTaskAndLeavesNothingBehind() async throws {
    try await withHome { environment, home, endpoint in
      let fault = try await Program.run(
        "curl",
        [
          "--silent", "--show-error", "--fail", "--data",
          #"{"path": "/census_acs5/data/2012/", "fault": "stall", "count": 10}"#, endpoint + "/_faults",
        ])
      #expect(fault.exitCode == 0, "\(fault)")
      let running = try await Program.start(
        Executable.aker, ["run", "market_income", "--year", "2012"], environment: environment)
      let connection = try await TestDatabase.current.connect()
      try await eventually(within: .seconds(30), "it runs") {
        try await !connection.query("SELECT FROM queue.running").isEmpty
      }
      running.send(SIGINT)
      let result = try await running.wait()
      #expect(result.exitCode == 130, "\(result)")
      let task = try await connection.query("SELECT state::text AS state FROM queue.task")
      #expect(try task.map { try $0.text("state") } == ["cancelled"])
      #expect(files(home + "/cache/data_lake").filter { $0.hasSuffix(".parquet") } == [])
    }
  }

  @Test func whatTheSourceDoesNotHaveIsNoFaultOfOurs() async throws {
    try await withHome(database: false) { environment, _, _ in
      let result = try await run(["market_jobs", "--year", "2021", "--region", "39042", "--dry-run"], environment)
      #expect(result.exitCode == 1, "\(result)")
      #expect(result.errorOutput.contains("answered 404"), "\(result)")
    }
  }

  @Test func mistakesAreUsageErrors() async throws {
    try await withHome(database: false) { environment, _, _ in
      func expect(_ arguments: [String], says text: String, sourceLocation: SourceLocation = #_sourceLocation)
        async throws
      {
        let result = try await run(arguments + ["--dry-run"], environment)
        #expect(result.exitCode == 64, "\(result)", sourceLocation: sourceLocation)
        #expect(result.errorOutput.contains(text), "\(result)", sourceLocation: sourceLocation)
      }
      try await expect(["market_incme", "--year", "2012"], says: "Did you mean market_income?")
      try await expect(["market_income", "--year", "1999"], says: "1999 is outside")
      try await expect(["market_income", "--year", "2012", "--region", "39"], says: "not split")
      try await expect(["market_jobs", "--year", "2021", "--region", "3904"], says: "no region '3904'")
      try await expect(["market_income", "--year", "2012", "--as-of", "June"], says: "YYYY-MM")
    }
  }
}
