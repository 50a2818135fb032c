extension RequestColumns {
  /// The names that the cells of a header give to columns, as DuckDB does: without space around, and repeated ones numbered.
  /// A cell without a name gives `column` and its place, from 0.
  package static func names(_ header: [String]) -> [String] {
    var seen: Set<String> = []
    return header.enumerated().map { index, cell in
      let trimmed = trimmed(cell)
      let name = trimmed.isEmpty ? "column\(index)" : trimmed
      var candidate = name
      var number = 0
      while !seen.insert(candidate.lowercased()).inserted {
        number += 1
        candidate = "\(name)_\(number)"
      }
      return candidate
    }
  }

  /// A cell without the space around it, and without a byte order mark.
  package static func trimmed(_ text: String) -> String {
    let start = text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
    guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(start[...last])
  }

  /// What is left of a name without the case of its letters and the space around it: two that differ in these alone are one
  /// to people, and two to readers of JSON.
  package static func folded(_ name: String) -> String { trimmed(name).lowercased() }
}
