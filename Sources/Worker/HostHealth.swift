/// What the worker knows of its host: whether it is well, and when to look again. Pure: no clock of its own.
struct HostHealth {
  /// What is wrong, in one line; nil while the host is well. Nothing is claimed meanwhile.
  private(set) var trouble: String?
  /// Which look the next answer must belong to: a look that took too long no longer counts.
  private(set) var number = 0
  private(set) var isLooking = false
  /// Another look was asked for while one was under way, which may have begun before what it is to explain.
  private var wantsAnother = false
  private var failureCount = 0
  private var lookedAt: ContinuousClock.Instant?
  /// When something was last found to be wrong, be it put right at once: whatever ran then may have failed for it.
  private(set) var troubledAt: ContinuousClock.Instant?

  /// Of a worker that runs tasks and meets nothing: a lake or a cache that hangs shows by this alone.
  static let lookInterval = Duration.seconds(30)
  /// A look that takes longer is an answer, too.
  static let lookLimit = Duration.seconds(20)
  /// Between looks at a host that is not well.
  static let retryInterval = (shortest: Duration.seconds(1), longest: Duration.seconds(30))
  /// So many looks in a row that find trouble end what still runs: once may be a moment's trouble.
  static let stopCount = 2

  // MARK: Moments

  /// Nothing is claimed before: the host had a moment's trouble.
  private var restsUntil: ContinuousClock.Instant?
  private var momentCount = 0
  private var momentsByTask: [Int64: Int] = [:]
  /// How often a task may meet the like on this worker before it pays: it may be what fills the disk.
  static let momentLimit = 3
  /// Of tasks that are remembered. Beyond it all are forgotten, which gives some of them a moment more.
  private static let rememberedTasks = 1000

  func mayClaim(at now: ContinuousClock.Instant) -> Bool {
    trouble == nil && restsUntil.map { $0 <= now } ?? true
  }

  /// An attempt met what is the host's trouble for certain, of which a look finds nothing any more.
  ///
  /// - Parameter isDatabases: of a session that the database ended: all that runs meets that at once, and without a database
  ///   nothing is claimed anyway, so that it makes no rest longer.
  /// - Returns: for how long to claim nothing; nil where this task has met it too often for it to be the host alone.
  mutating func moment(
    of taskID: Int64, isDatabases: Bool = false, at now: ContinuousClock.Instant
  ) -> Duration? {
    if momentsByTask.count > Self.rememberedTasks { momentsByTask = [:] }
    momentsByTask[taskID, default: 0] += 1
    let isExcused = momentsByTask[taskID, default: 0] <= Self.momentLimit
    if isDatabases {
      restsUntil = max(restsUntil ?? now, now + Self.retryInterval.shortest)
      return isExcused ? Self.retryInterval.shortest : nil
    }
    // Trouble that comes soon after the last is the same one.
    let isAnother = restsUntil.map { now - $0 > Self.lookInterval } ?? true
    momentCount = isAnother ? 1 : momentCount + 1
    let rest = min(Self.retryInterval.shortest * (1 << min(momentCount - 1, 8)), Self.retryInterval.longest)
    restsUntil = now + rest
    return isExcused ? rest : nil
  }

  mutating func ended(_ taskID: Int64) { momentsByTask[taskID] = nil }

  // MARK: Looks

  func isLookDue(at now: ContinuousClock.Instant) -> Bool {
    guard !isLooking, trouble == nil else { return false }
    return lookedAt.map { now - $0 > Self.lookInterval } ?? true
  }

  /// - Returns: the number of the look to begin; nil when one is under way, which will be followed by another.
  mutating func beginLook() -> Int? {
    if isLooking {
      wantsAnother = true
      return nil
    }
    isLooking = true
    number += 1
    return number
  }

  enum Verdict: Equatable {
    /// Nothing to conclude: an answer too late, or to a look that began too early.
    case unknown(looksAgain: Bool)
    case well(recovered: Bool)
    case unwell(since: Int, looksAgainIn: Duration, stopsAll: Bool)
  }

  /// - Parameter mended: whether the look put something right.
  mutating func answer(
    _ number: Int, _ trouble: String?, mended: Bool = false, at now: ContinuousClock.Instant
  ) -> Verdict {
    guard isLooking, number == self.number else { return .unknown(looksAgain: false) }
    isLooking = false
    lookedAt = now
    if mended || trouble != nil { troubledAt = now }
    if wantsAnother {
      wantsAnother = false
      return .unknown(looksAgain: true)
    }
    let wasUnwell = self.trouble != nil
    self.trouble = trouble
    guard trouble != nil else {
      failureCount = 0
      return .well(recovered: wasUnwell)
    }
    failureCount += 1
    let wait = Self.retryInterval.shortest * (1 << min(failureCount - 1, 8))
    return .unwell(
      since: failureCount, looksAgainIn: min(wait, Self.retryInterval.longest), stopsAll: failureCount >= Self.stopCount
    )
  }
}
