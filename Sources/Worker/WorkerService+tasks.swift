import Logging
import Queue

extension WorkerService {
  /// Reports what is done and claims what there is room for, in one round trip where both are due.
  func completeAndClaim() async throws {
    guard let workerID else { return }
    let mayClaim = drainDeadline == nil && health.mayClaim(at: .now) && wantsClaim
    let free = mayClaim ? settings.slots - keeper.running.count - abandoned.count : 0
    guard let leases = try await keeper.complete(thenClaim: free, workerID: workerID, filter: settings.filter) else {
      return
    }
    leases.forEach { start($0, workerID) }
    wantsClaim = !leases.isEmpty
    isEmpty = false
    if leases.isEmpty, settings.endsWhenEmpty { wantsTick = true }
  }

  private func start(_ lease: TaskLease, _ workerID: Int) {
    keeper.start(lease, by: registration.identity(workerID), handler) { [post] result in
      post.yield(.finished(leaseToken: lease.leaseToken, result))
    }
  }

  /// Enters how a handler ended.
  func finish(_ token: Int64, _ result: Result<TaskOutcome, any Error>) {
    guard let task = keeper.running[token], let ending = keeper.ending(of: token, result) else {
      if abandoned.remove(token) != nil { wantsClaim = true }
      return
    }
    let level: Logger.Level = drainDeadline == nil ? .debug : .info
    switch ending {
    case .suspicious:
      // The slot stays taken until the host was looked at.
      return probe()
    case .published, .completed:
      health.ended(task.lease.taskID)
      logger.log(level: level, "finished", metadata: task.lease.logMetadata)
    case .discarded(let reason):
      logger.info("stopped", metadata: task.lease.logMetadata.merging(["reason": "\(reason)"]) { $1 })
    default: break  // logged when it is told
    }
    settle(task, ending)
  }

  func settle(_ task: RunningAttempt, _ ending: AttemptEnding) {
    WorkerMetrics.count(ending, task)
    keeper.settle(task.lease.leaseToken, ending)
    wantsClaim = true
  }
}
