/// Where a sheet's cells stand: rows and cells in their order, and none beside the header's columns. A reader passes over what
/// stands beyond, takes the last of two, and numbers rows that have no places in its own way.
struct WorkbookGrid {
  /// The format's own limits (ECMA-376, 18.3.1.73).
  private static let (lastRow, lastColumn) = (1_048_576, 16_384)

  private let sheet: String
  private let hasHeader: Bool
  private(set) var row = 0
  private(set) var column = 0
  /// What stands in the first row that has anything, by columns.
  private(set) var header: [Int: WorkbookSheet.Cell] = [:]
  private(set) var headerRow = 0
  private var cellCount = 0
  private var sameCount = 0

  init(sheet: String, hasHeader: Bool) {
    self.sheet = sheet
    self.hasHeader = hasHeader
  }

  private func failure(_ what: String, advice: String? = nil) -> WorkbookCheck.Failure {
    WorkbookCheck.Failure(summary: "sheet '\(sheet)': \(what)", advice: advice)
  }

  /// - Parameter place: its number, as the sheet has it; rows without one follow each other.
  mutating func beginRow(_ place: String?) throws {
    let next = place.flatMap { Int($0) } ?? row + 1
    guard next <= Self.lastRow else {
      throw failure("row \(next) is beyond the last one that a sheet may have, \(Self.lastRow)")
    }
    guard next > row else {
      throw failure("row \(next) stands behind row \(row)", advice: "Nothing says which one counts: ask its source.")
    }
    (row, column, cellCount, sameCount) = (next, 0, 0, 0)
  }

  /// - Returns: the place of a cell, which may have none of its own.
  mutating func beginCell(_ place: String?) throws -> String {
    let before = Self.letters(column)
    guard let place else {
      column += 1
      return "\(Self.letters(column))\(row)"
    }
    guard let (next, ownRow) = Self.place(of: place), ownRow == row else {
      throw failure("cell \(place) stands in row \(row)")
    }
    guard next <= Self.lastColumn else {
      throw failure("cell \(place) is beyond the last column that a sheet may have")
    }
    guard next > column else {
      throw failure(
        "cell \(place) stands behind \(before)\(row)", advice: "Nothing says which one counts: ask its source.")
    }
    column = next
    return place
  }

  /// Takes a cell that has a value.
  mutating func take(_ cell: WorkbookSheet.Cell) throws {
    guard hasHeader else { return }
    if headerRow == 0 { headerRow = row }
    if headerRow == row {
      header[column] = cell
      return
    }
    cellCount += 1
    if let name = header[column], name.isSame(as: cell) { sameCount += 1 }
    guard let first = header.keys.min(), let last = header.keys.max(), !(first...last).contains(column) else { return }
    throw failure(
      "cell \(cell.place ?? "?") stands beyond the header, which ends at \(Self.letters(last))\(headerRow)",
      advice: "It would not be read: state `has_header: false` and declare all columns, or ask its source.")
  }

  func endRow() throws {
    guard header.count > 1, headerRow < row, sameCount == header.count, cellCount == sameCount else { return }
    throw failure(
      "row \(row) is the header once more",
      advice: "Ask its source; nothing says that what follows has the same columns.")
  }

  /// Columns of the header that are read by a name which stands there twice.
  /// - Parameters:
  ///   - names: of the header's cells, by their columns.
  ///   - wanted: names of declared columns, in small letters; `name_1` is known to be a second one.
  func checkNames(_ names: [Int: String], _ wanted: Set<String>) throws {
    let places = Dictionary(grouping: names.sorted { $0.key < $1.key }) { $0.value.lowercased() }
    for (name, cells) in places.sorted(by: { $0.key < $1.key })
    where cells.count > 1 && wanted.contains(name) && !wanted.contains(name + "_1") {
      throw failure(
        "the header has column '\(cells[0].value)' at \(cells.map { "place \($0.key)" }.joined(separator: " and "))",
        advice:
          "Which one is meant? Declare it with `in_file: \"\(cells[0].value)_1\"` for the second, or ask the source.")
    }
  }

  /// `B3` is column 2, row 3; nil for what is no place.
  static func place(of text: String) -> (column: Int, row: Int)? {
    let letters = text.utf8.prefix { $0 > UInt8(ascii: "9") }
    let column = letters.reduce(0) { min($0, 1 << 20) * 26 + Int($1 & 0xDF) - 64 }
    return Int(text.dropFirst(letters.count)).map { (column, $0) }
  }

  /// 1 is A, and 27 AA.
  static func letters(_ column: Int) -> String {
    column < 1 ? "" : letters((column - 1) / 26) + String(UnicodeScalar(UInt8(ascii: "A") + UInt8((column - 1) % 26)))
  }
}
