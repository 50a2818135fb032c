import FoundationEssentials
import Glibc
import Postgres
import Testing
import TestSupport

/// The main job with the real programs: recorded Census answers, real workers, the warehouse and the lake afterwards.
@Suite(.database, .serialized)
struct MarketIncomeTests {
  /// A home of the test's own, beside the package's tools.
  private func withHome(_ body: ([String: String]) async throws -> Void) async throws {
    let home = "/tmp/aker-home-\(UUID().uuidString.prefix(8))"
    defer { try? FileManager.default.removeItem(atPath: home) }
    try await body([
      "AKER_HOME": home, "AKER_POSTGIS_DSN": TestDatabase.current.dsn,
      "AKER_DUCKDB": ProcessInfo.processInfo.environment["AKER_DUCKDB"] ?? PackageRoot.path + "/.aker/tools/duckdb",
    ])
  }

  private func backfill(_ arguments: [String], _ environment: [String: String]) async throws -> Program.Result {
    try await Program.run(
      Executable.aker, ["backfill", "market_income"] + arguments, environment: environment)
  }

  @Test func everyRecordedYearIsPublishedOnceAndEqualsItsRecording() async throws {
    let recorded = RecordedIncome()
    let years = try recorded.years
    let list = years.map(String.init).joined(separator: ",")
    try await withHome { home in
      try await Simulator.running { simulator in
        let environment = home.merging(
          ["AKER_SOURCE_CENSUS_ACS5_ENDPOINT": simulator.endpoint + "/census_acs5"]) { $1 }
        let first = try await backfill(["--years", list, "--workers", "2"], environment)
        #expect(first.exitCode == 0, "\(first)")

        let connection = try await TestDatabase.current.connect()
        let published = try await connection.query("SELECT DISTINCT data_year FROM market_income ORDER BY 1")
        #expect(try published.map { try $0.decode("data_year", as: Int.self) } == years)
        for year in years {
          for level in ["county", "state", "metro"] {
            let row = try await connection.query(
              """
              SELECT count(*) AS rows, sum(population)::bigint AS population,
                count(*) FILTER (WHERE median_household_income IS NULL) AS without
              FROM market_income WHERE data_year = $1 AND geo_level = $2
              """, [year, level])[0]
            let totals = RecordedIncome.Totals(
              rowCount: try row.decode("rows"), population: try row.decode("population", as: Int?.self),
              missingIncomeCount: try row.decode("without"))
            #expect(try totals == recorded.totals(year, level), "\(level) \(year)")
          }
        }
        try await expectEachPublishedOnce(connection, years)

        let second = try await backfill(["--years", list, "--workers", "2"], environment)
        #expect(second.exitCode == 0)
        #expect(second.output.contains("nothing needs to be done"))

        let forced = try await backfill(["--years", list, "--workers", "2", "--force"], environment)
        #expect(forced.exitCode == 0, "\(forced)")
        let outcomes = try await connection.query(
          "SELECT outcome, count(*) AS count FROM lineage.publication GROUP BY outcome ORDER BY outcome")
        #expect(
          try outcomes.map { "\(try $0.text("outcome") ?? "") \(try $0.decode("count", as: Int.self))" } == [
            "published \(years.count)", "unchanged \(years.count)",
          ])
      }
    }
  }

  @Test func aWorkerKilledInTheMiddleCostsAnAttemptAndNothingElse() async throws {
    try await withHome { home in
      try await Simulator.running { simulator in
        let environment = home.merging(
          ["AKER_SOURCE_CENSUS_ACS5_ENDPOINT": simulator.endpoint + "/census_acs5"]) { $1 }
        let years = try RecordedIncome().years
        let list = years.map(String.init).joined(separator: ",")
        // One request hangs, so that its worker is certainly in the middle of a task when it dies.
        let fault = try await Program.run(
          "curl",
          [
            "--silent", "--show-error", "--fail", "--data",
            #"{"path": "/census_acs5/data/2012/", "fault": "stall", "count": 1}"#, simulator.endpoint + "/_faults",
          ])
        #expect(fault.exitCode == 0, "\(fault)")
        let running = try await Program.start(
          Executable.aker, ["backfill", "market_income", "--years", list, "--workers", "2"], environment: environment)
        let connection = try await TestDatabase.current.connect()
        var victim: Int32?
        // The other tasks are done, their files in place, and one worker still holds 2012.
        try await eventually(within: .seconds(60), "only the hanging task runs") {
          let rows = try await connection.query(
            """
            SELECT r.pid FROM queue.running r WHERE r.data_year = 2012
              AND NOT EXISTS (SELECT FROM queue.running o WHERE o.data_year <> 2012)
              AND (SELECT count(*) FROM queue.task t JOIN lake.manifest m USING (dataset, data_year, region)
                WHERE t.state = 'completed' AND m.state = 'in_place') = $1
            """, [years.count - 1])
          victim = try rows.first?.decode("pid")
          return victim != nil
        }
        kill(try #require(victim), SIGKILL)
        let result = try await running.wait()
        #expect(result.exitCode == 0, "\(result)")
        try await expectEachPublishedOnce(connection, years)
        let attempts = try await connection.query(
          "SELECT state FROM queue.attempt WHERE data_year = 2012 ORDER BY attempt_id")
        #expect(try attempts.map { try $0.decode("state", as: String.self) } == ["worker_lost", "completed"])
      }
    }
  }

  private func expectEachPublishedOnce(_ connection: PostgresConnection, _ years: [Int]) async throws {
    let rows = try await connection.query(
      """
      SELECT p.data_year, count(*) AS publications, sum(p.row_count)::bigint AS lineage_rows, sum(m.row_count)::bigint AS lake_rows,
        (SELECT count(*) FROM market_income w WHERE w.data_year = p.data_year) AS warehouse_rows, min(m.state) AS state
      FROM lineage.publication p JOIN lake.manifest m USING (publication_id) GROUP BY p.data_year ORDER BY p.data_year
      """)
    #expect(try rows.map { try $0.decode("data_year", as: Int.self) } == years)
    for row in rows {
      #expect(try row.decode("publications", as: Int.self) == 1)
      #expect(try row.decode("lineage_rows", as: Int.self) == row.decode("warehouse_rows"))
      #expect(try row.decode("lake_rows", as: Int.self) == row.decode("warehouse_rows"))
      #expect(try row.text("state") == "in_place")
    }
  }

  @Test func mistakesAreAnsweredBeforeAnythingIsEnqueued() async throws {
    try await withHome { home in
      let connection = try await TestDatabase.current.connect()
      func expect(
        _ arguments: [String], _ extra: [String: String] = [:], code: Int32, says text: String,
        sourceLocation: SourceLocation = #_sourceLocation
      ) async throws {
        let result = try await Program.run(
          Executable.aker, ["backfill"] + arguments, environment: home.merging(extra) { $1 })
        #expect(result.exitCode == code, "\(result)", sourceLocation: sourceLocation)
        #expect(result.errorOutput.contains(text), "\(result)", sourceLocation: sourceLocation)
        #expect(
          try await connection.query("SELECT FROM queue.backfill").isEmpty, sourceLocation: sourceLocation)
      }
      let income = ["market_income", "--years", "2012", "--workers", "1"]
      try await expect(["market_incme", "--years", "2012"], code: 64, says: "Did you mean market_income?")
      try await expect(["market_income", "--years", "1999"], code: 64, says: "1999 is outside")
      try await expect(["market_income", "--years", "2012-"], code: 64, says: "years")
      try await expect(income, ["AKER_DUCKDB": "/nowhere/duckdb"], code: 69, says: "/nowhere/duckdb")
      try await expect(income, ["AKER_DUCKDB": "/bin/true"], code: 69, says: "DuckDB")
      // A file where the folder should be stops root too.
      try await expect(
        income, ["AKER_CACHE_PATH": PackageRoot.path + "/Makefile/cache"], code: 73, says: "AKER_CACHE_PATH")
    }
  }

  @Test func aWrongKeyFailsItsTasksAndSaysWhereToGetOne() async throws {
    try await withHome { home in
      try await Simulator.running(arguments: ["--key-wall", "the-right-key"]) { simulator in
        let environment = home.merging([
          "AKER_SOURCE_CENSUS_ACS5_ENDPOINT": simulator.endpoint + "/census_acs5",
          "AKER_CENSUS_API_KEY": "wrong-key-0815",
        ]) { $1 }
        let result = try await backfill(["--years", "2012", "--workers", "1"], environment)
        #expect(result.exitCode == 1, "\(result)")
        #expect(result.output.contains("permanent"), "\(result)")
        #expect(!"\(result)".contains("wrong-key-0815"))
        let connection = try await TestDatabase.current.connect()
        #expect(
          try await connection.query(
            "SELECT to_regclass('market_income') AS t, (SELECT count(*) FROM lineage.publication) AS n")[0].decode(
              "n", as: Int.self) == 0)
        let detail = try await connection.query("SELECT detail::text AS detail, reason FROM queue.task")[0]
        #expect(try detail.text("detail")?.contains("AKER_CENSUS_API_KEY") == true)
        let right = environment.merging(["AKER_CENSUS_API_KEY": "the-right-key"]) { $1 }
        let again = try await backfill(["--years", "2012", "--workers", "1"], right)
        #expect(again.exitCode == 0, "\(again)")
      }
    }
  }
}
