import Postgres

/// Rows under headings, in columns as wide as they need: numbers to the right, text to the left.
struct Table {
  var headings: [String]
  var rows: [[String]]

  init(headings: [String], rows: [[String]]) {
    self.headings = headings
    self.rows = rows
  }

  /// A query's result as it came; NULL is left blank.
  init(_ result: [PostgresRow]) {
    headings = result.first?.columns ?? []
    rows = result.map { row in row.columns.indices.map { row.text($0) ?? "" } }
  }

  func rendered(_ style: Style) -> String {
    let widths = headings.indices.map { column in
      max(headings[column].count, rows.map { $0[column].count }.max() ?? 0)
    }
    let isNumeric = headings.indices.map { column in
      let values = rows.map { $0[column] }.filter { !$0.isEmpty }
      return !values.isEmpty && values.allSatisfy { Double($0.filter { $0 != "," && $0 != "%" }) != nil }
    }
    func line(_ cells: [String]) -> String {
      var text = ""
      for (column, cell) in cells.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        text += isNumeric[column] ? padding + cell : cell + padding
        text += column == cells.count - 1 ? "" : "  "
      }
      while text.last == " " { text.removeLast() }
      return text
    }
    return ([style.bold(line(headings))] + rows.map(line)).joined(separator: "\n") + "\n"
  }
}
