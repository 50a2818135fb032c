import Logging
import Queue
import Base
import Telemetry

extension WorkerService {
  /// Reports what is done and claims what there is room for, in one round trip where both are due.
  func completeAndClaim() async throws {
    guard let workerID else { return }
    let mayClaim = drainDeadline == nil && health.mayClaim(at: .now) && wantsClaim
    let free = mayClaim ? settings.slots - running.count - abandoned.count : 0
    let reported = ledger.completions
    let leases: [TaskLease]
    let lost: [Int64]
    do {
      switch (reported.isEmpty, free > 0) {
      case (true, false): return
      case (false, false):
        (lost, leases) = (try await client.complete(reported), [])
      case (true, true):
        (lost, leases) = ([], try await client.claim(workerID: workerID, slots: free, filter: settings.filter))
      case (false, true):
        (lost, leases) = try await client.complete(
          reported, thenClaim: free, workerID: workerID, filter: settings.filter)
      }
    } catch  where !reported.isEmpty && QueueTrouble.refusesValues(error) != nil {
      return try await completeOneByOne(reported)
    }
    ledger.completionsAreStored(reported.count)
    for token in lost { logger.info("completed a task whose lease was lost", metadata: ["attempt": "\(token)"]) }
    leases.forEach(start)
    if free > 0 {
      wantsClaim = !leases.isEmpty
      isEmpty = false
      if leases.isEmpty, settings.endsWhenEmpty { wantsTick = true }
    }
  }

  /// One of them has a result that cannot be stored: it must not keep the others from being told.
  private func completeOneByOne(_ completions: [QueueClient.Completion]) async throws {
    for completion in completions {
      do {
        _ = try await client.complete([completion])
      } catch  where QueueTrouble.refusesValues(error) != nil {
        logger.error(
          "a task is completed without its result, which cannot be stored",
          metadata: ["task": "\(completion.taskID)", "error": "\(Self.summary(error))"])
        _ = try await client.complete([.init(taskID: completion.taskID, leaseToken: completion.leaseToken, result: nil)]
        )
      }
      ledger.completionsAreStored(1)
    }
  }

  private func start(_ lease: TaskLease) {
    let identity = WorkerIdentity(
      workerID: workerID ?? 0, name: settings.name, host: settings.host, version: settings.version)
    let context = TaskContext(worker: identity, logger: logger, lease: lease)
    logger.debug("started", metadata: lease.logMetadata)
    let handle = Task { [handler, post] in
      let result: Result<TaskOutcome, any Error>
      do {
        result = .success(
          try await AttemptWaits.observed(by: context.waits) { try await handler.run(lease, context) })
      } catch {
        result = .failure(error)
      }
      post.yield(.finished(leaseToken: lease.leaseToken, result))
    }
    running[lease.leaseToken] = RunningTask(
      lease: lease, steps: context.steps, handle: handle, waits: context.waits, startedAt: .now,
      timeIsUpAt: .now + lease.timeLimit)
  }

  /// Enters how a handler ended.
  func finish(_ token: Int64, _ result: Result<TaskOutcome, any Error>) {
    guard let task = running[token] else {
      if abandoned.remove(token) != nil { wantsClaim = true }
      return
    }
    let ending = AttemptEnding(result, stop: task.stopReason)
    if case .suspicious(let error) = ending {
      // The slot stays taken until the host was looked at.
      running[token]?.suspicion = error
      return probe()
    }
    let level: Logger.Level = drainDeadline == nil ? .debug : .info
    switch ending {
    case .published, .completed:
      health.ended(task.lease.taskID)
      logger.log(level: level, "finished", metadata: task.lease.logMetadata)
    case .discarded(let reason):
      logger.info("stopped", metadata: task.lease.logMetadata.merging(["reason": "\(reason)"]) { $1 })
    default: break  // logged when it is told
    }
    settle(task, ending)
  }

  func settle(_ task: RunningTask, _ ending: AttemptEnding) {
    running[task.lease.leaseToken] = nil
    WorkerMetrics.count(ending, task)
    // What did no more than to end (no-op tasks, by thousands a second) is not worth a line each.
    let steps = task.steps.finishedSeconds
    if !steps.isEmpty {
      logger.info(
        "attempt ended",
        metadata: task.lease.logMetadata.merging([
          "outcome": "\(WorkerMetrics.words(ending).outcome)",
          "sources": "\(task.lease.sourceIDs.joined(separator: ","))",
          "seconds": "\(Self.seconds((.now - task.startedAt) / .seconds(1)))",
          "steps": "\(steps.map { "\($0.step)=\(Self.seconds($0.seconds))" }.joined(separator: " "))",
        ]) { $1 })
    }
    wantsClaim = true
    if case .givenBack = ending {
      ledger.enterGivenBack(task.stopDetail, task.suspicion, task.lease, task.steps)
    } else {
      ledger.enter(ending, task.lease, task.steps)
    }
  }

  /// To the millisecond.
  private static func seconds(_ seconds: Double) -> Double { (seconds * 1000).rounded() / 1000 }

  /// Tells the queue of the rare ends, one by one.
  func sendReports() async throws {
    while let report = ledger.nextReport {
      let metadata = report.lease.logMetadata
      do {
        try await send(report)
      } catch QueueError.leaseLost(let reason) {
        logger.info("fenced off", metadata: metadata.merging(["reason": "\(reason)"]) { $1 })
      } catch {
        guard let state = QueueTrouble.refusesValues(error) else { throw error }
        logger.error(
          "the database does not store a report",
          metadata: metadata.merging(["error": "\(Self.summary(error))", "report": "\(report)"]) { $1 })
        ledger.reportIsRefused(sqlState: state)
        continue
      }
      ledger.reportIsStored()
    }
  }

  private func send(_ report: AttemptLedger.Report) async throws {
    let lease = report.lease
    switch report {
    case .snooze(_, let interval, let reason):
      try await client.snooze(lease, for: interval, reason: reason)
      logger.info("snoozed", metadata: lease.logMetadata.merging(["reason": "\(reason)"]) { $1 })
    case .release(_, let reason):
      try await client.release(lease, reason: reason)
      logger.info("released", metadata: lease.logMetadata.merging(["reason": "\(reason)"]) { $1 })
    case .giveBack(_, let reason, let detail):
      let outcome = try await client.giveBack(lease, reason: reason, detail: detail)
      logger.warning(
        "given back", metadata: lease.logMetadata.merging(["outcome": "\(outcome)", "reason": "\(reason)"]) { $1 })
    case .note(_, let detail): try await client.note([(lease, detail)])
    case .failure(_, let failure):
      let outcome = try await client.fail(
        lease, errorClass: failure.errorClass, reason: failure.reason, detail: failure.detail,
        retryAfter: failure.retryAfter)
      let details: Logger.Metadata = [
        "class": "\(failure.errorClass.rawValue)", "outcome": "\(outcome.rawValue)", "reason": "\(failure.reason)",
      ]
      logger.info("attempt failed", metadata: lease.logMetadata.merging(details) { $1 })
    }
  }
}
