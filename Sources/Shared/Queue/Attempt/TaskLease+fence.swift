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

  /// Last statement of a publication: completes the task, and unblocks what waits for it, if the transaction commits.
  ///
  /// - Parameter result: a JSON object kept with the attempt, such as rows and bytes.
  /// - Throws: `QueueError.leaseLost`.
  package func complete(in transaction: PostgresTransaction, result: String? = nil) async throws {
    try await QueueError.translated {
      _ = try await transaction.query("SELECT queue.complete($1, $2, $3::jsonb)", [taskID, leaseToken, result])
    }
  }
}
