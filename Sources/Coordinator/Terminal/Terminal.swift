import Base
import FoundationEssentials
import Glibc

/// Where text goes, and what it can show there.
struct Terminal: Sendable {
  let descriptor: Int32

  static let standardOutput = Terminal(descriptor: STDOUT_FILENO)
  static let standardError = Terminal(descriptor: STDERR_FILENO)

  var isInteractive: Bool { isatty(descriptor) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb" }

  /// https://no-color.org: set and not empty means no colour.
  var showsColor: Bool {
    let environment = ProcessInfo.processInfo.environment
    guard environment["NO_COLOR"]?.isEmpty ?? true else { return false }
    if let forced = environment["CLICOLOR_FORCE"], forced != "0", !forced.isEmpty { return true }
    return isInteractive
  }

  /// Whether the locale's text is UTF-8, as C.UTF-8 and nearly all others are; plain ASCII is drawn where it is not.
  static var isUnicode: Bool {
    let environment = ProcessInfo.processInfo.environment
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
    return locale.lowercased().contains("utf")
  }

  /// Columns and rows; 80 × 24 where there is no telling.
  var size: (columns: Int, rows: Int) {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return (80, 24) }
    return (Int(size.ws_col), Int(size.ws_row))
  }

  /// How wide lines may be; nil where nobody looks at them through a window.
  var columnLimit: Int? { isInteractive ? size.columns : nil }

  /// Writes all of `text`; a reader that went away ends the process quietly, as it would end any other in a pipe. What
  /// cannot be written for another reason, such as a full disk, ends it with a word and an exit code; but for what goes
  /// to standard error, which nobody can be told of, and for which nothing is given up.
  func write(_ text: String) {
    let code = Array(text.utf8).withUnsafeBytes { writeAll($0, to: descriptor) }
    guard code != 0, descriptor != STDERR_FILENO else { return }
    if code == EPIPE { exit(0) }
    Terminal.standardError.write("error: the output cannot be written: \(String(cString: strerror(code)))\n")
    exit(Failure.Code.cannotWrite.rawValue)
  }
}
