import Logging
import Postgres
import Queue

extension WorkerService {
  /// Claims no more; what runs has until the drain timeout to end.
  func startDraining() async {
    guard drainDeadline == nil else { return }
    drainDeadline = .now + settings.drainTimeout
    logger.info("draining", metadata: ["running": "\(running.count)"])
    if let workerID {
      do {
        try await client.drain(workerID: workerID)
      } catch {
        logger.warning("the queue does not know yet that this worker drains", metadata: ["error": "\(error)"])
      }
    }
    Task { [post, timeout = settings.drainTimeout] in
      try? await Task.sleep(for: timeout)
      post.yield(.check)
      try? await Task.sleep(for: Self.abandonInterval)
      post.yield(.check)
    }
  }

  /// Whether the loop has nothing left to wait for.
  func isDone() async throws -> Bool {
    guard let drainDeadline else {
      return settings.endsWhenEmpty && isEmpty && running.isEmpty && completions.isEmpty && reports.isEmpty
    }
    let now = ContinuousClock.now
    if now >= drainDeadline {
      for token in running.keys { running[token]?.stop(.draining) }
    }
    return running.isEmpty && completions.isEmpty && reports.isEmpty || now >= drainDeadline + Self.abandonInterval
  }

  /// Ends the incarnation: whatever is still held goes back to the queue.
  func end() async {
    for task in running.values {
      logger.warning("released: its handler does not end", metadata: task.lease.logMetadata)
    }
    if let workerID {
      do {
        let reason = drainDeadline == nil ? "nothing left to do" : "stopped"
        let released = try await client.stop(workerID: workerID, reason: reason)
        logger.info("worker stopped", metadata: ["reason": "\(reason)", "released": "\(released)"])
      } catch {
        logger.warning("could not say goodbye; the reaper will see to it", metadata: ["error": "\(error)"])
      }
    }
    await closeSession()
    await client.pool.close()
  }
}
