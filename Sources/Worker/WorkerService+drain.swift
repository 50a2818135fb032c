import Base
import Logging
import Postgres
import Queue
import Telemetry

extension WorkerService {
  /// Claims no more; what runs has until the drain timeout to end.
  func startDraining() async {
    guard drainDeadline == nil else { return }
    drainDeadline = .now + settings.drainTimeout
    manager.stopping("draining: \(keeper.running.count) of \(settings.slots) slots busy")
    logger.info("draining", metadata: ["running": "\(keeper.running.count)"])
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
  ///
  /// - Parameter canReport: false while the queue cannot be told anything: what was given its time to end is then not
  ///   waited for any longer than that.
  func isDone(canReport: Bool) -> Bool {
    guard let drainDeadline else {
      return canReport && settings.endsWhenEmpty && isEmpty && keeper.isEmpty
    }
    let now = ContinuousClock.now
    if now >= drainDeadline { keeper.stopAll(.draining) }
    if keeper.running.isEmpty && (keeper.ledger.isEmpty || !canReport && now >= drainDeadline) { return true }
    return now >= drainDeadline + Self.abandonInterval
  }

  /// Ends for good, in order: what runs is told to stop, and gets the time that it needs for it.
  func end(because error: any Error, _ iterator: inout AsyncStream<Event>.Iterator) async {
    logger.error(
      "the worker ends: the queue can never answer this",
      metadata: ["error": "\(error.inOneLine)", "running": "\(keeper.running.count)"])
    manager.stopping("ends: \(redaction(error.inOneLine))")
    if drainDeadline == nil { drainDeadline = .now }
    keeper.stopAll(.draining)
    let patience = ContinuousClock.now + Self.abandonInterval
    while !keeper.running.isEmpty, ContinuousClock.now < patience {
      await takeEvents(&iterator, for: .milliseconds(100))
    }
    do {
      try await keeper.tellEnds()
      try await completeAndClaim()
    } catch {
      logger.warning("not all that ended could be told", metadata: ["error": "\(error.inOneLine)"])
    }
    await end()
  }

  /// Ends the incarnation: whatever is still held goes back to the queue.
  func end() async {
    for task in keeper.running.values {
      logger.warning("released: its handler does not end", metadata: task.lease.logMetadata)
    }
    if let workerID {
      let reason = drainDeadline == nil ? "nothing left to do" : "stopped"
      for number in 1...Self.goodbyeTries {
        do {
          let released = try await client.stop(workerID: workerID, reason: reason)
          logger.info("worker stopped", metadata: ["reason": "\(reason)", "released": "\(released)"])
          break
        } catch  where number < Self.goodbyeTries && [.passing, .connectionLost].contains(QueueTrouble(error)) {
          try? await Task.sleep(for: settings.retryInterval.shortest * number)
        } catch {
          logger.warning(
            "could not say goodbye; the reaper will see to it", metadata: ["error": "\(error.inOneLine)"])
          break
        }
      }
    }
    // Nothing of it is lost that is cut off; who ends because all is done leaves no work behind.
    if drainDeadline == nil { await keepingHouse?.value } else { keepingHouse?.cancel() }
    await closeSession()
    await client.pool.close()
  }

  private static let goodbyeTries = 5
}
