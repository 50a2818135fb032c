import Queue

/// A task in one of the worker's slots.
struct RunningTask {
  /// Why its handler was told to stop.
  enum StopReason: String, CaseIterable {
    case leaseLost = "lease lost"
    case timeLimit = "time limit"
    case draining = "draining"
    case hostUnwell = "host unwell"
  }

  let lease: TaskLease
  let steps: AttemptSteps
  /// Kept, so that this task alone can be cancelled. The service waits for it before it ends.
  let handle: Task<Void, Never>
  let timeIsUpAt: ContinuousClock.Instant
  var stopReason: StopReason?
  /// What its handler ended with, where the host is looked at before anybody says whose fault it was.
  var suspicion: (any Error)?

  mutating func stop(_ reason: StopReason) {
    guard stopReason == nil || reason == .leaseLost else { return }
    stopReason = reason
    handle.cancel()
  }
}
