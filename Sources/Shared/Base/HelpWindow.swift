internal import Glibc

/// The window that ArgumentParser lays out help for.
package enum HelpWindow {
  /// Help is laid out in two columns, for which ArgumentParser needs this many; it would fail in a narrower window.
  private static let leastColumns = 60

  /// Lets ArgumentParser write for a window that is as wide as its help needs, whatever the real one is.
  package static func widen() {
    let told = getenv("COLUMNS").flatMap { Int(String(cString: $0)) }
    if let columns = told ?? windowColumns, columns < leastColumns { setenv("COLUMNS", "\(leastColumns)", 1) }
  }

  /// Nil where standard output is no window.
  private static var windowColumns: Int? {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }
}
