import FoundationEssentials
import Testing
import TestSupport

/// `aker demo`: the recorded internet for one's own first commands.
@Suite(.database)
struct DemoCommandTests {
  @Test func recordingsAreServedForOnesOwnCommands() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn) { home in
      let before = try await home.aker("demo", "env")
      #expect(before.exitCode == 69 && before.errorOutput.contains("aker demo start"), "\(before)")
      let started = try await home.aker("demo", "start")
      #expect(started.exitCode == 0 && started.output.contains("eval"), "\(started)")
      let again = try await home.aker("demo", "start")
      #expect(again.exitCode == 0 && again.output.contains("already"), "\(again)")
      // As a shell takes them: the first backfill that somebody gives by hand.
      let script = """
        eval "$(\(Executable.aker) demo env)" && \(Executable.aker) backfill market_income --years 2016-2018 --workers 1
        """
      let backfill = try await Program.run(
        "bash", ["-c", script],
        environment: home.environment.merging(["PATH": "/usr/bin:/bin"]) { $1 })
      #expect(backfill.exitCode == 0 && backfill.output.contains("3 published"), "\(backfill)")
      let stopped = try await home.aker("demo", "stop")
      #expect(stopped.output == "stopped\n", "\(stopped)")
      let twice = try await home.aker("demo", "stop")
      #expect(twice.exitCode == 0 && twice.output == "it did not run\n", "\(twice)")
    }
  }
}
