import Logging
import Postgres
import Queue
import ServiceLifecycle

/// Takes tasks back from dead workers, and prunes old backfills, where no worker does.
struct Housekeeping: Service {
  let pool: PostgresPool
  private let logger = Logger(label: "aker.serve")
  private let tickInterval: Duration
  private let turned: @Sendable () -> Void

  /// - Parameters:
  ///   - tickInterval: as often as a worker's tick: a killed worker's tasks run elsewhere within 2 s.
  ///   - turned: is called at each turn, whether or not the database could be asked.
  init(pool: PostgresPool, tickInterval: Duration = .milliseconds(500), turned: @escaping @Sendable () -> Void = {}) {
    self.pool = pool
    self.turned = turned
    self.tickInterval = tickInterval
  }

  /// Pruning is for the disk's sake and never urgent.
  private static let pruneInterval = Duration.seconds(600)

  func run() async throws {
    logger.notice("keeping the queue's house")
    let queue = QueueClient(pool: pool)
    var nextPrune = ContinuousClock.now
    let rounds = Rounds(
      interval: tickInterval, longestWait: tickInterval * 20, logger: logger, subject: "the queue's house waits")
    try await rounds.run {
      turned()
      _ = try await queue.tick(workerID: nil, leaseTokens: [])
      if ContinuousClock.now >= nextPrune {
        try await prune(queue)
        nextPrune = .now + Self.pruneInterval
      }
    }
  }

  /// In bounded batches, a transaction each.
  private func prune(_ queue: QueueClient) async throws {
    var total = 0
    while true {
      let count = try await queue.prune()
      if count == 0 { break }
      total += count
    }
    if total > 0 { logger.notice("pruned old backfills", metadata: ["tasks": "\(total)"]) }
  }
}
