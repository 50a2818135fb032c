package import Telemetry

/// An attempt whose handler runs in this process.
package struct RunningAttempt {
  /// Why its handler was told to stop.
  package enum StopReason: String, CaseIterable {
    case leaseLost = "lease lost"
    case timeLimit = "time limit"
    case draining = "draining"
    case hostUnwell = "host unwell"
    case waitedTooLong = "waited too long"
  }

  package let lease: TaskLease
  package let steps: AttemptSteps
  /// Kept, so that this attempt alone can be cancelled. Whoever keeps it waits for it before it ends.
  let handle: Task<Void, Never>
  package let waits: AttemptWaits
  package let startedAt: ContinuousClock.Instant
  let timeIsUpAt: ContinuousClock.Instant
  package internal(set) var stopReason: StopReason?
  /// When it was told.
  package private(set) var stoppedAt: ContinuousClock.Instant?
  /// For those who read how the attempt ended.
  private(set) var stopDetail = ""
  private(set) var stopAdvice: String?
  /// What its handler ended with, where the host is looked at before anybody says whose fault it was.
  package internal(set) var suspicion: (any Error)?

  init(
    lease: TaskLease, context: TaskContext, handle: Task<Void, Never>, startedAt: ContinuousClock.Instant = .now
  ) {
    self.lease = lease
    self.handle = handle
    self.startedAt = startedAt
    steps = context.steps
    waits = context.waits
    timeIsUpAt = startedAt + lease.timeLimit
  }

  /// The first reason stays, but for a lost lease, which outweighs any other.
  mutating func stop(
    _ reason: StopReason, _ detail: String = "", advice: String? = nil, at now: ContinuousClock.Instant = .now
  ) {
    guard stopReason == nil || reason == .leaseLost else { return }
    stopReason = reason
    stoppedAt = now
    stopDetail = detail
    stopAdvice = advice
    handle.cancel()
  }
}
