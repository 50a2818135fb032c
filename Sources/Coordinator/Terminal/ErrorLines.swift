import Base

/// An error, what lies beneath it from near to far, and what to do about it: the same wherever one is shown.
struct ErrorLines {
  var label = ""
  var summary: String
  var causes: [String]
  /// A line each, where it is several commands.
  var advice: String?

  /// - Parameter columns: what a line may take; nil where nobody looks at them through a window. Advice is never broken:
  ///   the half of a command is another command.
  func rendered(columns: Int?, style: Style, unicode: Bool) -> [String] {
    let (down, next) = unicode ? ("←", "→") : ("<-", "->")
    var lines = wrapped(label + summary, columns).map { style.red($0) }
    for cause in causes {
      lines += wrapped("\(down) \(cause)", columns.map { $0 - 2 }).map { "  " + style.red($0) }
    }
    lines += OutsideText.lines(advice ?? "").split(separator: "\n").map { "  \(next) \($0)" }
    return lines
  }

  private func wrapped(_ text: String, _ columns: Int?) -> [String] {
    Wrapped.lines(text, columns: columns.map { max(40, $0) } ?? .max)
  }
}
