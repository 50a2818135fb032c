import Logging
import Postgres
import Queue
import Telemetry
import Base

/// One host's trouble is not the pool's: a host that is not well takes no tasks, and those that it failed go back with
/// their attempt.
extension WorkerService {
  /// Looks at the host, beside the loop.
  func probe() {
    guard let number = health.beginLook() else { return }
    let errors = keeper.running.values.compactMap(\.suspicion)
    Task { [handler, post, redaction] in
      do {
        let mended = try await handler.probe(after: errors).map { OutsideText.line(redaction($0)) }
        post.yield(.probed(number: number, trouble: nil, advice: nil, mended: mended))
      } catch {
        let trouble = OutsideText.line(redaction(error.inOneLine))
        let advice = (error as? any ClassifiedError)?.advice
        post.yield(.probed(number: number, trouble: trouble, advice: advice, mended: []))
      }
    }
    Task { [post] in
      try? await Task.sleep(for: HostHealth.lookLimit)
      let trouble = "a look at the host took longer than \(HostHealth.lookLimit)"
      post.yield(.probed(number: number, trouble: trouble, advice: nil, mended: []))
    }
  }

  func probed(_ number: Int, _ trouble: String?, _ advice: String?, mended: [String]) {
    let now = ContinuousClock.now
    if !mended.isEmpty { logger.warning("put right on this host", metadata: ["what": "\(mended)"]) }
    switch health.answer(number, trouble, mended: !mended.isEmpty, at: now) {
    case .unknown(let looksAgain):
      if looksAgain { probe() }
      return
    case .well(let recovered):
      if recovered {
        logger.notice("the host is well again")
        wantsClaim = true
      }
      for task in keeper.running.values where task.suspicion != nil { judge(task, mended) }
    case .unwell(let count, let interval, let stopsAll):
      if count == 1 { logger.error("the host is not well; claiming nothing", metadata: ["reason": "\(trouble ?? "")"]) }
      let detail = "is not well: \(trouble ?? "")"
      for (token, task) in keeper.running {
        if task.suspicion != nil {
          keeper.stop(token, .hostUnwell, detail, advice: advice)
          settle(task, .givenBack)
        } else if stopsAll {
          keeper.stop(token, .hostUnwell, detail, advice: advice)
        }
      }
      Task { [weak self] in
        try? await Task.sleep(for: interval)
        await self?.probe()
      }
    }
    wantsTick = true
  }

  /// The host is well now. What began before its last trouble was over may have failed for that all the same.
  private func judge(_ task: RunningAttempt, _ mended: [String]) {
    guard let error = task.suspicion else { return }
    let token = task.lease.leaseToken
    guard let troubledAt = health.troubledAt, troubledAt >= task.startedAt else {
      let isDatabases = error is PostgresError
      let isCollision = (error as? PostgresError)?.isCollision == true
      guard (error as? any ClassifiedError)?.isHosts == true,
        let rest = health.moment(of: task.lease.taskID, isDatabases: isDatabases, at: .now)
      else { return settle(task, .failed(error)) }
      keeper.stop(
        token, .hostUnwell,
        isCollision
          ? "met another transaction in the database"
          : isDatabases ? "had lost the database" : "is well again, and was not for a moment")
      settle(task, .givenBack)
      Task { [post] in
        try? await Task.sleep(for: rest)
        post.yield(.wake)
      }
      return
    }
    keeper.stop(
      token, .hostUnwell, mended.isEmpty ? "was not well meanwhile" : "put right: \(mended.joined(separator: "; "))")
    settle(task, .givenBack)
  }

  /// Tells the queue what is wrong with this host, or that it is well again, once.
  func tellHealth() async throws {
    guard let workerID, toldTrouble != health.trouble else { return }
    let trouble = health.trouble
    try await client.reportHost(workerID: workerID, trouble: trouble)
    toldTrouble = trouble
  }

  /// What was counted against tasks because this process had fallen silent: it lives.
  func excuseLosses() async throws {
    while let lost = lossesToExcuse.first {
      let count = try await client.excuseLoss(
        workerID: lost, reason: redaction(databaseTrouble ?? "it could not be reached"))
      logger.notice("its loss was the database's", metadata: ["lost": "\(lost)", "tasks": "\(count)"])
      lossesToExcuse.removeFirst()
    }
  }

  // MARK: Waits without an end

  /// Tells attempts to stop that have waited for longer than a slot should, and gives up those that do not.
  func endWaits(at now: ContinuousClock.Instant) {
    for (token, task) in keeper.running {
      if task.stopReason == nil, let wait = task.waits.longest(at: now), wait.duration > settings.waitLimit {
        let seconds = settings.waitLimit.components.seconds
        keeper.stop(
          token, .waitedTooLong, "waited for \(wait.what) for longer than \(seconds) s", at: now)
        logger.warning(
          "waited too long", metadata: task.lease.logMetadata.merging(["for": "\(wait.what)"]) { $1 })
        // A host that is cut off waits for everything.
        probe()
      } else if let stoppedAt = task.stoppedAt, now - stoppedAt > Self.abandonInterval {
        switch task.stopReason {
        case .hostUnwell?, .waitedTooLong?: abandon(task)
        default: break
        }
      }
    }
  }

  /// A handler that does not end, since a call into the system does not come back: its task goes on elsewhere, and its slot
  /// is taken until it does. Nothing of it can be published any more.
  private func abandon(_ task: RunningAttempt) {
    logger.warning("left behind: its handler does not end", metadata: task.lease.logMetadata)
    abandoned.insert(task.lease.leaseToken)
    settle(task, .givenBack)
  }
}
