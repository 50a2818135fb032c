import FoundationEssentials
import Testing
import TestSupport

/// `aker watch` in a real terminal: tmux.
@Suite(.database)
struct WatchTests {
  @Test func itFollowsTheTerminalsSizeAndLeavesTheBackfillRunning() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn, simulator: []) { home in
      let enqueued = try await home.aker("backfill", "--all", "--years", "2018-2021", "--detach")
      #expect(enqueued.exitCode == 0, "\(enqueued)")
      let terminal = Terminal()
      try await terminal.tmux(
        "new-session", "-d", "-x", "80", "-y", "24", "PS1='$ ' exec bash --norc", environment: home.environment)
      try await terminal.tmux("send-keys", "\(Executable.aker) watch; echo \"ended with $?\"", "Enter")
      try await terminal.waitFor("Ctrl-C stops watching")
      let small = try await terminal.screen()
      #expect(
        small.contains("backfill 1") && small.contains("boundary_county") && small.contains("0 workers"), "\(small)")

      try await terminal.tmux("resize-window", "-x", "50", "-y", "16")
      try await eventually(within: .seconds(60), "it is drawn for the new size") {
        let lines = try await terminal.screen().split(separator: "\n")
        return lines.contains { $0.hasPrefix("… ") && $0.contains("more datasets") }
          && lines.allSatisfy { $0.count <= 50 }
      }
      try await terminal.tmux("resize-window", "-x", "160", "-y", "50")
      try await terminal.waitFor("· waiting")

      try await terminal.tmux("send-keys", "C-c")
      try await terminal.waitFor("ended with 130")
      #expect(try await terminal.screen().contains("backfill 1 goes on"))
      let list = try await home.aker("backfills", "--json")
      #expect(list.output.contains("\"open\""), "\(list)")
      try await terminal.tmux("kill-server")
    }
  }

  /// What docs/cli.md shows was recorded by scripts/capture-watch.
  @Test(arguments: [("running", 80, 24), ("running", 160, 50), ("finished", 80, 24), ("finished", 160, 50)])
  func theRecordedScreensAreWhole(_ moment: String, _ columns: Int, _ rows: Int) throws {
    let path = PackageRoot.path + "/docs/captures/watch-\(moment)-\(columns)x\(rows).txt"
    let text = String(decoding: try #require(FileManager.default.contents(atPath: path)), as: UTF8.self)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count <= rows + 1 && lines.allSatisfy { $0.count <= columns })
    for part in ["backfill 1", "market_income", "failures"] + (moment == "running" ? ["workers", "sources"] : []) {
      #expect(text.contains(part), "\(part)")
    }
  }
}
