import FoundationEssentials
import Postgres
import Testing
import TestSupport

/// `aker pause`, `resume`, `prioritize`, `cancel`, `retry`: what they are about to touch is said first, and then what came of
/// it.
@Suite(.database)
struct ActionTests {
  private func expect(
    _ home: OperatorHome, _ arguments: String, announces: String, says: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let result = try await Program.run(
      Executable.aker, arguments.split(separator: " ").map(String.init), environment: home.environment)
    #expect(result.exitCode == 0, "\(arguments): \(result)", sourceLocation: sourceLocation)
    #expect(result.errorOutput.contains(announces), "\(arguments): \(result)", sourceLocation: sourceLocation)
    #expect(result.output == says + "\n", "\(arguments): \(result)", sourceLocation: sourceLocation)
  }

  private func states(_ connection: PostgresConnection) async throws -> [String] {
    try await connection.query(
      "SELECT dataset || ' ' || state || ' ' || count(*) AS line FROM queue.task GROUP BY dataset, state ORDER BY 1"
    ).map { try $0.decode("line") }
  }

  @Test func theCountComesFirstForEachKindOfTarget() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn) { home in
      let enqueued = try await home.aker(
        "backfill", "market_income", "price_index", "--years", "2018-2020", "--detach")
      #expect(enqueued.exitCode == 0, "\(enqueued)")
      let connection = try await TestDatabase.current.connect()
      try await expect(
        home, "pause --backfill 1",
        announces: "This holds 6 waiting tasks of backfill 1 (3 of market_income, 3 of price_index).",
        says: "paused backfill 1: 6 waiting tasks are held")
      try await expect(
        home, "resume --backfill 1", announces: "This frees 6 waiting tasks of backfill 1",
        says: "resumed backfill 1: 6 tasks wait")
      try await expect(
        home, "pause --source census_acs5",
        announces: "This holds 3 waiting tasks of source census_acs5 (market_income).",
        says: "paused source census_acs5: 3 waiting tasks are held")
      try await expect(
        home, "resume --source census_acs5", announces: "This frees 3 waiting tasks of source census_acs5",
        says: "resumed source census_acs5: 3 tasks wait")
      try await expect(
        home, "pause --queue", announces: "This holds 6 waiting tasks of the whole queue",
        says: "paused the whole queue: 6 waiting tasks are held")
      try await expect(
        home, "resume --queue", announces: "This frees 6 waiting tasks", says: "resumed the whole queue: 6 tasks wait")
      try await expect(
        home, "prioritize --dataset price_index --priority 7",
        announces: "This gives 3 waiting tasks of dataset price_index the priority 7.",
        says: "prioritized dataset price_index: 3 waiting tasks")
      try await expect(
        home, "prioritize --source census_acs5 --priority -3",
        announces: "This gives 3 waiting tasks of source census_acs5",
        says: "prioritized source census_acs5: 3 waiting tasks")
      let priorities = try await connection.query(
        "SELECT dataset || ' ' || priority AS line FROM queue.lane ORDER BY 1")
      #expect(try priorities.map { try $0.text("line") } == ["market_income -3", "price_index 7"])
      try await expect(
        home, "prioritize --task 1", announces: "This puts task 1 before all others.",
        says: "prioritized task 1: 1 waiting task")

      try await expect(
        home, "cancel --task 1", announces: "This cancels task 1: 1 waiting",
        says: "cancelled task 1: 1 task cancelled")
      try await expect(
        home, "cancel --dataset price_index --reason later",
        announces: "This cancels 3 tasks of dataset price_index: 3 waiting.",
        says: "cancelled dataset price_index: 3 tasks cancelled")
      try await expect(
        home, "cancel --source census_acs5", announces: "This cancels 2 tasks of source census_acs5: 2 waiting",
        says: "cancelled source census_acs5: 2 tasks cancelled")
      #expect(try await states(connection) == ["market_income cancelled 3", "price_index cancelled 3"])
      // Nothing is left of it, and no worker was there to notice.
      let open = try await connection.query("SELECT FROM queue.backfill WHERE finished_at IS NULL")
      #expect(open.isEmpty)
    }
  }

  @Test func failedTasksOfADatasetOrASourceAreTriedAgainWhereTheyWereTriedLast() async throws {
    let faults = #"[{"path": "/census_acs5", "fault": "status", "status": 404}]"#
    let file = "/tmp/aker-faults-\(UUID().uuidString.prefix(8)).json"
    try Data(faults.utf8).write(to: URL(filePath: file))
    defer { try? FileManager.default.removeItem(atPath: file) }
    try await OperatorHome.with(dsn: TestDatabase.current.dsn, simulator: ["--faults", file]) { home in
      let connection = try await TestDatabase.current.connect()
      for years in ["2011-2012", "2012"] {
        let failed = try await home.aker("backfill", "market_income", "--years", years, "--workers", "1")
        #expect(failed.exitCode == 1, "\(failed)")
      }
      // 2012 failed in both backfills, and its last task counts.
      try await expect(
        home, "retry --dataset market_income --error-class permanent",
        announces: "This tries again 2 failed tasks of dataset market_income: 2 permanent.",
        says: "retried dataset market_income: 2 tasks will run again")
      let ready = try await connection.query(
        "SELECT backfill_id, data_year FROM queue.task WHERE state = 'ready' ORDER BY 1")
      #expect(try ready.map { try $0.decode("backfill_id", as: Int.self) } == [1, 2])
      #expect(try ready.map { try $0.decode("data_year", as: Int.self) } == [2011, 2012])
      _ = try await Program.run(Executable.worker, ["--until-empty"], environment: home.environment)
      // What has ended stays as it is: it can still be tried again.
      try await expect(
        home, "cancel --backfill 1", announces: "This cancels 0 tasks of backfill 1",
        says: "cancelled backfill 1: 0 tasks cancelled")
      try await expect(
        home, "retry --source census_acs5",
        announces: "This tries again 2 failed tasks of source census_acs5: 2 permanent",
        says: "retried source census_acs5: 2 tasks will run again")
      // The queue's advice, as a command.
      #expect(try await home.aker("cancel", "--backfill", "1", "--yes").exitCode == 0)
      let retried = try await home.aker("retry", "--backfill", "1")
      #expect(retried.exitCode == 64 && retried.errorOutput.contains("--only failed"), "\(retried)")
    }
  }

  @Test func onATerminalWhatEndsTasksAsksFirst() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn) { home in
      #expect(try await home.aker("backfill", "market_income", "--years", "2018-2020", "--detach").exitCode == 0)
      let connection = try await TestDatabase.current.connect()
      let terminal = Terminal()
      try await terminal.tmux(
        "new-session", "-d", "-x", "100", "-y", "24", "PS1='$ ' exec bash --norc", environment: home.environment)
      func answer(_ command: String, _ answer: String, _ code: Int) async throws {
        try await terminal.tmux("send-keys", "-R")  // an empty screen
        try await terminal.tmux("send-keys", "\(Executable.aker) \(command); echo ended with $?", "Enter")
        try await terminal.waitFor("Go ahead? [y/N]")
        try await terminal.tmux("send-keys", answer, "Enter")
        try await terminal.waitFor("ended with \(code)")
      }
      try await answer("cancel --backfill 1", "n", 64)
      #expect(try await terminal.screen().contains("nothing was changed"))
      try await answer("cancel --task 1", "", 64)
      #expect(try await states(connection) == ["market_income ready 3"])
      try await answer("cancel --task 1", "y", 0)
      #expect(try await states(connection) == ["market_income cancelled 1", "market_income ready 2"])
      try await answer("cancel --dataset market_income", "yes", 0)
      #expect(try await states(connection) == ["market_income cancelled 3"])
      try await terminal.tmux("kill-server")
    }
  }
}
