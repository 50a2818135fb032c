internal import Base
package import Logging
package import Telemetry

/// Keeps the attempts of one process, and brings each to its end: it runs the handlers, tells the queue that they live and
/// how far they have come, stops those whose lease is lost or whose time is over, and tells how each ended. For the worker's
/// loop and for `aker run` alike.
///
/// Not Sendable: it belongs to the one loop that takes the decisions. What the queue cannot be told now is kept until it
/// can: `AttemptLedger` has it meanwhile.
package final class AttemptKeeper {
  /// By lease token.
  package private(set) var running: [Int64: RunningAttempt] = [:]
  package private(set) var ledger: AttemptLedger
  package var logger: Logger
  private let client: QueueClient
  private let redaction: Redaction

  /// - Parameter name: of the worker, for the reasons that others read.
  package init(client: QueueClient, redaction: Redaction, name: String, logger: Logger) {
    self.client = client
    self.redaction = redaction
    self.logger = logger
    ledger = AttemptLedger(redaction: redaction, workerName: name)
  }

  /// Neither does anything run, nor has the queue anything to be told.
  package var isEmpty: Bool { running.isEmpty && ledger.isEmpty }
  /// All leases that it answers for.
  package var leaseTokens: [Int64] { running.keys + ledger.leaseTokens }

  // MARK: Beginning and stopping

  /// Runs the handler in a task of its own.
  ///
  /// - Parameter ended: is called by that task: the loop then asks for the `ending`.
  package func start(
    _ lease: TaskLease, by worker: WorkerIdentity, _ handler: any TaskHandler,
    ended: @escaping @Sendable (Result<TaskOutcome, any Error>) -> Void
  ) {
    let context = TaskContext(worker: worker, logger: logger, lease: lease)
    logger.debug("started", metadata: lease.logMetadata)
    let handle = Task {
      do {
        ended(
          .success(try await AttemptWaits.observed(by: context.waits) { try await handler.run(lease, context) }))
      } catch {
        ended(.failure(error))
      }
    }
    running[lease.leaseToken] = RunningAttempt(lease: lease, context: context, handle: handle)
  }

  /// - Parameter detail: for those who read how the attempt ended, as it follows the worker's name.
  package func stop(
    _ token: Int64, _ reason: RunningAttempt.StopReason, _ detail: String = "", advice: String? = nil,
    at now: ContinuousClock.Instant = .now
  ) {
    running[token]?.stop(reason, detail, advice: advice, at: now)
  }

  package func stopAll(_ reason: RunningAttempt.StopReason) {
    for token in running.keys { stop(token, reason) }
  }

  // MARK: Living

  /// Tells the queue that the attempts live; stops those that it gave to others, and those whose time is over.
  ///
  /// - Throws: `QueueError.workerEnded` when the incarnation was given up, and all its leases with it.
  package nonisolated(nonsending) func tick(workerID: Int) async throws -> QueueClient.Tick {
    let now = ContinuousClock.now
    for (token, attempt) in running where attempt.timeIsUpAt < now { stop(token, .timeLimit, at: now) }
    let held = running.filter { $0.value.stopReason != .leaseLost }.map(\.key)
    let tick = try await client.tick(workerID: workerID, leaseTokens: held)
    for token in tick.lostTokens { stop(token, .leaseLost) }
    return tick
  }

  /// Tells how far the attempts have come: for whoever asks what one does, or did when its worker died.
  package nonisolated(nonsending) func tellSteps() async throws {
    let told = running.values.compactMap { attempt in attempt.steps.note(redaction).map { (attempt, $0) } }
    guard !told.isEmpty else { return }
    do {
      try await client.note(told.map { ($0.0.lease, $0.1) })
    } catch {
      for (attempt, _) in told { attempt.steps.noteIsUntold() }
      throw error
    }
  }

  // MARK: Ending

  /// How an attempt ended whose handler did; nil where it is kept no longer.
  ///
  /// What may be the host's fault keeps its place, and is remembered as its `suspicion`: `settle` decides it.
  package func ending(of token: Int64, _ result: Result<TaskOutcome, any Error>) -> AttemptEnding? {
    guard let attempt = running[token] else { return nil }
    let ending = AttemptEnding(result, stop: attempt.stopReason)
    if case .suspicious(let error) = ending { running[token]?.suspicion = error }
    return ending
  }

  /// Enters into the ledger how an attempt ended, and keeps it no longer.
  package func settle(_ token: Int64, _ ending: AttemptEnding) {
    guard let attempt = running.removeValue(forKey: token) else { return }
    logEnd(attempt, ending)
    if case .givenBack = ending {
      ledger.enterGivenBack(
        attempt.stopDetail, attempt.suspicion, advice: attempt.stopAdvice, attempt.lease, attempt.steps)
    } else {
      ledger.enter(ending, attempt.lease, attempt.steps)
    }
  }

  /// What did no more than to end (no-op tasks, by thousands a second) is not worth a line each.
  private func logEnd(_ attempt: RunningAttempt, _ ending: AttemptEnding) {
    let steps = attempt.steps.finishedSeconds
    guard !steps.isEmpty else { return }
    logger.info(
      "attempt ended",
      metadata: attempt.lease.logMetadata.merging([
        "outcome": "\(ending.words.outcome)",
        "sources": "\(attempt.lease.sourceIDs.joined(separator: ","))",
        "seconds": "\(Self.seconds((.now - attempt.startedAt) / .seconds(1)))",
        "steps": "\(steps.map { "\($0.step)=\(Self.seconds($0.seconds))" }.joined(separator: " "))",
      ]) { $1 })
  }

  /// To the millisecond.
  private static func seconds(_ seconds: Double) -> Double { (seconds * 1000).rounded() / 1000 }

  /// The incarnation was given up: what runs is told to stop, and what was to be told counts no longer.
  package func forgetAll() {
    stopAll(.leaseLost)
    ledger.forgetAll()
  }

  // MARK: Telling

  /// Reports what is done and claims, in one round trip where both are due.
  ///
  /// - Parameter slots: how many tasks to claim; 0 claims none.
  /// - Returns: what was claimed, not yet started; nil where nothing was asked for.
  package nonisolated(nonsending) func complete(
    thenClaim slots: Int, workerID: Int, filter: QueueClient.Filter
  ) async throws -> [TaskLease]? {
    let reported = ledger.completions
    let leases: [TaskLease]?
    let lost: [Int64]
    do {
      switch (reported.isEmpty, slots > 0) {
      case (true, false): return nil
      case (false, false): (lost, leases) = (try await client.complete(reported), nil)
      case (true, true): (lost, leases) = ([], try await client.claim(workerID: workerID, slots: slots, filter: filter))
      case (false, true):
        (lost, leases) = try await client.complete(reported, thenClaim: slots, workerID: workerID, filter: filter)
      }
    } catch  where !reported.isEmpty && QueueTrouble.refusesValues(error) != nil {
      try await completeOneByOne(reported)
      return nil
    }
    ledger.completionsAreStored(reported.count)
    for token in lost { logger.info("completed a task whose lease was lost", metadata: ["attempt": "\(token)"]) }
    return leases
  }

  /// One of them has a result that cannot be stored: it must not keep the others from being told.
  private nonisolated(nonsending) func completeOneByOne(_ completions: [QueueClient.Completion]) async throws {
    for completion in completions {
      do {
        _ = try await client.complete([completion])
      } catch  where QueueTrouble.refusesValues(error) != nil {
        logger.error(
          "a task is completed without its result, which cannot be stored",
          metadata: ["task": "\(completion.taskID)", "error": "\(error.inOneLine)"])
        _ = try await client.complete([.init(taskID: completion.taskID, leaseToken: completion.leaseToken, result: nil)]
        )
      }
      ledger.completionsAreStored(1)
    }
  }

  /// Tells the queue of the rare ends, one by one.
  ///
  /// - Returns: what became of those attempts of which the queue says it.
  @discardableResult
  package nonisolated(nonsending) func tellEnds() async throws -> [Int64: AttemptState] {
    var states: [Int64: AttemptState] = [:]
    while let report = ledger.nextReport {
      let metadata = report.lease.logMetadata
      do {
        states[report.lease.leaseToken] = try await send(report)
      } catch QueueError.leaseLost(let reason) {
        logger.info("fenced off", metadata: metadata.merging(["reason": "\(reason)"]) { $1 })
      } catch {
        guard let state = QueueTrouble.refusesValues(error) else { throw error }
        logger.error(
          "the database does not store a report",
          metadata: metadata.merging(["error": "\(error.inOneLine)", "report": "\(report)"]) { $1 })
        ledger.reportIsRefused(sqlState: state)
        continue
      }
      ledger.reportIsStored()
    }
    return states
  }

  private nonisolated(nonsending) func send(_ report: AttemptLedger.Report) async throws -> AttemptState? {
    let lease = report.lease
    switch report {
    case .snooze(_, let interval, let reason):
      try await client.snooze(lease, for: interval, reason: reason)
      logger.info("snoozed", metadata: lease.logMetadata.merging(["reason": "\(reason)"]) { $1 })
      return nil
    case .release(_, let reason):
      try await client.release(lease, reason: reason)
      logger.info("released", metadata: lease.logMetadata.merging(["reason": "\(reason)"]) { $1 })
      return nil
    case .giveBack(_, let reason, let detail):
      let state = try await client.giveBack(lease, reason: reason, detail: detail)
      logger.warning(
        "given back",
        metadata: lease.logMetadata.merging(["outcome": "\(state.rawValue)", "reason": "\(reason)"]) { $1 })
      return state
    case .note(_, let detail):
      try await client.note([(lease, detail)])
      return nil
    case .failure(_, let failure):
      let state = try await client.fail(
        lease, errorClass: failure.errorClass, reason: failure.reason, detail: failure.detail,
        retryAfter: failure.retryAfter)
      let details: Logger.Metadata = [
        "class": "\(failure.errorClass.rawValue)", "outcome": "\(state.rawValue)", "reason": "\(failure.reason)",
      ]
      logger.info("attempt failed", metadata: lease.logMetadata.merging(details) { $1 })
      return state
    }
  }
}
