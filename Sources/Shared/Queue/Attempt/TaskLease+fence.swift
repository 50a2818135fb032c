package import Postgres

extension TaskLease {
  /// First statement of a publication: proves that this attempt still holds the task, and locks that until the
  /// transaction ends.
  ///
  /// - Throws: `QueueError.leaseLost` when it does not: discard the work.
  package func fence(in transaction: PostgresTransaction) async throws {
    try await QueueError.translated {
      _ = try await transaction.query("SELECT queue.fence($1, $2)", [taskID, leaseToken])
    }
  }

  /// Last statement of a publication, but for its COMMIT: completes the task, and unblocks what waits for it, if the transaction commits.
  ///
  /// - Parameter result: a JSON object kept with the attempt, such as rows and bytes.
  /// - Throws: `QueueError.leaseLost`.
  package func complete(in transaction: PostgresTransaction, result: String? = nil) async throws {
    try await QueueError.translated {
      // What comes is COMMIT, and a limit must not cut its wait for a standby short: it would be seen here, and lost at a
      // fail-over.
      _ = try await transaction.query(
        "SELECT queue.complete($1, $2, $3::jsonb), set_config('statement_timeout', '0', true)",
        [taskID, leaseToken, result])
    }
  }

  /// What became of this attempt in the database, asked where a COMMIT was not answered: waits for a transaction that ends
  /// it at this moment.
  ///
  /// - Throws: `PostgresError` of SQLSTATE 55P03 where that takes more than five seconds: ask again.
  package func ending(_ connection: PostgresConnection) async throws -> Ending {
    let rows = try await connection.query("SELECT queue.ending($1, $2) AS ending", [taskID, leaseToken])
    return Ending(try rows.first?.decode("ending") ?? "")
  }

  package enum Ending: Sendable {
    case completed
    /// Nothing was committed, and the attempt still has its lease.
    case held
    /// It ended otherwise, or the queue knows nothing of it.
    case ended

    init(_ text: String) {
      switch text {
      case "completed": self = .completed
      case "held": self = .held
      default: self = .ended
      }
    }
  }
}
