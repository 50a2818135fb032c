internal import Base
internal import FoundationEssentials
package import Postgres

/// Workers that live while the structure changes beneath them: those whose program the new one serves go on, and the others
/// must have ended before.
extension Migrator {
  /// Within the migration's transaction, by what the new structure says of itself.
  ///
  /// - Throws: `MigrationError.workersNotServed`: all is rolled back, and they go on as before.
  func requireServedWorkers(_ transaction: PostgresTransaction) async throws {
    let known = try await transaction.query(
      "SELECT FROM pg_proc WHERE pronamespace = to_regnamespace('queue') AND proname = '_end_unserved'")
    if known.isEmpty { return }
    try await transaction.execute("SELECT queue._end_unserved()")
    let rows = try await transaction.query(
      """
      SELECT format('%s (%s, aker-worker %s)', name, host, version) AS worker, queue.contracts()::text AS served
      FROM queue.unserved_workers()
      """)
    guard let first = rows.first else { return }
    throw MigrationError.workersNotServed(
      try rows.map { try $0.decode("worker") }, served: try first.decode("served"))
  }

  /// As `migrate`, and where workers are in the way, lets these finish what they hold first.
  ///
  /// - Parameters:
  ///   - limit: how long they have.
  ///   - told: is told of who is waited for.
  /// - Throws: `MigrationError.workersNotServed` when they hold tasks still.
  package func migrate(
    _ connection: PostgresConnection, drainingFor limit: Duration, told: (String) -> Void
  ) async throws -> [String] {
    let end = ContinuousClock.now + limit
    while true {
      do {
        return try await migrate(connection)
      } catch let error as MigrationError {
        guard case .workersNotServed(let names, let served) = error, ContinuousClock.now < end else { throw error }
        if try await connection.one("SELECT queue.drain_unserved($1::int4range) AS count", [served]).decode("count") > 0
        {
          told(names.joined(separator: ", "))
        }
        try await waitForTasks(of: served, until: end, connection)
      }
    }
  }

  /// Until none of them holds a task, or their time is over.
  private func waitForTasks(
    of served: String, until end: ContinuousClock.Instant, _ connection: PostgresConnection
  ) async throws {
    while ContinuousClock.now < end {
      let busy: Int = try await connection.one(
        "SELECT coalesce(sum(busy), 0)::int AS busy FROM queue.unserved_workers($1::int4range)", [served]
      ).decode("busy")
      if busy == 0 { return }
      try await Task.sleep(for: .milliseconds(200))
    }
  }
}
