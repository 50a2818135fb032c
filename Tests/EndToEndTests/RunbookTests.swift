import FoundationEssentials
import Glibc
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

    /// Without what is said beside it.
    var bare: String {
      String(
        text.prefix(upTo: text.firstRange(of: " #")?.lowerBound ?? text.endIndex).reversed().drop { $0 == " " }
          .reversed())
    }
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
      try await SmallDisk.mountedIfAllowed(at: home.path + "/cache", byteCount: 512 << 20) { disk in
        let incidents = RunbookIncidents(home: home, recordings: recordings, disk: disk)
        var section = ""
        var seen: [String: [String]] = [:]
        for command in commands {
          if command.section != section {
            section = command.section
            try await incidents.begin(section)
          }
          try await incidents.before(section, command.bare, times: seen[section + "|" + command.bare]?.count ?? 0)
          let result = try await run(command, home)
          guard let code = result.exitCode, command.exitCodes.contains(code) else {
            Issue.record("runbook.md:\(command.line): \(command.text)\n\(result)")
            return
          }
          check(command, result, &seen)
        }
        check(seen)
        let rows = try await home.aker(
          "database", "psql", "-At", "-c",
          "SELECT median_household_income FROM market_income WHERE data_year = 2017 AND geo_id = '24005'")
        #expect(rows.output == "71810\n", "\(rows)")
      }
    }
  }

  private func run(_ command: Command, _ home: OperatorHome) async throws -> Program.Result {
    let programs = URL(filePath: Executable.aker).deletingLastPathComponent().path
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return try await Program.run(
      "/bin/bash", ["-euo", "pipefail", "-c", command.text],
      environment: home.environment.merging(["PATH": "\(programs):\(path)", "PSQL_PAGER": "cat"]) { $1 })
  }

  /// What the reader is meant to see, where it decides what they do next.
  private func check(_ command: Command, _ result: Program.Result, _ seen: inout [String: [String]]) {
    let expected: [String: String] = [
      "aker task $(aker tasks --state failed --ids --limit 1)": "aker retry --task",
      "aker sources census_acs5": "cooling down",
      "aker task $(aker tasks --error-class data --ids --limit 1)": "B19013_001E",
      "aker lake rollback market_income 2017 --yes": "published",
      "aker database psql -c 'TABLE queue.stuck'": "no worker is alive",
      "aker cancel --task $(aker tasks --state ready --ids --limit 1) --yes": "1 task cancelled",
      "aker task $(aker tasks --error-class worker_lost --ids --limit 1)":
        "see where it ends: aker run market_income --year 2011 --as-of 2024-05 --dry-run",
      "aker retry --task $(aker tasks --error-class worker_lost --ids --limit 1)": "1 task will run again",
    ]
    if let text = expected[command.text] { #expect(result.output.contains(text), "\(command.text): \(result)") }
    seen[command.section + "|" + command.bare, default: []].append(result.output + result.errorOutput)
  }

  /// What comes of an incident while its section is followed: what each run of a command says, one of some texts.
  private func check(_ seen: [String: [String]]) {
    func expect(_ section: String, _ command: String, _ times: [[String]]) {
      let outputs = seen[section + "|" + command] ?? []
      #expect(outputs.count == times.count, "\(section): \(command)")
      for (output, texts) in zip(outputs, times) {
        #expect(texts.contains { output.contains($0) }, "\(command): \(output)")
      }
    }
    let run = "aker run market_income --year 2020"
    let lake = "When the lake cannot be written, or lost a file"
    expect(lake, run, [["Read-only file system", "Not a directory"]])
    expect(lake, "aker lake repair --verify", [["finished market_income"], ["nothing to repair"]])
    let stuck = "When a task is stuck, or keeps killing workers"
    expect(stuck, "aker tasks --error-class worker_lost", [["market_income 2011"], ["no task matches"]])
    let host = "When a host is lost"
    expect(host, "aker tasks --state running", [["market_income 2019"], ["no task matches"]])
    expect(host, "aker workers", [["lost"]])
    expect("When a disk is full", run, [["space", "Not a directory"], ["published"]])
  }
}
