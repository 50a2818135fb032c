import FoundationEssentials
import Testing
import TestSupport

/// What somebody finds out who knows nothing but `aker --help`, and gives only commands that it, or a command before, named.
@Suite(.database)
struct NewUserTests {
  @Test func failedPartitionsTheirCauseAndTheirRetryAreFoundFromTheHelpAlone() async throws {
    let file = "/tmp/aker-faults-\(UUID().uuidString.prefix(8)).json"
    try Data(#"[{"path": "/census_acs5/data/2011", "fault": "status", "status": 403}]"#.utf8)
      .write(to: URL(filePath: file))
    defer { try? FileManager.default.removeItem(atPath: file) }
    try await OperatorHome.with(dsn: TestDatabase.current.dsn, simulator: ["--faults", file]) { home in
      let backfill = try await home.aker("backfill", "market_income", "--years", "2010-2012", "--workers", "1")
      #expect(backfill.exitCode == 1, "\(backfill)")

      func follow(_ command: Substring) async throws -> String {
        let arguments = command.split(separator: " ").dropFirst().map(String.init)
        let result = try await Program.run(Executable.aker, arguments, environment: home.environment)
        #expect(result.exitCode == 0, "\(command): \(result)")
        return result.output
      }
      let help = try await follow("aker --help")
      #expect(help.contains("aker backfills ") && help.contains("aker task 8812"), "\(help)")
      let list = try await follow(try #require(help.firstMatch(of: /aker tasks --state failed/)).0)
      #expect(list.contains("market_income 2011") && !list.contains("market_income 2012"), "\(list)")
      #expect(list.contains("permanent: source census_acs5"), "\(list)")
      // From the other ways in, too.
      let backfills = try await follow("aker backfills")
      let ofOne = try #require(backfills.firstMatch(of: /aker tasks --backfill 1 --state failed/), "\(backfills)").0
      #expect(try await follow(ofOne) == list)
      let status = try await follow("aker status")
      #expect(status.contains("aker tasks --state failed"), "\(status)")
      let story = try await follow(try #require(list.firstMatch(of: /aker task [0-9]+/), "\(list)").0)
      #expect(story.contains("HTTP 403 from 127.0.0.1") && story.contains("AKER_CENSUS_API_KEY"), "\(story)")
      let one = try #require(story.firstMatch(of: /aker retry --task [0-9]+/), "\(story)").0
      let all = try #require(list.firstMatch(of: /aker retry --backfill [0-9]+/), "\(list)").0

      // The cause goes away.
      let endpoint = try #require(home.environment["AKER_SOURCE_CENSUS_ACS5_ENDPOINT"]).dropLast("census_acs5".count)
      #expect(try await Program.run("curl", ["-sSf", "-X", "DELETE", endpoint + "_faults"]).exitCode == 0)
      #expect(try await follow(one) == "retried task \(one.split(separator: " ").last ?? ""): 1 task will run again\n")
      #expect(try await follow(all) == "retried backfill 1: 0 tasks will run again\n")
      let worked = try await Program.run(Executable.worker, ["--until-empty"], environment: home.environment)
      #expect(worked.exitCode == 0, "\(worked)")
      #expect(try await follow("aker tasks --state failed").hasPrefix("no task matches"))
      #expect(try await follow("aker watch").contains("3 published"))
    }
  }
}
