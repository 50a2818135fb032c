import Base

/// How far a step has come, in one line: a bar where the end is known, what was done and how fast where it is not.
struct ProgressBar {
  enum Unit {
    case bytes, rows

    func text(_ count: Int) -> String {
      switch self {
      case .bytes: ByteCount(Int64(count)).text
      case .rows: count.counted("row")
      }
    }
  }

  private var done = 0
  private var shownAt: ContinuousClock.Instant?
  private let startedAt: ContinuousClock.Instant

  init(startedAt: ContinuousClock.Instant = .now) {
    self.startedAt = startedAt
  }

  /// A tenth of a second: more often, the eye sees nothing more and the terminal is kept busy.
  private static let interval = Duration.milliseconds(100)
  private static let mostWidth = 40

  /// - Returns: the line; nil where the last one was shown just now.
  mutating func advance(
    by portion: Int, of total: Int?, _ unit: Unit, columns: Int, unicode: Bool, at now: ContinuousClock.Instant = .now
  ) -> String? {
    done = max(0, done + portion)
    if let shownAt, now - shownAt < Self.interval { return nil }
    shownAt = now
    let seconds = (now - startedAt) / .seconds(1)
    let rate = seconds >= 1 ? "  \(unit.text(Int(Double(done) / seconds)))/s" : ""
    guard let total, total > 0 else { return unit.text(done) + rate }
    let text = "  \(min(100, done * 100 / total))% of \(unit.text(total))\(rate)"
    let width = min(Self.mostWidth, columns - text.count)
    guard width >= 5 else { return text }
    let full = min(width, done * width / total)
    let (filled, empty): (Character, Character) = unicode ? ("█", "·") : ("#", ".")
    return String(repeating: filled, count: full) + String(repeating: empty, count: width - full) + text
  }
}
