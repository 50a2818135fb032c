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

  /// Whether the server's session changes under its client. A pooler makes up the process id that it tells; in session mode,
  /// two clients then keep a session of the server each, and in transaction mode they share one, or are given any that is
  /// free.
  static func isPooled(_ configuration: PostgresConfiguration) async throws -> Bool {
    let first = try await PostgresConnection.connect(configuration)
    let session = try await serverSession(first)
    if await first.backendPID == session {
      await first.close()
      return false
    }
    let second = try await PostgresConnection.connect(configuration)
    let other = try await serverSession(second)
    var isShared = session == other
    // A busy pool gives out others by chance, but not the same ones again and again.
    for _ in 0..<sessionLooks where !isShared {
      let again = (try await serverSession(first), try await serverSession(second))
      isShared = again != (session, other)
    }
    await first.close()
    await second.close()
    return isShared
  }

  private static let sessionLooks = 8

  private static func serverSession(_ connection: PostgresConnection) async throws -> Int32 {
    try await connection.query("SELECT pg_backend_pid() AS pid").first?.decode("pid") ?? 0
  }
}
