import Quality

/// The first rows of a partition: as a table where it fits, with a row per column where it does not.
struct RowSample {
  var columns: [String]
  /// JSON objects.
  var rows: [String]

  func rendered(columns width: Int, style: Style, unicode: Bool) -> String {
    let cells = rows.map { row in
      let values = JSONText(row)
      return columns.map { values.text(of: $0) ?? "" }
    }
    let table = Table(headings: columns, rows: cells)
    let plain = table.rendered(Style(showsColor: false))
    if plain.split(separator: "\n").allSatisfy({ $0.count <= width }) { return table.rendered(style) }
    let nameWidth = columns.map(\.count).max() ?? 0
    let shown = cells.prefix(max(1, min(Self.sidewaysRows, (width - nameWidth) / Self.sidewaysWidth)))
    let valueWidth = max(Self.sidewaysWidth, (width - nameWidth) / max(1, shown.count)) - 2
    let turned = columns.indices.map { column in
      [columns[column]] + shown.map { clip($0[column], valueWidth, unicode) }
    }
    let headings = ["column"] + shown.indices.map { "row \($0 + 1)" }
    return Table(headings: headings, rows: turned).rendered(style)
  }

  /// More than this a person does not compare.
  private static let sidewaysRows = 3
  private static let sidewaysWidth = 16

  private func clip(_ text: String, _ width: Int, _ unicode: Bool) -> String {
    text.count <= width ? text : String(text.prefix(width - 1)) + (unicode ? "…" : "~")
  }
}
