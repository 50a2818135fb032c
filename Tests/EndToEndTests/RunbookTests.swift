import FoundationEssentials
import Testing
import TestSupport

/// docs/runbook.md, as an operator follows it: each command of each block, in order, on a fresh embedded database.
struct RunbookTests {
  /// A line of a block, with how it may end.
  private struct Command {
    var section: String
    var line: Int
    var text: String
    var exitCodes: Set<Int32>
  }

  private static let path = PackageRoot.path + "/docs/runbook.md"

  /// `aker doctor    # may exit with 1: …` ends with 0 or 1; `# exits with 65` with 65; anything else with 0.
  private func commands() throws -> [Command] {
    let text = String(decoding: FileManager.default.contents(atPath: Self.path) ?? Data(), as: UTF8.self)
    var commands: [Command] = []
    var section = ""
    var isInside = false
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line.hasPrefix("```") {
        #expect(isInside || line == "```sh", "a block that nothing runs, line \(index + 1)")
        isInside.toggle()
      } else if isInside {
        var codes: Set<Int32> = [0]
        if let match = line.firstMatch(of: /# (may exit|exits) with ([0-9]+)/), let code = Int32(match.2) {
          codes = match.1 == "may exit" ? [0, code] : [code]
        }
        commands.append(
          Command(section: section, line: index + 1, text: String(line), exitCodes: codes))
      } else if line.hasPrefix("## ") {
        section = String(line.dropFirst(3))
      }
    }
    return commands
  }

  /// What each incident meets, from the simulator's side.
  private static let faults = """
    [{"path": "/census_acs5/data/2015", "fault": "status", "status": 429, "retry_after": 3600, "count": 1},
     {"path": "/census_acs5/data/2016", "fault": "changed_columns", "rename": {"B19013_001E": "B19013_001"}, "count": 3}]
    """

  @Test func everyCommandOfTheRunbookWorks() async throws {
    let commands = try commands()
    #expect(commands.count > 50)
    let recordings = "/tmp/aker-recordings-\(UUID().uuidString.prefix(8))"
    try FileManager.default.copyItem(atPath: PackageRoot.recordings, toPath: recordings)
    let faults = recordings + ".faults.json"
    try Data(Self.faults.utf8).write(to: URL(filePath: faults))
    defer {
      try? FileManager.default.removeItem(atPath: recordings)
      try? FileManager.default.removeItem(atPath: faults)
    }
    try await OperatorHome.with(recordings: recordings, simulator: ["--faults", faults]) { home in
      var section = ""
      for command in commands {
        if command.section != section {
          section = command.section
          try await prepare(section, home, recordings)
        }
        let result = try await run(command, home)
        guard let code = result.exitCode, command.exitCodes.contains(code) else {
          Issue.record("runbook.md:\(command.line): \(command.text)\n\(result)")
          return
        }
        check(command, result)
      }
      let rows = try await home.aker(
        "database", "psql", "-At", "-c",
        "SELECT median_household_income FROM market_income WHERE data_year = 2017 AND geo_id = '24005'")
      #expect(rows.output == "71810\n", "\(rows)")
    }
  }

  private func run(_ command: Command, _ home: OperatorHome) async throws -> Program.Result {
    let programs = URL(filePath: Executable.aker).deletingLastPathComponent().path
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return try await Program.run(
      "/bin/bash", ["-euo", "pipefail", "-c", command.text],
      environment: home.environment.merging(["PATH": "\(programs):\(path)", "PSQL_PAGER": "cat"]) { $1 })
  }

  /// Makes the incident of a section happen.
  private func prepare(_ section: String, _ home: OperatorHome, _ recordings: String) async throws {
    func aker(_ arguments: String...) async throws {
      let result = try await Program.run(Executable.aker, arguments, environment: home.environment)
      #expect(result.exitCode == 0, "\(arguments): \(result)")
    }
    switch section {
    case "When the lake cannot be written, or lost a file":
      let month = String(Date().formatted(.iso8601.year().month()).prefix(7))
      try FileManager.default.removeItem(
        atPath: "\(home.path)/cache/data_lake/market_income/as_of=\(month)/data_year=2012/market_income.parquet")
    case "When a publication was bad":
      try await aker("run", "market_income", "--year", "2017")
      // The source goes wrong in a way that no check notices.
      try home.replace("\"71810\"", by: "\"17810\"", in: recordings + "/census_acs5/2017/county.json")
      try await aker("cache", "forget", "census_acs5", "--url", "/2017/")
      try await aker("run", "market_income", "--year", "2017")
    default: break
    }
  }

  /// What the reader is meant to see, where it decides what they do next.
  private func check(_ command: Command, _ result: Program.Result) {
    let expected: [String: String] = [
      "aker task $(aker tasks --state failed --ids --limit 1)": "aker retry --task",
      "aker sources census_acs5": "cooling down",
      "aker task $(aker tasks --error-class data --ids --limit 1)": "B19013_001E",
      "aker lake rollback market_income 2017 --yes": "published",
    ]
    if let text = expected[command.text] { #expect(result.output.contains(text), "\(command.text): \(result)") }
  }
}
