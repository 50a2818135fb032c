import ArgumentParser
import Base
import Configuration
import Logging
import OpenLineage
import Postgres
import Queue
import ServiceLifecycle
import Telemetry
import UnixSignals

/// Enqueues the catalog's flows when they are due, and keeps the queue's house where no worker does.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract:
      "Enqueue flows when they are due, take tasks back from dead workers, and prune old backfills, until stopped.",
    discussion: """
      Flows are due as catalog/flows.yml says. Every due time is kept with what became of it (aker flow history); what fell due while \
      nothing served is caught up with as the flow says. Several may serve at once, on any hosts, and be killed at any time: a due \
      time is enqueued once. It runs none of the tasks: workers do. What finished longer ago than queue.setting.retention_interval \
      is pruned.

      EXAMPLES
        aker serve
      """)
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let session = try await Session.open(options)
    Log.bootstrap(
      level: session.configuration.logLevel,
      redaction: Redaction(secrets: session.configuration.secretValues))
    await (try session.connectMigrated(migrates: true, needs: .admin)).close()
    let housekeeping = Housekeeping(pool: PostgresPool(session.database, maximumCount: 1))
    let sender = try session.configuration.openLineageSender(
      session.database, logger: Logger(label: "aker.openlineage"))
    let group = ServiceGroup(
      services: [housekeeping, FlowScheduler(session: session)] + (sender.map { [OpenLineageService($0)] } ?? []),
      gracefulShutdownSignals: Interruption.signals,
      logger: Logger(label: "aker.lifecycle"))
    try await group.run()
    await housekeeping.pool.close()
  }
}

/// The loop behind `aker serve`.
struct Housekeeping: Service {
  let pool: PostgresPool
  private let logger = Logger(label: "aker.serve")

  private let tickInterval: Duration

  /// - Parameter tickInterval: as often as a worker's tick: a killed worker's tasks run elsewhere within 2 s.
  init(pool: PostgresPool, tickInterval: Duration = .milliseconds(500)) {
    self.pool = pool
    self.tickInterval = tickInterval
  }

  /// Between tries while the database cannot do it: 10 s.
  private var longestWait: Duration { tickInterval * 20 }
  /// Pruning is for the disk's sake and never urgent.
  private static let pruneInterval = Duration.seconds(600)

  func run() async throws {
    logger.notice("keeping the queue's house")
    let queue = QueueClient(pool: pool)
    var nextPrune = ContinuousClock.now
    var wait = tickInterval
    while !Task.isShuttingDownGracefully && !Task.isCancelled {
      do {
        _ = try await queue.tick(workerID: nil, leaseTokens: [])
        if ContinuousClock.now >= nextPrune {
          try await prune()
          nextPrune = .now + Self.pruneInterval
        }
        wait = tickInterval
      } catch {
        if QueueTrouble(error) == .hopeless { throw error }
        let summary = (error as? any ClassifiedError)?.summary ?? "\(error)"
        logger.warning("the queue's house waits for the database", metadata: ["reason": "\(summary)"])
        wait = min(wait * 2, longestWait)
      }
      // Ends the pause, and nothing else: SIGTERM is heard at once.
      try? await cancelWhenGracefulShutdown { [wait] in try await Task.sleep(for: wait) }
    }
  }

  /// In bounded batches, a transaction each.
  private func prune() async throws {
    var total = 0
    while true {
      let count = try await QueueClient(pool: pool).prune()
      if count == 0 { break }
      total += count
    }
    if total > 0 { logger.notice("pruned old backfills", metadata: ["tasks": "\(total)"]) }
  }
}
