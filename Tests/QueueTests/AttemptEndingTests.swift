import Queue
import Base
import Testing

/// The table in `AttemptEnding`, cell by cell.
struct AttemptEndingTests {
  struct TestError: ClassifiedError, Equatable {
    var errorClass = ErrorClass.data
    var summary = "it failed"
    var mayBeHost = false
  }

  enum Shape: Equatable {
    case published, discarded, completed, snoozed, released, givenBack, failed, ranTooLong, suspicious

    init(_ ending: AttemptEnding) {
      switch ending {
      case .published: self = .published
      case .discarded: self = .discarded
      case .completed: self = .completed
      case .snoozed: self = .snoozed
      case .released: self = .released
      case .givenBack: self = .givenBack
      case .failed: self = .failed
      case .ranTooLong: self = .ranTooLong
      case .suspicious: self = .suspicious
      }
    }
  }

  private typealias Outcome = Result<TaskOutcome, any Error>
  private static let stops: [RunningAttempt.StopReason?] = [
    nil, .leaseLost, .timeLimit, .draining, .hostUnwell, .waitedTooLong,
  ]

  private func expect(_ outcome: Outcome, _ row: [Shape], sourceLocation: SourceLocation = #_sourceLocation) {
    for (stop, expected) in zip(Self.stops, row) {
      #expect(
        Shape(AttemptEnding(outcome, stop: stop)) == expected, "\(String(describing: stop))",
        sourceLocation: sourceLocation)
    }
  }

  @Test func theTableNamesEveryReasonToStop() {
    #expect(Self.stops.compactMap { $0 }.count == RunningAttempt.StopReason.allCases.count)
  }

  @Test func aPublicationIsOneWhateverHappened() {
    expect(.success(.published), [Shape](repeating: .published, count: 6))
  }

  @Test func doneIsDoneWhileTheLeaseIsHeld() {
    expect(.success(.completed(result: nil)), [.completed, .discarded, .completed, .completed, .completed, .completed])
    expect(.success(.snoozed(.seconds(1), reason: "")), [.snoozed, .discarded, .snoozed, .snoozed, .snoozed, .snoozed])
  }

  @Test func aLostLeaseIsNobodysFailure() {
    let row = [Shape](repeating: .discarded, count: 6)
    expect(.failure(QueueError.leaseLost("taken")), row)
    expect(.failure(QueueError.workerEnded("given up")), row)
  }

  @Test func anErrorCountsUnlessTheWorkerAskedForTheEnd() {
    expect(.failure(TestError()), [.failed, .discarded, .ranTooLong, .released, .givenBack, .givenBack])
    expect(.failure(CancellationError()), [.failed, .discarded, .ranTooLong, .released, .givenBack, .givenBack])
  }

  @Test func whatMayBeTheHostsIsLookedIntoFirst() {
    expect(
      .failure(TestError(mayBeHost: true)), [.suspicious, .discarded, .ranTooLong, .released, .givenBack, .givenBack])
  }
}
