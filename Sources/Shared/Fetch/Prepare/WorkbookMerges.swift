internal import CLibxml2
internal import Catalog

/// The merged ranges of a sheet. The file keeps a range's value in its first cell, and people see it over all of them: a reader
/// finds nothing in the others, which may be a row's own label, or a figure that stands for several rows together.
struct WorkbookMerges {
  /// A cell of a row: what follows its place in the file.
  struct Cell {
    var column: Int
    var content: String

    var isEmpty: Bool { content == Self.nothing }
    static let nothing = "/>"
  }

  private struct Range {
    var text: String
    var rows: ClosedRange<Int>
    var columns: ClosedRange<Int>
    /// What its first cell has.
    var content: String?
  }

  private let sheet: String
  private var ranges: [Range] = []
  /// Of what is read: its columns, and the row that has their names (0 where there is none).
  private var columns: Set<Int> = []
  private var headerRow = 0
  /// Ranges that have begun, and have a value.
  private var open: [Range] = []
  private var next = 0

  init(sheet: String) { self.sheet = sheet }

  private func failure(_ what: String, advice: String) -> WorkbookCheck.Failure {
    WorkbookCheck.Failure(summary: "sheet '\(sheet)': \(what)", advice: advice)
  }

  /// - Parameter reference: `A2:C5`.
  mutating func take(_ reference: String?) throws {
    let places = (reference ?? "").split(separator: ":").map { WorkbookGrid.place(of: String($0)) }
    guard places.count == 2, let first = places[0], let last = places[1], first.row <= last.row,
      first.column <= last.column
    else { return }
    ranges.append(
      Range(text: reference ?? "", rows: first.row...last.row, columns: first.column...last.column))
  }

  /// Leaves those that have cells of what is read, beside their first one.
  mutating func keep(columns: Set<Int>, headerRow: Int) {
    (self.columns, self.headerRow) = (columns, headerRow)
    ranges = ranges.filter { range in
      guard range.rows.upperBound > headerRow else { return false }
      let isOfSeveralRows = range.rows.upperBound > max(range.rows.lowerBound, headerRow)
      return columns.contains { column in
        range.columns.contains(column) && (isOfSeveralRows && range.rows.count > 1 || column > range.columns.lowerBound)
      }
    }
    ranges.sort { $0.rows.lowerBound < $1.rows.lowerBound }
  }

  var isEmpty: Bool { ranges.isEmpty }

  /// - Throws: for a range that has a value.
  func refuse(_ file: String) throws {
    let starts = Dictionary(
      ranges.map { ("\($0.rows.lowerBound) \($0.columns.lowerBound)", $0) }, uniquingKeysWith: { first, _ in first })
    var grid = WorkbookGrid(sheet: sheet, hasHeader: false)
    var found: Range?
    try WorkbookCheck.nodes(file, "sheet '\(sheet)'") { node, name, reader in
      switch (node, name) {
      case (AKER_XML_ELEMENT, "row"): try grid.beginRow(XMLText.attribute("r", reader))
      case (AKER_XML_ELEMENT, "c"):
        _ = try grid.beginCell(XMLText.attribute("r", reader))
        found = starts["\(grid.row) \(grid.column)"]
      case (AKER_XML_END_ELEMENT, "c"): found = nil
      case (AKER_XML_ELEMENT, "v"), (AKER_XML_ELEMENT, "t"):
        guard let found, xmlTextReaderIsEmptyElement(reader) == 0 else { break }
        try refuseOfHeader(found)
        throw failure(
          "\(found.text) is merged, and has one value, which a reader finds in its first cell alone",
          advice: """
            State what it means: `merged: each`, where the value is that of each row and column of it, or \
            `merged: first`, where the others have none.
            """)
      default: break
      }
    }
  }

  private func refuseOfHeader(_ range: Range) throws {
    guard range.rows.lowerBound <= headerRow else { return }
    throw failure(
      "\(range.text) is merged, from the header on row \(headerRow) into the rows below",
      advice: "The header has several rows: state `has_header: false`, and tell the rows apart in the transform.")
  }

  /// A row's cells, with the value of each range in all its cells. A row with nothing of its own is none, and stays so.
  ///
  /// - Parameter cells: in their order.
  mutating func filled(_ row: Int, _ cells: [Cell]) throws -> [Cell] {
    open.removeAll { $0.rows.upperBound < row }
    while next < ranges.count, ranges[next].rows.lowerBound <= row {
      var range = ranges[next]
      next += 1
      guard range.rows.lowerBound == row,
        let first = cells.first(where: { $0.column == range.columns.lowerBound && !$0.isEmpty })
      else { continue }
      try refuseOfHeader(range)
      range.content = first.content
      open.append(range)
    }
    guard !open.isEmpty, cells.contains(where: { !$0.isEmpty }) else { return cells }
    var filled = Dictionary(cells.map { ($0.column, $0) }, uniquingKeysWith: { $1 })
    for range in open {
      for column in columns where range.columns.contains(column) {
        if row == range.rows.lowerBound, column == range.columns.lowerBound { continue }
        guard filled[column]?.isEmpty ?? true else {
          throw failure(
            "cell \(WorkbookGrid.letters(column))\(row) has a value of its own beneath \(range.text), which is merged",
            advice: "People see the first cell's: ask its source which one is meant.")
        }
        filled[column] = Cell(column: column, content: range.content ?? Cell.nothing)
      }
    }
    return filled.values.sorted { $0.column < $1.column }
  }
}
