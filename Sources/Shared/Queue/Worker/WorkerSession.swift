package import Postgres

/// A worker's session of its own: it hears what happens, and holds the advisory lock by which everybody sees that the
/// worker lives.
///
/// Behind a pooler in transaction mode neither works, since the server's session is not the worker's: then there is no
/// listener, and polling and the lease's expiry do.
package struct WorkerSession: Sendable {
  package let workerID: Int
  /// Nil behind a pooler.
  package let listener: PostgresListener?

  /// New tasks, and tasks that may run again: all of them. Followed by `_` and its id, those that this worker was chosen for
  /// among all that have a free slot, so that no more wake than there is work for.
  package static let wakeChannel = "aker_queue"
  /// Running tasks that were cancelled or taken away.
  package static let cancelChannel = "aker_cancel"

  /// - Parameters:
  ///   - workerID: the incarnation to go on with after a broken session; nil starts one.
  ///   - hearsAll: wakes for all work, since it takes only some: whoever chooses workers does not know which.
  /// - Throws: `QueueError.workerEnded` when that incarnation was given up meanwhile.
  package static func open(
    _ configuration: PostgresConfiguration, client: QueueClient, registration: WorkerRegistration,
    resuming workerID: Int?, hearsAll: Bool = false
  ) async throws -> WorkerSession {
    guard try await !isPooled(configuration) else {
      if let workerID { return WorkerSession(workerID: workerID, listener: nil) }
      return WorkerSession(workerID: try await client.registerWithoutLock(registration), listener: nil)
    }
    let listener = try await PostgresListener.connect(
      configuration, channels: hearsAll ? [wakeChannel, cancelChannel] : [cancelChannel])
    do {
      return try await QueueError.translated {
        if let workerID {
          _ = try await listener.query("LISTEN \(wakeChannel)_\(workerID)")
          _ = try await listener.query("SELECT queue.hold_worker_lock($1)", [workerID])
          return WorkerSession(workerID: workerID, listener: listener)
        }
        let rows = try await listener.query(registration.sql, registration.parameters(sessionLock: true))
        let workerID = try rows.first.map { try $0.decode("worker_id", as: Int.self) } ?? 0
        // What came between the two is claimed at once: whoever opens a session claims.
        _ = try await listener.query("LISTEN \(wakeChannel)_\(workerID)")
        return WorkerSession(workerID: workerID, listener: listener)
      }
    } catch {
      await listener.close()
      throw error
    }
  }

  /// A pooler makes up the process id that it tells its clients, since the server's session may change under them.
  static func isPooled(_ configuration: PostgresConfiguration) async throws -> Bool {
    let connection = try await PostgresConnection.connect(configuration)
    let told = await connection.backendPID
    let rows: [PostgresRow]
    do {
      rows = try await connection.query("SELECT pg_backend_pid() AS pid")
    } catch {
      await connection.close()
      throw error
    }
    await connection.close()
    return try rows.first?.decode("pid", as: Int32.self) != told
  }
}
