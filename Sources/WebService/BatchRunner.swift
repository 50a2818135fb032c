internal import Base
internal import Console
package import Logging
package import Postgres
internal import ServiceLifecycle

/// Does acts on many tasks, piece by piece. Any number of coordinators may: each takes a batch that nobody else is at, and
/// what one leaves undone the next goes on with.
package struct BatchRunner: Service {
  private let pool: PostgresPool
  private let logger: Logger

  /// A click is seen to work at once.
  private static let pollInterval = Duration.milliseconds(250)

  package init(database: PostgresConfiguration, logger: Logger) {
    pool = PostgresPool(database, maximumCount: 1)
    self.logger = logger
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        do {
          while try await pool.withConnection({ try await Batch.work($0) }) > 0, !Task.isCancelled {}
        } catch {
          let reason = error.inOneLine
          logger.info("batches wait", metadata: ["reason": "\(reason)"])
        }
        try? await Task.sleep(for: Self.pollInterval)
      }
    }
    await pool.close()
  }
}
