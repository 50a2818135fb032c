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
