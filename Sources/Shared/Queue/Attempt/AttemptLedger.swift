internal import Base
package import Telemetry

/// What ended attempts left for the queue to be told, in order, until it has been told. Pure: no clock and no database.
///
/// A task's end always gets stored: what the database refuses to store is made shorter, until nothing of it came from
/// outside.
package struct AttemptLedger {
  /// The rare ends, told one by one.
  package enum Report {
    case snooze(TaskLease, Duration, reason: String)
    case release(TaskLease, reason: String)
    case giveBack(TaskLease, reason: String, detail: String?)
    case failure(TaskLease, FailureReport)
    case note(TaskLease, detail: String)

    package var lease: TaskLease {
      switch self {
      case .snooze(let lease, _, _), .release(let lease, _), .giveBack(let lease, _, _), .failure(let lease, _),
        .note(let lease, _):
        lease
      }
    }
  }

  package private(set) var completions: [QueueClient.Completion] = []
  package private(set) var reports: [Report] = []
  /// How often the first report was refused.
  private var refusals = 0
  private let redaction: Redaction
  /// For the reasons that others read.
  private let workerName: String

  package init(redaction: Redaction, workerName: String) {
    self.redaction = redaction
    self.workerName = workerName
  }

  package var isEmpty: Bool { completions.isEmpty && reports.isEmpty }
  package var nextReport: Report? { reports.first }
  /// Of the first attempt that failed, or that ran longer than its limit.
  package var failure: FailureReport? {
    reports.lazy.compactMap { if case .failure(_, let failure) = $0 { failure } else { nil } }.first
  }
  /// The leases that the worker knows of though nothing runs for them any more.
  package var leaseTokens: [Int64] { completions.map(\.leaseToken) + reports.map(\.lease.leaseToken) }

  /// What is suspicious still, nobody has found the host to blame for: it counts as a failure.
  package mutating func enter(_ ending: AttemptEnding, _ lease: TaskLease, _ steps: AttemptSteps) {
    switch ending {
    case .published: keepLog(lease, steps)
    case .discarded: note(lease, steps)
    case .completed(let result):
      completions.append(.init(taskID: lease.taskID, leaseToken: lease.leaseToken, result: result))
      keepLog(lease, steps)
    case .snoozed(let interval, let reason):
      reports.append(.snooze(lease, interval, reason: OutsideText.line(redaction(reason))))
    case .released:
      reports.append(.release(lease, reason: "worker \(workerName) stops"))
      note(lease, steps)
    case .ranTooLong:
      let report = FailureReport(
        .transient, "ran longer than its limit of \(lease.timeLimit)", type: "TimeLimit", steps: steps,
        redaction: redaction)
      reports.append(.failure(lease, report))
    case .givenBack: enterGivenBack("it was stopped", nil, lease, steps)
    case .failed(let error), .suspicious(let error):
      reports.append(.failure(lease, FailureReport(error, steps: steps, redaction: redaction)))
    }
  }

  /// Gives the task back with its attempt: neither it nor its source is to blame.
  ///
  /// - Parameters:
  ///   - reason: what is to blame, as it follows the worker's name.
  ///   - error: what the attempt itself met, if anything.
  ///   - advice: what to do about that which is to blame.
  package mutating func enterGivenBack(
    _ reason: String, _ error: (any Error)?, advice: String? = nil, _ lease: TaskLease, _ steps: AttemptSteps
  ) {
    let report =
      error.map { FailureReport($0, advice: advice, steps: steps, redaction: redaction) }
      ?? FailureReport(.transient, "", type: "GivenBack", advice: advice, steps: steps, redaction: redaction)
    let why = OutsideText.line(redaction("worker \(workerName) \(reason)"))
    reports.append(
      .giveBack(lease, reason: report.reason.isEmpty ? why : "\(report.reason) (\(why))", detail: report.detail))
  }

  /// Tells how far an attempt came that ends without a word of its own.
  private mutating func note(_ lease: TaskLease, _ steps: AttemptSteps) {
    if let detail = steps.note(redaction) { reports.append(.note(lease, detail: detail)) }
  }

  /// Of an attempt that succeeded.
  private mutating func keepLog(_ lease: TaskLease, _ steps: AttemptSteps) {
    if let detail = steps.lastWord(redaction) { reports.append(.note(lease, detail: detail)) }
  }

  package mutating func completionsAreStored(_ count: Int) {
    completions.removeFirst(count)
  }

  package mutating func reportIsStored() {
    reports.removeFirst()
    refusals = 0
  }

  /// The database will never store the first report as it is: says less.
  ///
  /// Where nothing is left to leave out, the report is dropped: the lease then ends at its deadline, or with the worker.
  package mutating func reportIsRefused(sqlState: String) {
    refusals += 1
    let plain = "its report could not be stored (SQLSTATE \(sqlState)); the worker's log has it"
    switch (reports[0], refusals) {
    case (.failure(let lease, let failure), 1):
      // The detail holds what came from outside: causes, addresses, steps.
      reports[0] = .failure(lease, failure.saying(failure.reason))
    case (.failure(let lease, let failure), 2): reports[0] = .failure(lease, failure.saying(plain))
    case (.snooze(let lease, let interval, _), 1): reports[0] = .snooze(lease, interval, reason: plain)
    case (.release(let lease, _), 1): reports[0] = .release(lease, reason: plain)
    case (.giveBack(let lease, let reason, .some), 1): reports[0] = .giveBack(lease, reason: reason, detail: nil)
    case (.giveBack(let lease, _, _), 1...2): reports[0] = .giveBack(lease, reason: plain, detail: nil)
    default:
      reportIsStored()
    }
  }

  /// The incarnation was given up, and all its leases with it.
  package mutating func forgetAll() {
    completions = []
    reports = []
    refusals = 0
  }
}
