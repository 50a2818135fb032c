import Console
import FoundationEssentials

/// Redraws in place, on the terminal's alternate screen, so that the scrollback stays as it was; the last frame is then
/// printed where the command was given.
final class TerminalDisplay: Display {
  private let terminal = Terminal.standardOutput
  private let style = Style(.standardOutput)
  private let unicode = Terminal.isUnicode
  private var isOpen = false

  func show(_ snapshot: Snapshot) {
    if !isOpen {
      terminal.write("\u{1B}[?1049h\u{1B}[?25l")  // alternate screen, no cursor
      isOpen = true
    }
    // The last row is the hint's.
    let size = terminal.size
    let frame = Frame(snapshot: snapshot, columns: size.columns, rows: size.rows - 2, style: style, unicode: unicode)
    // Each line is cleared to its end, and the rest of the screen after the last: no flicker, and a resize leaves nothing.
    let lines = frame.rendered().split(separator: "\n", omittingEmptySubsequences: false)
    let text = lines.map { $0 + "\u{1B}[K" }.joined(separator: "\n")
    terminal.write("\u{1B}[H" + text + "\u{1B}[J\n\n" + style.dim("Ctrl-C stops watching; the backfill goes on."))
  }

  func note(_ text: String) {
    terminal.write("\n" + style.yellow(text))
  }

  func end(_ snapshot: Snapshot) {
    close()
    let size = terminal.size
    // With room for what is said after it.
    let frame = Frame(
      snapshot: snapshot, columns: size.columns, rows: max(Self.leastRows, size.rows - Self.closingRows), style: style,
      unicode: unicode)
    terminal.write(frame.rendered() + "\n")
  }

  func abandon() {
    close()
  }

  /// The error that the command may end with, in a narrow terminal, and the prompt.
  private static let closingRows = 5
  private static let leastRows = 12

  private func close() {
    guard isOpen else { return }
    terminal.write("\u{1B}[?25h\u{1B}[?1049l")
    isOpen = false
  }
}
