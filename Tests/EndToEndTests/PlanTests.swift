import FoundationEssentials
import Postgres
import Testing
import TestSupport

/// `aker plan`: what would be done, what it asks of each source, and how long it takes.
@Suite(.database)
struct PlanTests {
  private struct Plan: Decodable {
    struct Partition: Decodable {
      var dataset: String
      var data_year: Int
      var region: String
      var action: String
      var reason: String?
    }
    struct Forecast: Decodable {
      struct Source: Decodable {
        var source: String
        var requests: Int
        var daily_quota: Int?
        var daily_resets: Int
        var seconds: Double?
      }
      var tasks: Int
      var skipped: Int
      var slots: Int
      var sources: [Source]
      var worked_seconds: Double?
      var without_history: [String]
      var seconds: Double?
      var unmet_dependencies: [Unmet]
    }
    struct Unmet: Decodable, Equatable {
      var dataset: String
      var upstream: String
      var years: [Int]
      var tasks: Int
      var command: String?
    }
    var partitions: [Partition]
    var configured_regions: [String]
    var forecast: Forecast
  }

  private func plan(_ home: OperatorHome, _ arguments: String..., environment: [String: String] = [:]) async throws
    -> Plan
  {
    let result = try await Program.run(
      Executable.aker, ["plan"] + arguments + ["--json"], environment: home.environment.merging(environment) { $1 })
    #expect(result.exitCode == 0, "\(result)")
    return try JSONDecoder().decode(Plan.self, from: Data(result.output.utf8))
  }

  /// What the database knows of datasets and sources, and the warehouse's tables.
  private static let known = """
    SELECT (SELECT count(*) FROM catalog.dataset) AS datasets, (SELECT count(*) FROM catalog.definition) AS definitions,
      (SELECT count(*) FROM queue.source) AS sources, (SELECT count(*) FROM catalog.source_file) AS files,
      (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace) AS tables
    """

