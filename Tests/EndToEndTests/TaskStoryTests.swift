import Base
import FoundationEssentials
import Glibc
import Postgres
import Testing
import TestSupport

/// `aker task`: what an operator learns of an attempt that did not end well, however it ended.
@Suite(.database)
struct TaskStoryTests {
  private func withFaults(_ faults: String, _ body: (OperatorHome, PostgresConnection) async throws -> Void)
    async throws
  {
    let file = "/tmp/aker-faults-\(UUID().uuidString.prefix(8)).json"
    try Data(faults.utf8).write(to: URL(filePath: file))
    defer { try? FileManager.default.removeItem(atPath: file) }
    try await OperatorHome.with(dsn: TestDatabase.current.dsn, simulator: ["--faults", file]) { home in
      let connection = try await TestDatabase.current.connect()
      try await connection.execute("UPDATE queue.setting SET max_attempts = 1")
      try await body(home, connection)
      await connection.close()
    }
  }

  /// A worker of the home's, while `body` runs.
  private func withWorker(
    _ home: OperatorHome, _ body: (Program) async throws -> Void
  ) async throws {
    let worker = try await Program.start(Executable.worker, ["--slots", "1"], environment: home.environment)
    do {
      try await body(worker)
    } catch {
      worker.send(SIGKILL)
      _ = try await worker.wait()
      throw error
    }
    worker.send(SIGKILL)
    _ = try await worker.wait()
  }

  /// Also of one that succeeded, by a worker that logs JSON.
  @Test func whatAnAttemptLoggedIsKeptWithIt() async throws {
    try await withFaults("[]") { home, connection in
      _ = try await home.aker("backfill", "market_income", "--years", "2012", "--detach")
      let worker = try await Program.run(
        Executable.worker, ["--until-empty"],
        environment: home.environment.merging(["AKER_LOG_FORMAT": "json", "AKER_LOG_LEVEL": "info"]) { $1 })
      #expect(worker.exitCode == 0, "\(worker)")
      let lines = worker.errorOutput.split(separator: "\n").map { JSONValue(parsing: String($0)) }
      #expect(lines.allSatisfy { $0.at("at") != nil && $0.at("level") != nil && $0.at("message") != nil }, "\(worker)")
      let ended = lines.filter { $0.at("message")?.text == "attempt ended" }
      #expect(ended.count == 1 && ended[0].at("task")?.text == "1", "\(worker)")
      #expect(ended[0].at("partition")?.text == "market_income 2012" && ended[0].at("sources")?.text == "census_acs5")
      #expect(ended[0].at("steps")?.text?.contains("fetch=") == true, "\(ended)")
      let log = try await home.aker("task", "1", "--log", "--json")
      let kept = JSONValue(parsing: log.output)
      #expect(log.exitCode == 0 && "\(kept)".contains("published"), "\(log)")
      let table = try await home.aker("task", "1", "--log")
      #expect(table.output.contains("published") && table.output.contains("debug"), "\(table)")
      #expect(try await home.aker("task", "99", "--log").exitCode == 64)
    }
  }

  private struct Story: Decodable {
    struct Attempt: Decodable {
      struct Step: Decodable {
        var step: String
        var done: Bool
        var seconds: Double?
      }
      var state: String
      var step: String?
      var causes: [String]?
      var steps: [Step]
    }
    var attempts: [Attempt]
    var next: [String]
    var report: String?
  }

  private func story(_ home: OperatorHome) async throws -> (text: String, json: Story) {
    let text = try await home.aker("task", "1")
    #expect(text.exitCode == 0, "\(text)")
    let json = try await home.aker("task", "1", "--json")
    return (text.output, try JSONDecoder().decode(Story.self, from: Data(json.output.utf8)))
  }

