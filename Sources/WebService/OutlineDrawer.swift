internal import Base
package import Logging
package import Postgres
internal import ServiceLifecycle

/// Draws the outlines of counties anew, soon after the warehouse shows others: step by step, each in a transaction of its own. Of
/// several services one draws each step.
package struct OutlineDrawer: Service {
  private let pool: PostgresPool
  private let logger: Logger

  private static let interval = Duration.seconds(5)
  private static let longestWait = Duration.seconds(600)
  /// A step that takes this long is given up, and tried again later.
  private static let limit = Duration.seconds(900)

  package init(database: PostgresConfiguration, logger: Logger) {
    var database = database
    database.statementTimeout = Self.limit
    pool = PostgresPool(database, maximumCount: 1)
    self.logger = logger
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      var wait = Self.interval
      while !Task.isCancelled {
        do {
          let row = try await pool.withConnection { connection in
            try await connection.one("SELECT year, is_drawn FROM warehouse.draw_outlines()")
          }
          let year: Int? = try row.decode("year")
          if let year, try row.decode("is_drawn", as: Bool?.self) == true {
            logger.notice("drew the outlines of counties", metadata: ["year": "\(year)"])
          }
          wait = Self.interval
          // The next step of what was begun.
          if year != nil { continue }
        } catch {
          let reason = error.inOneLine
          logger.info("outlines wait", metadata: ["reason": "\(reason)"])
          wait = min(wait * 2, Self.longestWait)
        }
        try? await Task.sleep(for: wait)
      }
    }
    await pool.close()
  }
}
