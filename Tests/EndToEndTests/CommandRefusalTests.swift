import FoundationEssentials
import Postgres
import Testing
import TestSupport

/// Every way in which a command is refused: one message, what to do, and the exit code of docs/cli.md, by the real program.
@Suite(.database)
struct CommandRefusalTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var arguments: [String]
    var exitCode: Int32
    var message: String

    init(_ arguments: String, _ exitCode: Int32, _ message: String) {
      self.arguments = arguments.split(separator: " ").map(String.init)
      self.exitCode = exitCode
      self.message = message
    }

    var testDescription: String { "aker " + arguments.joined(separator: " ") }
  }

  /// What is wrong with the arguments alone, or with what they name.
  private static let refusals = [
    Case("frobnicate", 64, "Unexpected argument 'frobnicate'"),
    Case("plan market_income", 64, "say which --years"),
    Case("plan --years 2012", 64, "name datasets, or say --flow or --all"),
    Case("plan market_income --all --years 2012", 64, "say one of: datasets by name, --flow, --all"),
    Case("plan market_income --years 20x2", 64, "--years"),
    Case("plan market_income --years 2012-2009", 64, "--years"),
    Case("plan market_incom --years 2012", 64, "Did you mean market_income?"),
    Case("plan market_income --years 1999", 64, "has the years from 2009; 1999 is outside"),
    Case("plan market_income --years 2012 --as-of 2024-13", 64, "--as-of takes a month as YYYY-MM"),
    Case("plan market_income --years 2012 --only some", 64, "one of 'missing', 'failed', 'stale' or 'all"),
    Case("plan market_income --years 2012 --order random", 64, "one of 'newest' and 'oldest'"),
    Case("plan --flow refresh-market --years 2012", 64, "there is no flow 'refresh-market'"),
    Case("plan market_income --years 2012 --regions 39", 64, "market_income is not split into regions"),
    Case("plan hazard_risk --years 2021 --regions Countis", 64, "Did you mean Counties?"),
    Case("plan market_jobs --years 2021 --regions 3904", 64, "3904"),
    Case("plan market_jobs commute_flows --years 2021 --regions oh o", 64, "has a region 'o'"),
    Case("backfill market_income --years 2012 --watch --detach", 64, "not both"),
    Case("backfill market_income --years 2012 --detach --workers 2", 64, "--workers end with the watch"),
    Case("backfill market_income --years 2012 --workers -1", 64, "--workers"),
    Case("backfill market_income --years 2012 --priority 101 --detach", 64, "from -100 to 100"),
    Case("backfill market_income --years 2012 --max-running 0 --detach", 64, "--max-running must be at least 1"),
    Case("run market_incom --year 2012", 64, "there is no dataset 'market_incom'"),
    Case("run market_income --year 1999", 64, "1999 is outside"),
    Case("run market_income --year 2012 --region 39", 64, "is not split into regions"),
    Case("run market_jobs --year 2021 --region 3904", 64, "has no region '3904'"),
    Case("run market_income --year 2012 --as-of june", 64, "--as-of takes a month"),
    Case("watch", 64, "there is no backfill yet"),
    Case("watch 99", 64, "there is no backfill 99"),
    Case("tasks --state stuck", 64, "--state takes blocked, ready"),
    Case("tasks --error-class dat", 64, "--error-class takes transient, rate_limited"),
    Case("tasks --dataset market_incom", 64, "there is no dataset market_incom"),
    Case("tasks --backfill 99", 64, "there is no backfill 99"),
    Case("retry --backfill 1 --error-class dat", 64, "--error-class takes transient, rate_limited"),
    Case("task 99", 64, "there is no task 99"),
    Case("task x", 64, "'x' is invalid"),
    Case("why 99", 64, "there is no task 99"),
    Case("sources census_acs", 64, "Did you mean census_acs5?"),
    Case("retry", 64, "one of --task, --backfill"),
    Case("retry --queue", 64, "one of --task, --backfill, --dataset, --source"),
    Case("retry --source census_acs", 64, "there is no source census_acs"),
    Case("retry --backfill 1 --dataset market_income", 64, "there is no market_income in backfill 1"),
    Case("cancel --queue", 64, "one of --task, --backfill, --dataset, --source"),
    Case("cancel --dataset market_incom", 64, "there is no dataset market_incom"),
    Case("prioritize --queue", 64, "one of --task, --backfill, --dataset, --source"),
    Case("prioritize --source census_acs", 64, "there is no source census_acs"),
    Case("retry --task 99", 64, "99"),
    Case("retry --backfill 99 --yes", 64, "99"),
    Case("cancel --task 99", 64, "99"),
    Case("cancel --backfill 99 --yes", 64, "99"),
    Case("cancel --task 1 --backfill 1", 64, "one of --task, --backfill"),
    Case("pause --task 1", 64, "one of --backfill, --dataset, --source, --queue"),
    Case("pause --backfill 99", 64, "99"),
    Case("pause --source census_acs", 64, "census_acs"),
    Case("pause --dataset market_incom", 64, "market_incom"),
    Case("resume --backfill 99", 64, "99"),
    Case("prioritize --task 99", 64, "99"),
    Case("prioritize --backfill 99 --priority 5", 64, "99"),
    Case("prioritize --backfill 1 --priority 1000", 64, "from -100 to 100"),
    Case("lineage market_income 2012", 64, "market_income 2012 is not published"),
    Case("validate", 64, "name datasets, or say --all"),
    Case("validate market_income", 64, "market_income"),
    Case("reproduce market_income 2012", 64, "market_income 2012"),
    Case("lake rollback market_income 2012", 64, "market_income 2012 is not published"),
    Case("lake withdraw market_income 2012 --as-of 2024-06", 64, "market_income 2012 has no vintage 2024-06"),
    Case("plan market_income --years 2012 --as-of 2062-11", 64, "--allow-future-vintage"),
    Case("retry --task 99 --definition nonsense", 64, "--definition takes a hash"),
    Case("retry --backfill 1 --definition 0123456789ab", 64, "--definition is for one --task"),
    Case("cache prune --to much", 64, "--to"),
    Case("cache forget census_acs", 64, "Did you mean census_acs5?"),
    Case("catalog new market_income --source census_acs5", 64, "market_income"),
    Case("database start", 64, "AKER_POSTGIS_DSN is set"),
    Case("database remove", 64, "this deletes the embedded database"),
    Case("flow run refresh-market --detach", 64, "there is no flow 'refresh-market'"),
  ]

  /// One database for all of them: none changes it.
  @Test func whatMakesNoSenseIsRefusedWithAReason() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn) { home in
      #expect(try await home.aker("catalog", "apply").exitCode == 0)
      for refusal in Self.refusals {
        let result = try await Program.run(Executable.aker, refusal.arguments, environment: home.environment)
        #expect(result.exitCode == refusal.exitCode, "\(refusal.testDescription): \(result)")
        #expect(result.errorOutput.contains(refusal.message), "\(refusal.testDescription): \(result)")
        #expect(!result.errorOutput.contains("PostgresError"), "\(refusal.testDescription): \(result)")
      }
      let backfills = try await home.aker("backfills", "--json")
      #expect(backfills.output == "[]\n", "\(backfills)")
    }
  }

  /// Commands that need the database, and must say so.
  @Test func aDatabaseThatIsNotThereOrNotMigratedIsSaid() async throws {
    let commands = [
      "plan market_income --years 2012", "backfill market_income --years 2012 --detach",
      "run market_income --year 2012",
      "watch", "status", "backfills", "tasks", "task 1", "why 1", "workers", "retry --task 1", "cancel --task 1",
      "pause --queue", "resume --queue", "prioritize --task 1", "lineage market_income 2012", "validate market_income",
      "reproduce market_income 2012", "lake ls", "lake history market_income 2012", "lake rollback market_income 2012",
      "lake withdraw market_income 2012 --as-of 2024-06", "lake adopt", "lake move /tmp/elsewhere", "lake repair",
      "catalog apply", "migrate",
    ]
    try await OperatorHome.with(dsn: "postgresql://me:s3cret@127.0.0.1:1/warehouse") { home in
      for command in commands {
        let arguments = command.split(separator: " ").map(String.init)
        let result = try await Program.run(Executable.aker, arguments, environment: home.environment)
        #expect(result.exitCode == 69, "\(command): \(result)")
        #expect(result.errorOutput.contains("the database cannot be reached"), "\(command): \(result)")
        #expect(!result.errorOutput.contains("s3cret"), "\(command)")
      }
    }
    let connection = try await TestDatabase.current.connect()
    try await connection.execute("DELETE FROM aker_migration WHERE version = (SELECT max(version) FROM aker_migration)")
    try await OperatorHome.with(dsn: TestDatabase.current.dsn) { home in
      for command in [
        "status", "tasks", "lake ls", "pause --queue", "plan market_income --years 2012",
        "backfill market_income --years 2012 --dry-run",
      ] {
        let arguments = command.split(separator: " ").map(String.init)
        let result = try await Program.run(Executable.aker, arguments, environment: home.environment)
        #expect(result.exitCode == 69 && result.errorOutput.contains("aker migrate"), "\(command): \(result)")
      }
    }
  }

  @Test func whatIsMissingOnTheHostIsSaid() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn) { home in
      let noDuckDB = try await home.aker(
        "run", "market_income", "--year", "2012", "--dry-run", environment: ["AKER_DUCKDB": "/nowhere/duckdb"])
      #expect(noDuckDB.exitCode == 69 && noDuckDB.errorOutput.contains("/nowhere/duckdb"), "\(noDuckDB)")
      let noCache = try await home.aker(
        "backfill", "market_income", "--years", "2012", "--workers", "1",
        environment: ["AKER_CACHE_PATH": PackageRoot.path + "/Makefile/cache"])
      #expect(noCache.exitCode == 73 && noCache.errorOutput.contains("AKER_CACHE_PATH"), "\(noCache)")
      let noList = try await home.aker(
        "cache", "ls", environment: ["AKER_CACHE_PATH": PackageRoot.path + "/Makefile/cache"])
      #expect(noList.exitCode == 73, "\(noList)")
      let noCatalog = try await home.aker("catalog", "check", environment: ["AKER_CATALOG_PATH": "/nowhere"])
      #expect(noCatalog.exitCode == 65 && noCatalog.errorOutput.contains("/nowhere/sources.yml"), "\(noCatalog)")
      let logLevel = try await home.aker("status", environment: ["AKER_LOG_LEVEL": "loud"])
      #expect(logLevel.exitCode == 78 && logLevel.errorOutput.contains("'loud' is not a log level"), "\(logLevel)")
      let secret = try await home.aker(
        "run", "market_income", "--year", "2012", "--dry-run",
        environment: ["AKER_CENSUS_API_KEY_FILE": "/nowhere/key"])
      #expect(secret.exitCode != 0 && secret.errorOutput.contains("/nowhere/key"), "\(secret)")
      // A check that cannot be made, and a mistake in a definition, with file and line.
      let catalog = try home.copyOfCatalog()
      try home.replace(
        "dataset: boundary_county", by: "dataset: boundary_conty",
        in: catalog + "/datasets/hazard_smoke/dataset.yml")
      let check = try await home.aker("catalog", "check", environment: ["AKER_CATALOG_PATH": catalog])
      #expect(check.exitCode == 65 && check.errorOutput.contains("1 mistake in the catalog"), "\(check)")
      let definition = try String(contentsOfFile: catalog + "/datasets/hazard_smoke/dataset.yml", encoding: .utf8)
      let place = definition.split(separator: "\n", omittingEmptySubsequences: false)
        .firstIndex { $0.contains("boundary_conty") }
      #expect(check.output.contains("hazard_smoke/dataset.yml:\((place ?? 0) + 1):"), "\(check)")
      #expect(
        check.output.contains("'boundary_conty', which depends_on does not name; did you mean 'boundary_county'?"),
        "\(check)")
      try home.replace(
        "key: [geo_level, geo_id]", by: "key: [geo_levl]", in: catalog + "/datasets/market_income/dataset.yml")
      let mistake = try await home.aker(
        "plan", "market_income", "--years", "2012", environment: ["AKER_CATALOG_PATH": catalog])
      #expect(mistake.exitCode == 65 && mistake.errorOutput.contains("dataset.yml:"), "\(mistake)")
    }
  }

  /// What a source does, as the exit code of `aker run`.
  @Test func whatASourceDoesDecidesTheExitCode() async throws {
    let faults = """
      [{"path": "/census_acs5/data/2009", "fault": "status", "status": 503},
       {"path": "/census_acs5/data/2010", "fault": "changed_columns", "drop": ["NAME"]},
       {"path": "/census_acs5/data/2011", "fault": "status", "status": 429, "retry_after": 3600}]
      """
    let file = "/tmp/aker-faults-\(UUID().uuidString.prefix(8)).json"
    try Data(faults.utf8).write(to: URL(filePath: file))
    defer { try? FileManager.default.removeItem(atPath: file) }
    try await OperatorHome.with(dsn: TestDatabase.current.dsn, simulator: ["--faults", file]) { home in
      for (year, code, text) in [
        ("2009", 75 as Int32, "503"), ("2010", 65, "NAME"), ("2011", 75, "429"),
      ] {
        let result = try await home.aker("run", "market_income", "--year", year)
        #expect(result.exitCode == code, "\(year): \(result)")
        #expect((result.errorOutput + result.output).contains(text), "\(year): \(result)")
      }
      // The same as a page, of what is not published.
      let reported = try await home.aker(
        "run", "market_income", "--year", "2010", "--dry-run", "--report", home.path + "/reports")
      let page = home.path + "/reports/market_income/2010/validation.html"
      #expect(reported.exitCode == 65 && reported.output.contains("as a page: \(page)"), "\(reported)")
      let contents = FileManager.default.contents(atPath: page).map { String(decoding: $0, as: UTF8.self) }
      #expect(contents?.contains("not published: the columns have changed") == true)
      #expect(FileManager.default.fileExists(atPath: home.path + "/reports/market_income/2010/validation.json"))
      let refused = try await home.aker(
        "run", "market_income", "--year", "2010", "--dry-run", "--report", PackageRoot.path + "/Makefile/reports")
      #expect(refused.exitCode == 73 && refused.errorOutput.contains("--report FOLDER"), "\(refused)")
    }
  }

  @Test func everyCommandsHelpHasAnExampleThatItUnderstands() async throws {
    // What ArgumentParser knows of itself: every command there is.
    let dump = try await Program.run(Executable.aker, ["--experimental-dump-help"])
    let tool = try JSONDecoder().decode(Tool.self, from: Data(dump.output.utf8))
    var commands: [[String]] = []
    func visit(_ command: Tool.Command, _ path: [String]) {
      let children = (command.subcommands ?? []).filter { $0.commandName != "help" }
      if !path.isEmpty { commands.append(path) }
      for child in children { visit(child, path + [child.commandName]) }
    }
    visit(tool.command, [])
    #expect(commands.count > 40)
    for command in commands {
      let help = try await Program.run(Executable.aker, ["help"] + command)
      #expect(help.exitCode == 0)
      let name = "aker " + command.joined(separator: " ")
      let examples = help.output.split(separator: "EXAMPLES").dropFirst().joined()
      #expect(examples.contains(name) || examples.contains("$(aker"), "\(name) has no example:\n\(help.output)")
      // A line of an example that does not fit in 80 columns goes on at the margin.
      let broken = (examples.components(separatedBy: "USAGE").first ?? "").split(separator: "\n")
        .filter { !$0.hasPrefix("  ") }
      #expect(broken.isEmpty, "\(name): \(broken)")
    }
  }

  private struct Tool: Decodable {
    struct Command: Decodable {
      var commandName: String
      var subcommands: [Command]?
    }
    var command: Command
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func completionsAreWritten(for shell: String) async throws {
    let result = try await Program.run(Executable.aker, ["--generate-completion-script", shell])
    #expect(result.exitCode == 0 && result.output.contains("rollback") && result.output.contains("doctor"))
  }
}
