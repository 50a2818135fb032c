internal import Base
internal import Logging
internal import Synchronization
internal import Telemetry

/// What an attempt logged, kept with it: the first lines and the last, so that what is long stays bounded.
final class AttemptLog: Sendable {
  struct Line: Sendable, Equatable, Encodable {
    /// Seconds after the attempt's start.
    var after: Double
    var level: String
    var text: String
  }

  private struct State {
    var first: [Line] = []
    var last: [Line] = []
    var dropped = 0
    var isWorthKeeping = false
  }

  private static let firstCount = 30
  private static let lastCount = 70
  /// Of a line: with a hundred of them, 40 kB are the most that an attempt keeps.
  private static let characterLimit = 400

  private let startedAt: ContinuousClock.Instant
  private let state = Mutex(State())

  init(startedAt: ContinuousClock.Instant) {
    self.startedAt = startedAt
  }

  func add(_ event: LogEvent) {
    // The attempt's own facts are not repeated on each of its lines.
    let metadata = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    let text = ([event.message.description] + metadata).joined(separator: " ")
    let line = Line(
      after: ((.now - startedAt) / .milliseconds(1)).rounded() / 1000, level: event.level.rawValue,
      text: String(text.prefix(Self.characterLimit)))
    state.withLock { state in
      if event.level >= .info { state.isWorthKeeping = true }
      guard state.first.count >= Self.firstCount else { return state.first.append(line) }
      state.last.append(line)
      guard state.last.count > Self.lastCount else { return }
      state.last.removeFirst()
      state.dropped += 1
    }
  }

  /// Whether it has more than what a debugger wants to know: such a log is kept of attempts that succeed, too.
  var isWorthKeeping: Bool { state.withLock { $0.isWorthKeeping } }

  func lines(_ redaction: Redaction) -> [Line] {
    state.withLock { state in
      var lines = state.first
      if state.dropped > 0, let next = state.last.first {
        lines.append(Line(after: next.after, level: "info", text: "(\(state.dropped.counted("line")) left out)"))
      }
      lines += state.last
      for index in lines.indices { lines[index].text = OutsideText.line(redaction(lines[index].text)) }
      return lines
    }
  }
}

/// Passes events on, and keeps them with the attempt: those, too, that are too fine for the process's own log.
struct KeepingLogHandler: LogHandler {
  private var inner: any LogHandler
  private let log: AttemptLog

  init(_ inner: any LogHandler, _ log: AttemptLog) {
    self.inner = inner
    self.log = log
  }

  var logLevel: Logger.Level {
    get { min(inner.logLevel, .debug) }
    set { inner.logLevel = newValue }
  }

  var metadata: Logger.Metadata {
    get { inner.metadata }
    set { inner.metadata = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { inner[metadataKey: key] }
    set { inner[metadataKey: key] = newValue }
  }

  func log(event: LogEvent) {
    log.add(event)
    if event.level >= inner.logLevel { inner.log(event: event) }
  }
}
