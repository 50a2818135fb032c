import FoundationEssentials
import Postgres
import Testing
import TestSupport

/// Commands that look at sources, the raw cache and what is published.
@Suite(.database)
struct DataCommandTests {
  @Test func theVersionNamesTheCommitAndTheLibraries() async throws {
    try await OperatorHome.with { home in
      let result = try await home.aker("--version")
      #expect(result.exitCode == 0)
      let lines = result.output.split(separator: "\n")
      #expect(lines.count == 3, "\(result)")
      #expect(lines[0].wholeMatch(of: /aker [0-9.]+ \(([0-9a-f]{9}(-dirty)?|unknown)\)/) != nil, "\(result)")
      #expect(lines[1].hasPrefix("libpq 1") && lines[2].hasPrefix("DuckDB 1."), "\(result)")
      let without = try await home.aker("--version", environment: ["AKER_DUCKDB": "/nowhere/duckdb"])
      #expect(without.exitCode == 0 && without.output.contains("/nowhere/duckdb"), "\(without)")
    }
  }

  private struct Source: Decodable {
    struct State: Decodable { var requests_ever: Int }
    var id: String
    var per_second: Double?
    var key_variable: String?
    var key_is_set: Bool?
    var datasets: [String]
    var endpoint: String
    var state: State?
  }

