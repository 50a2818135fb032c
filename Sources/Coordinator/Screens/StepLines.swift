import Base
import Pipeline
import Synchronization

/// The steps of one partition as they go: each shows itself from its first second on a terminal, and as a line when it has
/// ended everywhere.
final class StepLines: Sendable {
  private let terminal: Terminal
  private let style: Style
  private let isInteractive: Bool
  private let ended = Mutex<[Line]>([])
  private let bar = Mutex(ProgressBar())

  struct Line: Encodable, Sendable {
    var step: String
    var seconds: Double
    var detail: String
  }

  init(_ terminal: Terminal) {
    self.terminal = terminal
    style = Style(terminal)
    isInteractive = terminal.isInteractive
  }

  /// What has ended, in order.
  var lines: [Line] { ended.withLock { $0 } }

  func observe(_ event: StepEvent) {
    let name = event.step.rawValue.padded(to: Self.nameWidth)
    switch event.phase {
    case .progressed(let portion, let total):
      guard isInteractive else { return }
      let columns = terminal.size.columns - Self.nameWidth - 2
      let unit: ProgressBar.Unit = event.step == .fetch ? .bytes : .rows
      let text = bar.withLock {
        $0.advance(by: portion, of: total, unit, columns: columns, unicode: Terminal.isUnicode)
      }
      if let text { terminal.write("\r\u{1B}[K  \(name)\(style.dim(text))") }
    case .started:
      bar.withLock { $0 = ProgressBar() }
      if isInteractive { terminal.write("\r\u{1B}[K  \(name)\(style.dim("…"))") }
    case .ended:
      let seconds = event.duration / .seconds(1)
      ended.withLock { $0.append(Line(step: event.step.rawValue, seconds: seconds, detail: event.detail)) }
      terminal.write(
        (isInteractive ? "\r\u{1B}[K" : "")
          + "  \(name)\(Self.shown(seconds).padded(to: Self.timeWidth))\(OutsideText.line(event.detail))\n")
    }
  }

  /// Leaves the line of a step that did not end, for an error to follow.
  func abandon() {
    if isInteractive { terminal.write("\r\u{1B}[K") }
  }

  /// The longest step's name is `examine`, and two spaces.
  private static let nameWidth = 9
  private static let timeWidth = 9

  static func shown(_ seconds: Double) -> String {
    let tenths = Int((seconds * 100).rounded())
    return "\(tenths / 100).\(tenths % 100 < 10 ? "0" : "")\(tenths % 100) s"
  }
}

extension String {
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
