/// Rows that failed a check, JSON objects as DuckDB printed them, as columns and cells.
struct ExampleTable {
  struct Column {
    var name: String
    /// Whether all that is there is a number, to be read digit below digit.
    var isNumber: Bool
  }

  let columns: [Column]
  /// By row, then by column; nil for null.
  let cells: [[String?]]

  /// - Returns: nil where the rows are no objects.
  init?(_ rows: [String]) {
    let values = rows.map(JSONText.init)
    guard let first = rows.first, let members = values.first?.memberNames, !members.isEmpty else { return nil }
    // An object has no order once it is decoded: that of the text is the order of the columns.
    let names = members.sorted { Self.place(of: $0, in: first) < Self.place(of: $1, in: first) }
    let cells = values.map { value in names.map { value.text(of: $0) } }
    columns = names.enumerated().map { index, name in
      let present = cells.compactMap { $0[index] }
      return Column(name: name, isNumber: !present.isEmpty && values.allSatisfy { $0.isNumberOrNull(name) })
    }
    self.cells = cells
  }

  private static func place(of name: String, in text: String) -> String.Index {
    text.firstRange(of: "\"\(name)\":")?.lowerBound ?? text.endIndex
  }
}
