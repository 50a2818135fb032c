internal import Catalog
internal import Base

/// Rewrites delimited text of the odder kinds as a plain one: a header line, and rows with as many columns.
///
/// DuckDB's reader finds out for itself what a file looks like, and gives up, or guesses another header, where real files have
/// two header rows, blank lines, a space before a quote or notes at the end. Here nothing is guessed: what does not fit the
/// request's options is an error with its line.
struct DelimitedText {
  enum Failure: Error, Equatable {
    case wrongColumnCount(line: Int, found: Int, expected: Int)
    case unclosedQuote(line: Int)
    case noHeader

    var summary: String {
      switch self {
      case .wrongColumnCount(let line, let found, let expected):
        "line \(line) has \(found.counted("column")), and the header \(expected)"
      case .unclosedQuote(let line): "a quote that opens on line \(line) is never closed"
      case .noHeader: "it ends before its header"
      }
    }
  }

  let options: InputOptions
  /// Between columns, of the result as well as the usual one of what comes.
  let delimiter: UInt8
  /// Names of the columns where the text has none.
  let declaredNames: [String]

  private var width = 0
  private var headerRows: [[DelimitedField]] = []
  /// Rows that are shorter than the header: notes if nothing follows.
  private var shortRow: (line: Int, count: Int)?

  init(_ options: InputOptions, delimiter: UInt8, declaredNames: [String]) {
    self.options = options
    self.delimiter = delimiter
    self.declaredNames = declaredNames
  }

  /// - Throws: `Failure`, `TextReader.Failure`, `OutputFile.Failure`.
  static func tidy(
    _ path: String, to target: String, options: InputOptions, delimiter: UInt8, declaredNames: [String],
    _ cancellation: BlockingWork.Cancellation
  ) throws {
    var text = DelimitedText(options, delimiter: delimiter, declaredNames: declaredNames)
    var reader = try TextReader(path, encoding: options.encoding)
    var output = try OutputFile(target, cancellation)
    var parser = DelimitedParser(
      delimiter: options.delimiter?.utf8.first ?? delimiter, skippedLineCount: options.skippedLineCount)
    if options.headerRowCount == 0 { try text.writeHeader(declaredNames, &output) }
    while let piece = try reader.next() {
      for byte in piece {
        if let row = parser.take(byte) { try text.add(row, &output) }
      }
    }
    guard !parser.isInQuotes else { throw Failure.unclosedQuote(line: parser.rowLine) }
    if let row = parser.finish() { try text.add(row, &output) }
    guard text.width > 0 else { throw Failure.noHeader }
    try output.flush()
  }

  private mutating func add(_ row: DelimitedRow, _ output: inout OutputFile) throws {
    if row.isBlank { return }
    if width == 0 {
      headerRows.append(row.fields)
      if headerRows.count == options.headerRowCount { try writeHeader(headerNames(), &output) }
      return
    }
    var fields = row.fields
    // Commas at the end of the line are no columns.
    while fields.count > width, fields.last?.bytes.allSatisfy(Self.isSpace) == true { fields.removeLast() }
    if fields.count < width, options.isRagged {
      fields += Array(repeating: DelimitedField(), count: width - fields.count)
    }
    if fields.count < width, options.hasFooter {
      shortRow = shortRow ?? (row.line, fields.count)
      return
    }
    guard fields.count == width else {
      throw Failure.wrongColumnCount(line: row.line, found: fields.count, expected: width)
    }
    if let shortRow { throw Failure.wrongColumnCount(line: shortRow.line, found: shortRow.count, expected: width) }
    try write(fields, &output)
  }

  private func headerNames() -> [String] {
    var cells: [String] = []
    for row in headerRows {
      for (index, field) in row.enumerated() {
        let text = String(decoding: field.bytes, as: UTF8.self)
        let isBlank = text.allSatisfy(\.isWhitespace)
        if index >= cells.count { cells.append("") }
        if !isBlank { cells[index] += (cells[index].isEmpty ? "" : " ") + RequestColumns.names([text])[0] }
      }
    }
    while cells.last?.isEmpty == true { cells.removeLast() }
    return RequestColumns.names(cells)
  }

  private mutating func writeHeader(_ names: [String], _ output: inout OutputFile) throws {
    width = names.count
    try write(names.map { DelimitedField(bytes: Array($0.utf8), isQuoted: true) }, &output)
  }

  private func write(_ fields: [DelimitedField], _ output: inout OutputFile) throws {
    let quote = UInt8(ascii: "\"")
    var line: [UInt8] = []
    for (index, field) in fields.enumerated() {
      if index > 0 { line.append(delimiter) }
      if field.bytes.isEmpty { continue }
      line.append(quote)
      for byte in field.bytes {
        if byte == quote { line.append(quote) }
        line.append(byte)
      }
      line.append(quote)
    }
    line.append(UInt8(ascii: "\n"))
    try output.write(line)
  }

  static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}