  @Test func aSourceThatFailsIsToldDownToItsAnswer() async throws {
    try await withFaults(#"[{"path": "/census_acs5/data/2009", "fault": "status", "status": 503}]"#) {
      home, connection in
      let backfill = try await home.aker("backfill", "market_income", "--years", "2009", "--workers", "1")
      #expect(backfill.exitCode == 1, "\(backfill)")
      let (text, json) = try await story(home)
      let attempt = try #require(json.attempts.first)
      #expect(attempt.step == "fetch" && attempt.state == "failed")
      let causes = try #require(attempt.causes)
      #expect(causes.first?.hasPrefix("HTTP 503 from 127.0.0.1:") == true, "\(causes)")
      #expect(causes.last?.contains("times; before: HTTP 503 from 127.0.0.1:") == true, "\(causes)")
      for cause in causes { #expect(text.contains("<- \(cause)") || text.contains("← \(cause)"), "\(text)") }
      #expect(text.contains("it ended here"), "\(text)")
      #expect(json.next.contains("then: aker retry --task 1"), "\(json.next)")
      #expect(json.report == nil)
      // And in SQL.
      let rows = try await connection.query("SELECT step, causes ->> 0 AS cause FROM queue.attempt WHERE task_id = 1")
      #expect(try rows.map { try $0.text("step") } == ["fetch"])
      #expect(try rows[0].text("cause") == causes.first)
    }
  }

  @Test func aMistakeInTheSQLIsToldWithItsPlaceAndTheDocumentsThatWereRead() async throws {
    try await withFaults("[]") { home, _ in
      let catalog = try home.copyOfCatalog()
      let transform = catalog + "/datasets/market_income/transform.sql"
      let sql = String(decoding: try #require(FileManager.default.contents(atPath: transform)), as: UTF8.self)
      try home.write(sql.replacing("SELECT", with: "SELECT no_such_column,", maxReplacements: 1), to: "transform.sql")
      try FileManager.default.removeItem(atPath: transform)
      try FileManager.default.moveItem(atPath: home.path + "/transform.sql", toPath: transform)
      let run = try await home.aker(
        "run", "market_income", "--year", "2012", "--as-of", "2024-06", environment: ["AKER_CATALOG_PATH": catalog])
      #expect(run.exitCode == 65, "\(run)")
      let (text, json) = try await story(home)
      let attempt = try #require(json.attempts.first)
      #expect(attempt.step == "build")
      // What comes next is about the same vintage.
      let (look, retry) = (
        "aker run market_income --year 2012 --as-of 2024-06 --dry-run",
        "aker retry --task 1"
      )
      #expect(json.next.contains { $0.contains(look) } && json.next.contains { $0.contains(retry) }, "\(json.next)")
      #expect(attempt.steps.map(\.step) == ["fetch", "prepare", "build"])
      #expect(attempt.steps.first?.seconds ?? 0 > 0)
      let causes = try #require(attempt.causes)
      #expect(causes.first?.hasPrefix("SQL error at transform") == true, "\(causes)")
      #expect(causes.dropFirst().first?.hasPrefix("Binder Error") == true, "\(causes)")
      for cause in causes {
        #expect(run.errorOutput.contains("<- \(cause)") || run.errorOutput.contains("← \(cause)"), "\(run)")
      }
      #expect(text.contains("what the last attempt read") && text.contains("/data/2012/"), "\(text)")
    }
  }

  @Test func aRunningTaskSaysWhereItIsAndACancelledOneWhereItWas() async throws {
    try await withFaults(#"[{"path": "/census_acs5/data/2012", "fault": "stall", "count": 20}]"#) {
      home, connection in
      let enqueued = try await home.aker("backfill", "market_income", "--years", "2012", "--detach")
      #expect(enqueued.exitCode == 0, "\(enqueued)")
      try await withWorker(home) { _ in
        try await eventually(within: .seconds(30), "its worker told the step") {
          try await !connection.query("SELECT FROM queue.attempt WHERE state = 'running' AND step = 'fetch'").isEmpty
        }
        #expect(try await story(home).text.contains("after its start"))
        let cancelled = try await home.aker("cancel", "--task", "1", "--yes")
        #expect(cancelled.exitCode == 0, "\(cancelled)")
        try await eventually(within: .seconds(30), "the worker told how far it came") {
          let rows = try await connection.query(
            "SELECT FROM queue.attempt WHERE state = 'cancelled' AND step = 'fetch' AND detail -> 'steps' -> 0 ? 'seconds'"
          )
          return !rows.isEmpty
        }
      }
      let (text, json) = try await story(home)
      #expect(json.attempts.map(\.state) == ["cancelled"] && json.attempts[0].step == "fetch")
      #expect(text.contains("it ended here"), "\(text)")
      #expect(json.next == ["enqueue it again: aker backfill market_income --years 2012"])
    }
  }

  @Test func aKilledWorkersTaskSaysInWhichStepItDied() async throws {
    try await withFaults(#"[{"path": "/census_acs5/data/2012", "fault": "stall", "count": 20}]"#) {
      home, connection in
      let enqueued = try await home.aker("backfill", "market_income", "--years", "2012", "--detach")
      #expect(enqueued.exitCode == 0, "\(enqueued)")
      try await withWorker(home) { _ in
        try await eventually(within: .seconds(30), "its worker told the step") {
          try await !connection.query("SELECT FROM queue.attempt WHERE state = 'running' AND step = 'fetch'").isEmpty
        }
      }
      try await eventually(within: .seconds(30), "the task is taken back") {
        _ = try await connection.query("SELECT queue.tick()")
        return try await !connection.query("SELECT FROM queue.attempt WHERE state = 'worker_lost'").isEmpty
      }
      let (text, json) = try await story(home)
      #expect(json.attempts.map(\.state) == ["worker_lost"] && json.attempts[0].step == "fetch", "\(text)")
      #expect(text.contains("0 of 1 attempt and 1 that does not count"), "\(text)")
      #expect(text.contains("begun") && text.contains("it ended here"), "\(text)")
      // And where it lived too short to tell.
      try await connection.execute("DELETE FROM queue.attempt_note")
      #expect(try await story(home).text.contains("told no step"))
    }
  }
}
