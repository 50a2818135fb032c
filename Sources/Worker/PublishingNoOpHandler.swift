import Postgres
import Queue

/// The smallest publication there is: one row, behind the fence, in one transaction with the completion. Whoever counts
/// the table's rows sees what was lost or done twice.
struct PublishingNoOpHandler: TaskHandler {
  let table: String
  let duration: Duration
  let pool: PostgresPool

  func run(_ lease: TaskLease, _ context: TaskContext) async throws -> TaskOutcome {
    if duration > .zero { try await Task.sleep(for: duration) }
    try await pool.withConnection { connection in
      try await connection.withTransaction { transaction in
        try await lease.fence(in: transaction)
        try await transaction.execute(
          "INSERT INTO \(table) (task_id, lease_token) VALUES ($1, $2)", [lease.taskID, lease.leaseToken])
        try await lease.complete(in: transaction)
      }
    }
    return .published
  }
}
