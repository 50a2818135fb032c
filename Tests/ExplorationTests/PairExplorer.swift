import Postgres
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
  var stopsAtFirst = false
  private(set) var pairCount = 0
  private(set) var waitCount = 0
  private(set) var findings: [Explorer.Finding] = []

  init(_ database: TestDatabase, _ scene: Scene, stopsAtFirst: Bool = false) async throws {
    self.look = try await scene.make(database)
    self.first = try await database.connect()
    self.second = try await database.connect()
    self.stopsAtFirst = stopsAtFirst
    for session in [first, second] { try await session.execute("SET lock_timeout = '40ms'") }
    _ = try await look.query("SELECT explore.save()")
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
      for one in Self.operations {
        for other in Self.operations where !other.operation.hasPrefix("publish") {
          for order in Order.allCases {
            if stopsAtFirst, !findings.isEmpty { return }
            try await run(prefix, one, other, order)
          }
        }
      }
      try await Scene.vacuum(look)
    }
  }

  private mutating func run(_ prefix: [Step], _ one: Step, _ other: Step, _ order: Order) async throws {
    _ = try await look.query("SELECT explore.restore()")
    for step in prefix { _ = try await look.query("SELECT explore.call(\(step.call))") }
    pairCount += 1
    var wrong: [String] = []
    try await first.execute("BEGIN")
    try await second.execute("BEGIN")
    do {
      // Fence first, then suspended, then the end.
      let isPublication = one.operation == "publish" || one.operation == "publish_in_vain"
      let end = one.operation == "publish" ? "complete" : "release"
      let begun = isPublication ? Step(operation: "fence", argument: one.argument) : one
      _ = try await first.query("SELECT explore.call(\(begun.call))")
      var hasWaited = false
      do {
        _ = try await second.query("SELECT explore.call(\(other.call))")
        if order == .secondCommits { try await second.execute("COMMIT") }
      } catch let error as PostgresError where error.sqlState == "55P03" {
        hasWaited = true
        waitCount += 1
        try await second.execute("ROLLBACK")
      }
      if isPublication {
        _ = try await first.query("SELECT explore.call(\(Step(operation: end, argument: one.argument).call))")
      }
      try await first.execute("COMMIT")
      if hasWaited {
        _ = try await second.query("SELECT explore.call(\(other.call))")
      } else if order == .firstCommits {
        try await second.execute("COMMIT")
      }
    } catch let error as PostgresError where error.sqlState == "55P03" {
      // The first met the second: one of the two gives way, as a lock_timeout makes it.
      waitCount += 1
    } catch let error as PostgresError where !error.isConnectionFailure {
      wrong.append("\(error)")
    }
    for session in [first, second] { try await session.execute("ROLLBACK") }
    // What is only seen to be amiss at the next tick is for that to mend.
    _ = try await look.query("SELECT set_config('aker.lease_scan_at', '', false), queue.reap(), queue.tidy()")
    wrong += try await look.query("SELECT w FROM explore.wrong() w").map { try $0.decode("w") }
    if !wrong.isEmpty {
      findings.append(.init(path: prefix + [one, other], wrong: "\(order): \(wrong.joined(separator: "; "))"))
    }
  }
}