  @Test func sourcesAreListedWithLimitsKeysAndDatasets() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn, simulator: []) { home in
      let run = try await home.aker("run", "market_income", "--year", "2012")
      #expect(run.exitCode == 0, "\(run)")
      let json = try await home.aker("sources", "--json")
      let sources = try JSONDecoder().decode([Source].self, from: Data(json.output.utf8))
      let census = try #require(sources.first { $0.id == "census_acs5" })
      #expect(census.key_variable == "AKER_CENSUS_API_KEY" && census.key_is_set == true)
      #expect(census.datasets.contains("market_income") && census.per_second == 10)
      #expect((census.state?.requests_ever ?? 0) > 0)
      // A licensed source for which no endpoint is configured.
      let table = try await home.aker("sources", environment: ["AKER_SOURCE_MAPBOX_GEOCODING_ENDPOINT": ""])
      #expect(table.output.contains("mapbox_geocoding") && table.output.contains("disabled"), "\(table)")
      let one = try await home.aker("sources", "census_acs5")
      #expect(one.output.contains("Jam values") && one.output.contains("today (UTC)"), "\(one)")
    }
  }

  @Test func theDataDictionaryDoesNotDependOnTheHost() async throws {
    try await OperatorHome.with { home in
      let here = try await home.aker("sources", "--markdown")
      let there = try await home.aker(
        "sources", "--markdown",
        environment: ["AKER_SOURCE_CENSUS_ACS5_ENDPOINT": "http://proxy", "AKER_CENSUS_API_KEY": "planted"])
      #expect(here.exitCode == 0 && here.output == there.output)
      #expect(here.output.contains("| `census_acs5` | [American Community Survey"), "\(here)")
      let unknown = try await home.aker("sources", "census_acs")
      #expect(unknown.exitCode == 64 && unknown.errorOutput.contains("Did you mean census_acs5?"), "\(unknown)")
      let both = try await home.aker("sources", "--markdown", "--json")
      #expect(both.exitCode == 64)
    }
  }

  private struct CacheRow: Decodable {
    var source: String
    var documents: Int
    var bytes: Int
  }

  @Test func theCacheIsListedAndCutDown() async throws {
    try await OperatorHome.with(simulator: []) { home in
      #expect(try await home.aker("cache", "ls").output.contains("nothing was fetched"))
      let run = try await home.aker("run", "market_income", "--year", "2012", "--dry-run")
      #expect(run.exitCode == 0, "\(run)")
      let rows = try JSONDecoder().decode(
        [CacheRow].self, from: Data(try await home.aker("cache", "ls", "--json").output.utf8))
      #expect(rows.map(\.source) == ["census_acs5"], "\(rows)")
      let count = rows.first?.documents ?? 0
      // Used just now.
      let kept = try await home.aker("cache", "prune", "--to", "0")
      #expect(kept.exitCode == 0 && kept.output.contains("\(count) are kept"), "\(kept)")
      _ = try await Program.run(
        "find", [home.path + "/cache/raw/objects", "-type", "f", "-exec", "touch", "-d", "2 hours ago", "{}", "+"])
      let pruned = try await home.aker("cache", "prune", "--to", "1kB")
      #expect(pruned.exitCode == 0 && pruned.output.contains("removed \(count) documents"), "\(pruned)")
      #expect(pruned.errorOutput.contains("holds \(count) documents"), "\(pruned)")
      #expect(try await home.aker("cache", "ls").output.contains("nothing was fetched"))
      let nonsense = try await home.aker("cache", "prune", "--to", "much")
      #expect(nonsense.exitCode == 64 && nonsense.errorOutput.contains("--to"), "\(nonsense)")
    }
  }

  @Test func aCacheInABucketIsListedCutDownAndForgotten() async throws {
    try await ObjectStore.running(bucket: "warehouse") { store in
      try await OperatorHome.with(dsn: TestDatabase.current.dsn, simulator: []) { home in
        var home = home
        home.environment.merge(store.environment.merging(["AKER_CACHE_PATH": "s3://warehouse/aker"]) { $1 }) { $1 }
        #expect(
          try await home.aker("cache", "ls").output.contains("nothing was fetched into s3://warehouse/aker/raw yet"))
        let run = try await home.aker("run", "market_income", "--year", "2012")
        #expect(run.exitCode == 0, "\(run)")
        func rows(_ arguments: String...) async throws -> [CacheRow] {
          let result = try await Program.run(
            Executable.aker, ["cache", "ls", "--json"] + arguments, environment: home.environment)
          #expect(result.exitCode == 0, "\(result)")
          return try JSONDecoder().decode([CacheRow].self, from: Data(result.output.utf8))
        }
        let shared = try await rows()
        #expect(shared.map(\.source) == ["census_acs5"] && (shared.first?.documents ?? 0) > 0)
        #expect(try await rows("--local").first?.bytes == shared.first?.bytes)
        let kept = try await home.aker("cache", "prune", "--to", "0", "--yes")
        #expect(kept.exitCode == 0 && kept.output.contains("stored within the last hour"), "\(kept)")
        let forgotten = try await home.aker("cache", "forget", "census_acs5")
        #expect(forgotten.exitCode == 0 && forgotten.output.contains("is asked again"), "\(forgotten)")
        #expect(try await rows().isEmpty)
        #expect(try await rows("--local").isEmpty)
        let refused = try await home.aker("cache", "ls", environment: ["AKER_CACHE_PATH": "s3://nobodys/aker"])
        #expect(refused.exitCode == 75 && refused.errorOutput.contains("NoSuchBucket"), "\(refused)")
        let keyless = try await home.aker("cache", "ls", environment: ["AWS_SECRET_ACCESS_KEY": ""])
        #expect(keyless.exitCode == 78 && keyless.errorOutput.contains("AWS_SECRET_ACCESS_KEY"), "\(keyless)")
      }
    }
  }

  private struct Validation: Decodable {
    struct Check: Decodable {
      var check: String
      var success: Bool
    }
    var data_year: Int
    var success: Bool
    var checks: [Check]
  }

  @Test func whatIsPublishedIsCheckedAgainByTheDefinitionOfNow() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn, simulator: []) { home in
      let nothing = try await home.aker("validate", "--all")
      #expect(nothing.exitCode == 64 && nothing.errorOutput.contains("nothing is published yet"), "\(nothing)")
      let run = try await home.aker("run", "market_income", "--year", "2012")
      #expect(run.exitCode == 0, "\(run)")
      let passed = try await home.aker("validate", "market_income")
      #expect(passed.exitCode == 0 && passed.output.contains("1 partition passes its checks"), "\(passed)")

      let catalog = try home.copyOfCatalog()
      try home.replace(
        "expect_table_row_count_to_be_between: {min_value: 1, max_value: 6000}",
        by: "expect_table_row_count_to_be_between: {min_value: 5000, max_value: 6000}",
        in: catalog + "/datasets/market_income/dataset.yml")
      let stricter = ["AKER_CATALOG_PATH": catalog]
      #expect(try await home.aker("catalog", "apply", environment: stricter).exitCode == 0)
      let failed = try await home.aker("validate", "market_income", environment: stricter)
      #expect(failed.exitCode == 1, "\(failed)")
      #expect(failed.output.contains("expect_table_row_count_to_be_between"), "\(failed)")
      #expect(failed.errorOutput.contains("1 of 1 partition fails its checks"), "\(failed)")
      let json = try await home.aker("validate", "market_income", "--years", "2012", "--json", environment: stricter)
      let validations = try JSONDecoder().decode([Validation].self, from: Data(json.output.utf8))
      #expect(validations.map(\.success) == [false] && json.exitCode == 1)
      let unknown = try await home.aker("validate", "market_incom")
      #expect(unknown.exitCode == 64 && unknown.errorOutput.contains("Did you mean market_income?"), "\(unknown)")
    }
  }
}
