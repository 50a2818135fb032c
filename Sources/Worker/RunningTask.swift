import Queue
import Telemetry

/// A task in one of the worker's slots.
struct RunningTask {
  /// Why its handler was told to stop.
  enum StopReason: String, CaseIterable {
    case leaseLost = "lease lost"
    case timeLimit = "time limit"
    case draining = "draining"
    case hostUnwell = "host unwell"
    case waitedTooLong = "waited too long"
  }

  let lease: TaskLease
  let steps: AttemptSteps
  /// Kept, so that this task alone can be cancelled. The service waits for it before it ends.
  let handle: Task<Void, Never>
  let waits: AttemptWaits
  let startedAt: ContinuousClock.Instant
  let timeIsUpAt: ContinuousClock.Instant
  var stopReason: StopReason?
  /// When it was told.
  private(set) var stoppedAt: ContinuousClock.Instant?
  /// For those who read how the attempt ended.
  private(set) var stopDetail = ""
  /// What its handler ended with, where the host is looked at before anybody says whose fault it was.
  var suspicion: (any Error)?

  mutating func stop(_ reason: StopReason, _ detail: String = "", at now: ContinuousClock.Instant = .now) {
    guard stopReason == nil || reason == .leaseLost else { return }
    stopReason = reason
    stoppedAt = now
    stopDetail = detail
    handle.cancel()
  }
}
