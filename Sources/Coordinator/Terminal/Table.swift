import Base
import Postgres

/// Rows under headings, in columns as wide as they need: numbers to the right, text to the left.
struct Table {
  var headings: [String]
  var rows: [[String]]

  init(headings: [String], rows: [[String]]) {
    self.headings = headings.map { OutsideText.line($0) }
    self.rows = rows.map { $0.map { OutsideText.line($0) } }
  }

  /// A query's result as it came; NULL is left blank.
  init(_ result: [PostgresRow]) {
    self.init(
      headings: result.first?.columns ?? [],
      rows: result.map { row in row.columns.indices.map { row.text($0) ?? "" } })
  }

  /// - Parameters:
  ///   - limit: how wide lines may be: the last column is cut to what is left for it, and shows at least a few characters.
  ///     Nil for no limit.
  ///   - unicode: whether a cut may be marked by an ellipsis.
  func rendered(_ style: Style, columns limit: Int? = nil, unicode: Bool = true) -> String {
    var widths = headings.indices.map { column in
      max(headings[column].count, rows.map { $0[column].count }.max() ?? 0)
    }
    if let limit, let last = widths.last {
      let others = widths.dropLast().reduce(0) { $0 + $1 + 2 }
      widths[widths.count - 1] = min(last, max(Self.leastWidth, limit - others))
    }
    let widest = widths
    let isNumeric = headings.indices.map { column in
      let values = rows.map { $0[column] }.filter { !$0.isEmpty }
      return !values.isEmpty && values.allSatisfy { Double($0.filter { $0 != "," && $0 != "%" }) != nil }
    }
    func line(_ cells: [String]) -> String {
      var text = ""
      for (column, whole) in cells.enumerated() {
        let cell =
          whole.count <= widest[column] ? whole : whole.prefix(widest[column] - 1) + (unicode ? "…" : "~")
        let padding = String(repeating: " ", count: widest[column] - cell.count)
        text += isNumeric[column] ? padding + cell : cell + padding
        text += column == cells.count - 1 ? "" : "  "
      }
      while text.last == " " { text.removeLast() }
      return text
    }
    return ([style.bold(line(headings))] + rows.map(line)).joined(separator: "\n") + "\n"
  }

  /// Of a cut column: less says nothing.
  private static let leastWidth = 16
}