  @Test func aPlanChangesNothing() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn) { home in
      let connection = try await TestDatabase.current.connect()
      func known() async throws -> [String?] {
        let row = try await connection.one(Self.known)
        return row.columns.indices.map { row.text($0) }
      }
      let before = try await known()
      #expect(before.first == "0", "no definition is known: \(before)")
      for command in ["plan market_jobs --years 2021", "backfill market_jobs --years 2021 --dry-run"] {
        let result = try await Program.run(
          Executable.aker, command.split(separator: " ").map(String.init), environment: home.environment)
        #expect(result.exitCode == 0 && result.output.contains("would be enqueued"), "\(command): \(result)")
        #expect(try await known() == before, "\(command)")
      }
      await connection.close()
    }
  }

  @Test func aLongPlanCountsWhatItCannotNameInALine() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn) { home in
      let result = try await home.aker("plan", "--all", "--years", "2021")
      #expect(result.exitCode == 0, "\(result)")
      #expect(result.output.contains(/[0-9]+ datasets never ran, and may add to it/), "\(result)")
      #expect(!result.output.contains("2021-2021"), "\(result)")
    }
  }

  @Test func requestsAndTimeComeFromLimitsAndHistory() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn, simulator: []) { home in
      let before = try await plan(home, "market_income", "--years", "2009-2012")
      #expect(before.forecast.tasks == 4 && before.forecast.without_history == ["market_income"])
      // County, state and metro of each year.
      #expect(before.forecast.sources.map(\.source) == ["census_acs5"] && before.forecast.sources[0].requests == 12)
      #expect(before.forecast.worked_seconds == nil && before.forecast.seconds != nil)

      #expect(try await home.aker("run", "market_income", "--year", "2012").exitCode == 0)
      let after = try await plan(
        home, "market_income", "--years", "2009-2012", "--workers", "3", "--slots", "2", "--max-running", "5")
      #expect(after.forecast.tasks == 3 && after.forecast.skipped == 1 && after.forecast.slots == 5)
      #expect(after.partitions.first { $0.data_year == 2012 }?.reason == "already published")
      #expect(after.forecast.without_history.isEmpty && (after.forecast.worked_seconds ?? 0) > 0)
      let text = try await home.aker("plan", "market_income", "--years", "2009-2012")
      #expect(text.output.contains("skip: already published") && text.output.contains("takes about"), "\(text)")
    }
  }

  @Test func regionsThatNoListNamesMayBeAskedFor() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn, simulator: []) { home in
      let listed = try await plan(home, "market_jobs", "--years", "2021")
      #expect(listed.partitions.map(\.region) == ["nation"])
      let asked = try await plan(
        home, "market_jobs", "commute_flows", "--years", "2021", "--regions", "US000", "39049", "oh")
      #expect(
        asked.partitions.map { "\($0.dataset) \($0.region)" }.sorted() == [
          "commute_flows oh", "market_jobs 39049", "market_jobs US000",
        ])
    }
  }

  @Test func unlessToldItIsTheWholeCountry() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn) { home in
      let tracts = try await plan(home, "boundary_tract", "boundary_place", "--years", "2021")
      // 50 states, the District of Columbia and Puerto Rico; LODES is without the latter.
      #expect(tracts.partitions.count == 104 && tracts.configured_regions.isEmpty)
      #expect(tracts.partitions.contains { $0.region == "72" } && !tracts.partitions.contains { $0.region == "03" })
      let flows = try await plan(home, "commute_flows", "--years", "2021")
      #expect(Set(flows.partitions.map(\.region)).count == 51)
      let addresses = try await plan(home, "address_point", "--years", "2025")
      #expect(addresses.partitions.map(\.region) == ["midwest", "northeast", "south", "west"])
    }
  }

  @Test func regionsOfTheSettingsAreThoseOfTheirDatasetUnlessTold() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn) { home in
      try home.write("regions: {market_jobs: [39049, US000], commute_flows: [dc]}\n", to: "aker.yml")
      let environment = ["AKER_CONFIG": home.path + "/aker.yml"]
      let asked = ["market_jobs", "commute_flows", "hazard_risk", "--years", "2021"]
      let kept = try await plan(home, asked[0], asked[1], asked[2], asked[3], asked[4], environment: environment)
      #expect(
        kept.partitions.map { "\($0.dataset) \($0.region)" }.sorted() == [
          "commute_flows dc", "hazard_risk CensusTracts", "hazard_risk Counties", "market_jobs 39049",
          "market_jobs US000",
        ])
      #expect(kept.configured_regions == ["commute_flows", "market_jobs"])
      let text = try await Program.run(
        Executable.aker, ["plan"] + asked, environment: home.environment.merging(environment) { $1 })
      #expect(
        text.output.contains("regions of commute_flows, market_jobs: those of \(home.path)/aker.yml"), "\(text)")

      let told = try await plan(
        home, "market_jobs", "--years", "2021", "--regions", "39041", environment: environment)
      #expect(told.partitions.map(\.region) == ["39041"] && told.configured_regions.isEmpty)
      let all = try await home.aker("backfill", "--all", "--years", "2021", "--detach", environment: environment)
      #expect(all.exitCode == 0, "\(all)")
      let connection = try await TestDatabase.current.connect()
      let tasks = try await connection.query(
        "SELECT dataset || ' ' || region AS name FROM queue.task WHERE dataset IN ('market_jobs', 'commute_flows') ORDER BY 1"
      )
      #expect(
        try tasks.map { try $0.decode("name", as: String.self) } == [
          "commute_flows dc", "market_jobs 39049", "market_jobs US000",
        ])
      await connection.close()
    }
  }

  @Test(arguments: [
    ("market_job:39041", "there is no dataset 'market_job'", "Did you mean market_jobs?"),
    ("market_income:39", "market_income is not split into regions", "Leave regions out."),
    ("commute_flows:al,maryland", "commute_flows has no region 'maryland'", "any like [a-z]{2}"),
  ])
  func aRegionOfTheSettingsThatIsNoneIsNamed(_ regions: String, _ message: String, _ advice: String) async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn) { home in
      let refused = try await home.aker(
        "plan", "market_income", "--years", "2021", environment: ["AKER_REGIONS": regions])
      #expect(refused.exitCode == 78)
      #expect(
        refused.errorOutput.contains("regions of AKER_REGIONS: \(message)") && refused.errorOutput.contains(advice),
        "\(refused)")
    }
  }

  @Test func aDailyQuotaThatDoesNotSufficeIsSaidAndWaitedFor() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn, simulator: []) { home in
      let catalog = try home.copyOfCatalog()
      try home.write(
        "sources:\n  - {id: census_acs5, rate_limit: {per_second: 10, burst: 10, per_day: 5}}\n",
        to: "catalog/sources_supplement.yml")
      let environment = ["AKER_CATALOG_PATH": catalog]
      let plan = try await plan(home, "market_income", "--years", "2009-2012", environment: environment)
      let source = try #require(plan.forecast.sources.first)
      // 12 requests: 5 today, 5 tomorrow, 2 the day after.
      #expect(source.daily_quota == 5 && source.daily_resets == 2)
      #expect((source.seconds ?? 0) > 86_400 && (source.seconds ?? 0) < 3 * 86_400)
      let enqueued = try await home.aker(
        "backfill", "market_income", "--years", "2009-2012", "--detach", environment: environment)
      #expect(enqueued.exitCode == 0)
      #expect(enqueued.errorOutput.contains("wait for the reset at midnight UTC 2 times"), "\(enqueued)")
    }
  }

  @Test func moreThanTenThousandTasksAreAskedAboutFirst() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn, simulator: []) { home in
      let catalog = try home.copyOfCatalog()
      let regions = (10_000...20_001).map { "\"\($0)\"" }.joined(separator: ", ")
      let file = catalog + "/datasets/market_jobs/dataset.yml"
      let text = String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
      let changed = text.split(separator: "\n", omittingEmptySubsequences: false).map {
        $0.hasPrefix("  regions:") ? "  regions: [\(regions)]" : String($0)
      }.joined(separator: "\n")
      try Data(changed.utf8).write(to: URL(filePath: file))
      let environment = ["AKER_CATALOG_PATH": catalog]
      let refused = try await home.aker(
        "backfill", "market_jobs", "--years", "2021", "--detach", environment: environment)
      #expect(refused.exitCode == 64)
      #expect(
        refused.errorOutput.contains("This enqueues 10002 tasks.") && refused.errorOutput.contains("--yes"),
        "\(refused)")
      let forced = try await home.aker(
        "backfill", "market_jobs", "--years", "2021", "--detach", "--yes", environment: environment)
      #expect(forced.exitCode == 0 && forced.output.contains("10002 tasks enqueued"), "\(forced)")
    }
  }

  @Test func tasksThatWouldFailForWantOfWhatTheyReadAreSaidWithTheCommandThatHelps() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn, simulator: []) { home in
      let command = "aker backfill boundary_county --years 2020-2021 --as-of 2024-06"
      let unmet = try await plan(home, "hazard_smoke", "--years", "2020-2021", "--as-of", "2024-06")
      #expect(
        unmet.forecast.unmet_dependencies == [
          .init(
            dataset: "hazard_smoke", upstream: "boundary_county", years: [2020, 2021], tasks: 2, command: command)
        ])
      let text = try await home.aker("plan", "hazard_smoke", "--years", "2020-2021", "--as-of", "2024-06")
      #expect(
        text.output.contains("warning: 2 tasks of hazard_smoke would fail") && text.output.contains(command), "\(text)")

      // Planned with it, by name or as what it needs; under way; published.
      let both = try await plan(home, "hazard_smoke", "boundary_county", "--years", "2021", "--as-of", "2024-06")
      #expect(both.forecast.unmet_dependencies.isEmpty && both.forecast.tasks == 2)
      let added = try await plan(home, "hazard_smoke", "--years", "2021", "--as-of", "2024-06", "--with-upstream")
      #expect(added.forecast.unmet_dependencies.isEmpty)
      #expect(Set(added.partitions.map(\.dataset)) == ["boundary_county", "hazard_smoke"])
      let upstream = try await home.aker(
        "backfill", "boundary_county", "--years", "2020", "--as-of", "2024-06", "--detach")
      #expect(upstream.exitCode == 0, "\(upstream)")
      let underWay = try await plan(home, "hazard_smoke", "--years", "2020-2021", "--as-of", "2024-06")
      #expect(underWay.forecast.unmet_dependencies.map(\.years) == [[2021]])
      let run = try await home.aker("run", "boundary_county", "--year", "2021", "--as-of", "2024-05")
      #expect(run.exitCode == 0, "\(run)")
      let published = try await plan(home, "hazard_smoke", "--years", "2020-2021", "--as-of", "2024-06")
      #expect(published.forecast.unmet_dependencies.isEmpty)
    }
  }

  @Test func aBackfillWarnsOfThemOrBuildsThemFirst() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn, simulator: []) { home in
      let warned = try await home.aker("backfill", "hazard_smoke", "--years", "2021", "--detach")
      #expect(warned.exitCode == 0, "\(warned)")
      #expect(warned.errorOutput.contains("warning: 1 task of hazard_smoke would fail"), "\(warned)")
      #expect(try await home.aker("cancel", "--backfill", "1", "--yes").exitCode == 0)
      let built = try await home.aker(
        "backfill", "hazard_smoke", "--years", "2021", "--with-upstream", "--workers", "1")
      #expect(built.exitCode == 0 && !built.errorOutput.contains("warning"), "\(built)")
      let tasks = try await home.aker("tasks", "--backfill", "2", "--state", "completed")
      #expect(tasks.output.contains("boundary_county 2021") && tasks.output.contains("hazard_smoke 2021"), "\(tasks)")
    }
  }

  @Test func aYearThatTheUpstreamDatasetDoesNotHaveIsSaid() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn) { home in
      let catalog = try home.copyOfCatalog()
      try home.replace(
        "  years: 2012-", by: "  years: 2021-", in: catalog + "/datasets/boundary_county/dataset.yml")
      let unmet = try await plan(
        home, "hazard_smoke", "--years", "2020", environment: ["AKER_CATALOG_PATH": catalog])
      #expect(unmet.forecast.unmet_dependencies.map(\.command) == [nil])
      let text = try await home.aker(
        "plan", "hazard_smoke", "--years", "2020", environment: ["AKER_CATALOG_PATH": catalog])
      #expect(text.output.contains("it reads boundary_county, which does not have 2020"), "\(text)")
    }
  }
}
