/// When to look for changes: once a second while nothing happens. What is heard of is looked for at once; where much is heard
/// of for long, once a second, too.
struct LookPace {
  struct Next {
    /// If something is heard of before that.
    var ifHeard: ContinuousClock.Instant
    var unlessHeard: ContinuousClock.Instant
  }

  /// While nothing happens.
  let idleInterval: Duration
  /// While tasks run, 0.8 s: nobody is told of their ends, so that with the way to the page they are seen within a second.
  var busyInterval: Duration { idleInterval * 4 / 5 }
  /// What is heard of is not looked for more often than this, however much there is.
  static let leastInterval = Duration.milliseconds(300)
  /// So much time may looks for what is heard of be ahead of one in each interval: ten looks.
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
    if let last { ahead = max(.zero, ahead + interval - (now - last)) }
    last = now
  }

  /// - Parameters:
  ///   - taken: by the last look: a database that takes long is asked less often.
  ///   - isBusy: whether tasks run.
  mutating func next(taken: Duration, isBusy: Bool) -> Next {
    let start = last ?? .now
    interval = isBusy ? busyInterval : idleInterval
    let unlessHeard = max(ahead > .zero ? interval + payment : interval, taken * 5)
    let ifHeard = max(ahead < mostAhead ? Self.leastInterval : interval, taken * 3)
    return Next(ifHeard: start + min(ifHeard, unlessHeard), unlessHeard: start + unlessHeard)
  }
}
