/// How long to wait for changes: a second, where nothing changes. What changes after quiet is told at once; where much changes
/// for long, each 0.8 s.
struct LookPace {
  struct Next {
    /// Until then nobody waits for changes.
    var ifChanged: ContinuousClock.Instant
    var unlessChanged: ContinuousClock.Instant
  }

  /// While nothing happens.
  let idleInterval: Duration
  /// While tasks run, or changes do not end, 0.8 s: with the way to the page, too, each is seen within a second.
  var busyInterval: Duration { idleInterval * 4 / 5 }
  /// What changes is not told more often than this, however much does.
  static let leastInterval = Duration.milliseconds(300)
  /// So much time may looks at what changed be ahead of one in each interval: ten looks.
  var mostAhead: Duration { idleInterval * 10 }
  /// While they are ahead, those for nothing come so much later.
  var payment: Duration { idleInterval / 10 }

  private var last: ContinuousClock.Instant?
  private var interval: Duration
  /// How much time ahead they are.
  private var ahead = Duration.zero

  init(interval: Duration = .seconds(1)) {
    idleInterval = interval
    self.interval = interval
  }

  mutating func look(at now: ContinuousClock.Instant) {
    if let last { ahead = min(mostAhead, max(.zero, ahead + interval - (now - last))) }
    last = now
  }

  /// - Parameters:
  ///   - taken: by the last look: a database that takes long is asked less often.
  ///   - isBusy: whether tasks run.
  mutating func next(taken: Duration, isBusy: Bool) -> Next {
    let start = last ?? .now
    interval = isBusy ? busyInterval : idleInterval
    let unlessChanged = max(ahead > .zero ? interval + payment : interval, taken * 5)
    let ifChanged = max(ahead < mostAhead ? Self.leastInterval : busyInterval, taken * 3)
    return Next(ifChanged: start + min(ifChanged, unlessChanged), unlessChanged: start + unlessChanged)
  }
}
