package import Base

/// What an attempt's end means for its task.
package enum AttemptEnding {
  /// The handler completed the task itself: there is nothing to tell.
  case published
  /// The lease is gone, and the task is somebody else's by now: only what the attempt saw is kept.
  case discarded(reason: String)
  case completed(result: String?)
  case snoozed(Duration, reason: String)
  /// Given back at once, and the attempt with it: the worker drains.
  case released
  /// Given back as well, because of the host or of a wait without an end.
  case givenBack
  case failed(any Error)
  case ranTooLong
  /// Failed in a way that may be this host's fault: a look at the host decides whether the task pays for it.
  case suspicious(any Error)

  /// The table: how the handler ended, against why it was told to stop.
  ///
  /// | handler ended        | by itself  | lease lost | time limit | draining  | host unwell, waited too long |
  /// | -------------------- | ---------- | ---------- | ---------- | --------- | ---------------------------- |
  /// | published            | published  | published  | published  | published | published                    |
  /// | completed            | completed  | discarded  | completed  | completed | completed                    |
  /// | snoozed              | snoozed    | discarded  | snoozed    | snoozed   | snoozed                      |
  /// | error: lease lost    | discarded  | discarded  | discarded  | discarded | discarded                    |
  /// | error, maybe of host | suspicious | discarded  | ranTooLong | released  | givenBack                    |
  /// | any other error      | failed     | discarded  | ranTooLong | released  | givenBack                    |
  package init(_ result: Result<TaskOutcome, any Error>, stop: RunningAttempt.StopReason?) {
    switch (result, stop) {
    case (.success(.published), _): self = .published
    case (_, .leaseLost): self = .discarded(reason: RunningAttempt.StopReason.leaseLost.rawValue)
    case (.success(.completed(let result)), _): self = .completed(result: result)
    case (.success(.snoozed(let interval, let reason)), _): self = .snoozed(interval, reason: reason)
    case (.failure(QueueError.leaseLost(let reason)), _), (.failure(QueueError.workerEnded(let reason)), _):
      self = .discarded(reason: reason)
    case (.failure, .timeLimit): self = .ranTooLong
    case (.failure, .draining): self = .released
    case (.failure, .hostUnwell), (.failure, .waitedTooLong): self = .givenBack
    case (.failure(let error as any ClassifiedError), nil) where error.mayBeHost: self = .suspicious(error)
    case (.failure(let error), nil): self = .failed(error)
    }
  }

  /// As metrics, logs and the dashboard call it; the class is nil where nothing failed.
  package var words: (outcome: String, errorClass: ErrorClass?) {
    switch self {
    case .published, .completed: ("completed", nil)
    case .discarded: ("discarded", nil)
    case .snoozed: ("snoozed", nil)
    case .released, .givenBack: ("released", nil)
    case .ranTooLong: ("failed", .transient)
    case .failed(let error), .suspicious(let error):
      ("failed", (error as? any ClassifiedError)?.errorClass ?? .transient)
    }
  }
}
