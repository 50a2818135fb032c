import Postgres
import Synchronization
import TestSupport

/// Every pair of transactions from a set of states: the first is suspended before its commit, or, where it publishes, between
/// fence and completion; the second runs beside it, and ends before or after.
struct PairExplorer {
  enum Order: CaseIterable {
    case firstCommits, secondCommits
  }

  let first: PostgresConnection
  let second: PostgresConnection
  let look: PostgresConnection
  private let secondID: Int
  var stopsAtFirst = false
  private(set) var pairCount = 0
  private(set) var waitCount = 0
  private(set) var findings: [Explorer.Finding] = []

  init(_ database: TestDatabase, _ scene: Scene, stopsAtFirst: Bool = false) async throws {
    self.look = try await scene.make(database)
    self.first = try await database.connect()
    self.second = try await database.connect()
    self.stopsAtFirst = stopsAtFirst
    try await first.execute("SET lock_timeout = '40ms'")
    // Long enough for the first to give way, and no wait without an end.
    try await second.execute("SET lock_timeout = '10s'")
    self.secondID = try await second.query("SELECT pg_backend_pid() AS pid")[0].decode("pid")
    _ = try await look.query("SELECT explore.save('empty')")
  }

  static let operations: [Step] =
    [
      Step(operation: "claim", argument: 1), Step(operation: "claim", argument: 2),
      Step(operation: "claim_two", argument: 1), Step(operation: "claim_two", argument: 2),
      Step(operation: "lose", argument: 1),
      Step(operation: "publish", argument: 1), Step(operation: "publish_in_vain", argument: 1),
      Step(operation: "complete", argument: 1),
      Step(operation: "fail_data", argument: 1), Step(operation: "fail", argument: 1),
      Step(operation: "release", argument: 1),
      Step(operation: "overdue", argument: 1), Step(operation: "cancel_task", argument: 1),
      Step(operation: "cancel_backfill", argument: 1), Step(operation: "cancel_backfill", argument: 2),
      Step(operation: "retry_task", argument: 1),
      Step(operation: "retry_backfill", argument: 1), Step(operation: "enqueue_again", argument: 2),
      Step(operation: "pause_backfill", argument: 1), Step(operation: "hurry"), Step(operation: "tidy"),
    ]

  mutating func explore(_ prefixes: [[Step]] = Scene.prefixes) async throws {
    for prefix in prefixes {
      _ = try await look.query("SELECT empty.restore()")
      for step in prefix { _ = try await look.query("SELECT explore.call('\(step.call)')") }
      _ = try await look.query("SELECT explore.save('saved')")
      for one in Self.operations {
        for other in Self.operations where !other.operation.hasPrefix("publish") {
          for order in Order.allCases {
            if stopsAtFirst, !findings.isEmpty { return }
            let hasWaited = try await run(prefix, one, other, order)
            if pairCount % 200 == 0 { try await Scene.vacuum(look) }
            // Then the second has gone on after the first, whatever was asked for.
            if hasWaited { break }
          }
        }
      }
    }
  }

  /// - Returns: whether the second had to wait for the first.
  private mutating func run(_ prefix: [Step], _ one: Step, _ other: Step, _ order: Order) async throws -> Bool {
    _ = try await look.query("SELECT saved.restore()")
    pairCount += 1
    var wrong: [String] = []
    var hasWaited = false
    let beside = Beside()
    do {
      // Fence first, then suspended, then the end.
      let isPublication = one.operation == "publish" || one.operation == "publish_in_vain"
      let end = one.operation == "publish" ? "complete" : "release"
      let begun = isPublication ? Step(operation: "fence", argument: one.argument) : one
      try await first.executeScript("BEGIN; SELECT explore.call('\(begun.call)')")
      // The second waits in the middle of a statement, as it would, and goes on when the first has ended.
      beside.begin("BEGIN; SELECT explore.call('\(other.call)')", second)
      while !beside.hasEnded, !hasWaited {
        try await Task.sleep(for: .microseconds(500))
        hasWaited = try await look.query(
          "SELECT cardinality(pg_blocking_pids($1)) > 0 AS waits", [secondID])[0].decode("waits")
      }
      if hasWaited { waitCount += 1 }
      if !hasWaited, order == .secondCommits {
        try await beside.wait()
        try await second.execute("COMMIT")
      }
      if isPublication {
        try await first.executeScript(
          "SELECT explore.call('\(Step(operation: end, argument: one.argument).call)'); COMMIT")
      } else {
        try await first.execute("COMMIT")
      }
      try await beside.wait()
      if hasWaited || order == .firstCommits { try await second.execute("COMMIT") }
    } catch let error as PostgresError where !error.isConnectionFailure {
      // The first met the second: one of the two gives way, as a lock_timeout makes it.
      if error.sqlState == "55P03" { waitCount += 1 } else { wrong.append("\(error)") }
      try await first.execute("ROLLBACK")
      try? await beside.wait()
      try await second.execute("ROLLBACK")
    }
    let left: String = try await look.query("SELECT explore.settle() AS wrong")[0].decode("wrong")
    if !left.isEmpty { wrong.append(left) }
    if !wrong.isEmpty {
      findings.append(.init(path: prefix + [one, other], wrong: "\(order): \(wrong.joined(separator: "; "))"))
    }
    return hasWaited
  }
}

/// A call that is under way in the second session while the first goes on.
private final class Beside: Sendable {
  private let ended = Mutex(false)
  private let call = Mutex<Task<Void, any Error>?>(nil)
  var hasEnded: Bool { ended.withLock { $0 } }

  func begin(_ sql: String, _ session: PostgresConnection) {
    let task = Task {
      defer { ended.withLock { $0 = true } }
      try await session.executeScript(sql)
    }
    call.withLock { $0 = task }
  }

  /// - Throws: what the call threw.
  func wait() async throws { try await call.withLock { $0 }?.value }
}
