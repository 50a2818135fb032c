internal import Base
internal import Lineage
internal import Logging
internal import Postgres
internal import Queue

/// The connection broke while the answer to a publication's COMMIT was awaited. Whether it stands is asked, under the
/// lease, before anything else is said or done.
struct CommitInDoubt {
  let lease: TaskLease
  let configuration: PostgresConfiguration
  let logger: Logger

  /// Longer than a server takes to notice that the connection is gone (25 s), and than a fail-over.
  private static let limit = Duration.seconds(120)
  private static let interval = Duration.milliseconds(500)

  /// - Returns: the publication; nil where nothing was committed.
  /// - Throws: `doubt` itself where the database could not be asked within two minutes. Reporting the attempt as failed is
  ///   safe then, too: the queue takes that only from who holds the lease.
  func settled(_ doubt: PostgresError) async throws -> (PublicationRecord.Outcome, Int64)? {
    logger.warning("the answer to COMMIT never came; asking whether it is published", metadata: ["reason": "\(doubt)"])
    // Cancelled or not: neither a deadline nor a shutdown makes what was committed uncommitted.
    return try await Task {
      let until = ContinuousClock.now + Self.limit
      while true {
        do {
          return try await ask()
        } catch let error as PostgresError where error.errorClass == .transient {
          guard ContinuousClock.now < until else { throw doubt }
          logger.info("the database cannot say it yet", metadata: ["reason": "\(error)"])
          try await Task.sleep(for: Self.interval)
        }
      }
    }.value
  }

  private func ask() async throws -> (PublicationRecord.Outcome, Int64)? {
    let connection = try await PostgresConnection.connect(configuration)
    let ending = try await lease.ending(connection)
    let rows = try await connection.query(
      "SELECT publication_id, outcome FROM lineage.publication WHERE task_id = $1 AND lease_token = $2",
      [lease.taskID, lease.leaseToken])
    await connection.close()
    guard case .completed = ending, let row = rows.first else { return nil }
    let outcome = PublicationRecord.Outcome(rawValue: try row.decode("outcome")) ?? .published
    return (outcome, try row.decode("publication_id"))
  }
}
