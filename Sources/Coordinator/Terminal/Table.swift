import Base

/// Rows under headings, in columns as wide as they need: numbers to the right, text to the left.
struct Table {
  var headings: [String]
  var rows: [[String]]

  init(headings: [String], rows: [[String]]) {
    self.headings = headings.map { OutsideText.line($0) }
    self.rows = rows.map { $0.map { OutsideText.line($0) } }
  }

  /// - Parameters:
  ///   - limit: how wide lines may be. The last column is cut to what is left for it, down to a few characters; where that is
  ///     not enough, the widest columns of text are broken into lines between words, and then the last column stands on a line of
  ///     its own below each row. A word is broken where it alone takes half a line: names are there to be copied. Nil for no limit.
  ///   - unicode: whether a cut may be marked by an ellipsis.
  func rendered(_ style: Style, columns limit: Int? = nil, unicode: Bool = true) -> String {
    let isNumeric = headings.indices.map { column in
      let values = rows.map { $0[column] }.filter { !$0.isEmpty }
      return !values.isEmpty && values.allSatisfy { Double($0.filter { $0 != "," && $0 != "%" }) != nil }
    }
    let (widths, isApart) = self.widths(limit: limit, isNumeric: isNumeric)
    let last = widths.count - 1
    func lines(_ cells: [String]) -> [String] {
      let parts = cells.enumerated().map { column, cell -> [String] in
        if cell.count <= widths[column] { return [cell] }
        // The last one is read in full elsewhere, with --json or for one row alone.
        if column == last { return [cell.prefix(max(0, widths[column] - 1)) + (unicode ? "…" : "~")] }
        return Self.broken(cell, widths[column])
      }
      let beside = isApart ? parts.dropLast() : parts[...]
      var lines = (0..<(beside.map(\.count).max() ?? 1)).map { line in
        var text = ""
        for column in beside.indices {
          let cell = line < parts[column].count ? parts[column][line] : ""
          let padding = String(repeating: " ", count: max(0, widths[column] - cell.count))
          text += isNumeric[column] ? padding + cell : cell + padding
          text += column == last ? "" : "  "
        }
        while text.last == " " { text.removeLast() }
        return text
      }
      if isApart, let below = parts.last?.first, !below.isEmpty { lines.append(Self.indent + below) }
      return lines
    }
    return (lines(headings).map(style.bold) + rows.flatMap(lines)).joined(separator: "\n") + "\n"
  }

  /// - Returns: also whether the last column has no room beside the others.
  private func widths(limit: Int?, isNumeric: [Bool]) -> ([Int], isApart: Bool) {
    var widths = headings.indices.map { column in
      max(headings[column].count, rows.map { $0[column].count }.max() ?? 0)
    }
    guard let limit, let widest = widths.last else { return (widths, false) }
    let natural = widths
    let last = widths.count - 1
    var columns = widths.indices
    func total() -> Int { columns.reduce(0) { $0 + widths[$1] + 2 } - 2 }
    // The widest gives first, so that all become about as narrow.
    func narrow(to least: [Int]) {
      while total() > limit {
        let candidates = columns.filter { !isNumeric[$0] && $0 != last && widths[$0] > least[$0] }
        guard let column = candidates.max(by: { widths[$0] < widths[$1] }) else { return }
        widths[column] -= 1
      }
    }
    let whole = headings.indices.map { column in
      min(
        max(Self.leastWidth, limit / 2), ([headings[column]] + rows.map { $0[column] }).map(Self.longestWord).max() ?? 0
      )
    }
    widths[last] = min(widest, max(Self.leastLastWidth, widest - max(0, total() - limit)))
    narrow(to: whole)
    if total() > limit { widths[last] = max(Self.leastWidth, widths[last] - (total() - limit)) }
    if total() <= limit { return (widths, false) }
    widths = natural
    widths[last] = min(widest, limit - Self.indent.count)
    columns = 0..<last
    narrow(to: whole)
    narrow(to: Array(repeating: Self.leastWidth, count: widths.count))
    return (widths, true)
  }

  /// Where a text is cut: at a space, and after a comma.
  private static func longestWord(_ text: String) -> Int {
    text.split(separator: " ").flatMap { word in
      let parts = word.split(separator: ",", omittingEmptySubsequences: false)
      // A comma stays with what is before it.
      return parts.enumerated().map { $1.count + ($0 < parts.count - 1 ? 1 : 0) }
    }.max() ?? 0
  }

  /// Between words and after a comma; within a word only where it alone is too long, after a slash, underscore or hyphen.
  private static func broken(_ text: String, _ width: Int) -> [String] {
    var lines: [String] = []
    var rest = Substring(text)
    while rest.count > width {
      let piece = rest.prefix(width)
      let end: Substring.Index
      if rest[piece.endIndex] == " " {
        end = piece.endIndex
      } else if let place = piece.lastIndex(where: { " ,".contains($0) })
        ?? piece.lastIndex(where: { "/_-.".contains($0) }),
        place > piece.startIndex
      {
        end = piece.index(after: place)
      } else {
        end = piece.endIndex
      }
      var line = rest[..<end]
      while line.last == " " { line.removeLast() }
      lines.append(String(line))
      rest = rest[end...].drop { $0 == " " }
    }
    if !rest.isEmpty { lines.append(String(rest)) }
    return lines
  }

  /// Before what stands below a row.
  private static let indent = "  "
  /// Of the last column, when it is cut: less says nothing.
  private static let leastLastWidth = 16
  /// Of a column that is broken into lines.
  private static let leastWidth = 8
}
