internal import Base
internal import Catalog

/// Rewrites delimited text of the odder kinds as a plain one: a header line, and rows with as many columns.
///
/// Real files have two header rows, blank lines, a space before a quote, notes at the end. Nothing is guessed: what does not
/// fit the request's options is an error with line, column, what was found and what was expected.
struct DelimitedText {
  let options: InputOptions
  /// Between columns, of the result as well as the usual one of what comes.
  let delimiter: UInt8
  /// Names of the columns where the text has none.
  let declaredNames: [String]

  private var cells: [String] = []
  private var rowCount = 0
  private var longestRow = 0
  private var hasLineBreaks = false
  private var headerRows: [[DelimitedField]] = []
  /// Rows that are shorter than the header: notes if nothing follows.
  private var shortRow: DelimitedRow?

  private init(_ options: InputOptions, delimiter: UInt8, declaredNames: [String]) {
    self.options = options
    self.delimiter = delimiter
    self.declaredNames = declaredNames
  }

  /// - Returns: what the result is.
  /// - Throws: `Failure`, `TextReader.Failure`, `OutputFile.Failure`.
  static func tidy(
    _ path: String, to target: String, options: InputOptions, delimiter: UInt8, declaredNames: [String],
    _ cancellation: BlockingWork.Cancellation
  ) throws -> DelimitedLayout {
    var text = DelimitedText(options, delimiter: delimiter, declaredNames: declaredNames)
    var reader = try TextReader(path, encoding: TextEncoding.isUTF8(options.encoding) ? nil : options.encoding)
    var output = try OutputFile(target, cancellation)
    var parser = DelimitedParser(
      delimiter: options.delimiter?.utf8.first ?? delimiter, skippedLineCount: options.skippedLineCount,
      quotesAreText: !options.isQuoted)
    if options.headerRowCount == 0 { try text.writeHeader(declaredNames, &output) }
    do {
      while let piece = try reader.next() {
        for byte in piece {
          if let row = parser.take(byte) { try text.add(row, &output) }
        }
      }
    } catch TextReader.Failure.undecodable(let encoding, let offset) {
      let line = try TextCheck.place(path, offset).line
      throw Failure(
        summary: "line \(line): byte \(offset) is not \(encoding)", advice: "State the request's `encoding:` as it is.")
    }
    guard !parser.isInQuotes else { throw Failure.unclosedQuote(line: parser.rowLine) }
    if let row = parser.finish() { try text.add(row, &output) }
    guard !text.cells.isEmpty else { throw Failure.noHeader }
    try output.flush()
    return DelimitedLayout(
      cells: text.cells, delimiter: String(decoding: [delimiter], as: UTF8.self), rowCount: text.rowCount,
      hasLineBreaks: text.hasLineBreaks, longestRow: text.longestRow)
  }

  private mutating func add(_ row: DelimitedRow, _ output: inout OutputFile) throws {
    if row.isBlank || row.isComment(options.comment) { return }
    let width = cells.count
    if width == 0 {
      try check(row)
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
      shortRow = shortRow ?? row
      return
    }
    guard fields.count == width else { throw wrongCount(row) }
    if isHeader(fields) { throw Failure.headerAgain(line: row.line) }
    if let shortRow { throw wrongCount(shortRow) }
    try check(row)
    rowCount += 1
    try write(fields, &output)
  }

  /// Whether a row is the (last) header row again, in whatever letters. One column alone may hold its own name.
  private func isHeader(_ fields: [DelimitedField]) -> Bool {
    guard fields.count > 1, let header = headerRows.last, header.count >= fields.count else { return false }
    return zip(header, fields).allSatisfy { Self.name($0) == Self.name($1) }
  }

  private static func name(_ field: DelimitedField) -> [UInt8] {
    field.bytes.filter { !isSpace($0) }.map { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 ? $0 | 0x20 : $0 }
  }

  private func wrongCount(_ row: DelimitedRow) -> Failure {
    if let index = row.fields.firstIndex(where: { $0.bytes.contains(0) }) {
      return .zero(line: row.line, column: "\(index + 1)")
    }
    return .wrongColumnCount(
      line: row.line, found: row.fields.count, expected: cells.count,
      first: String(decoding: row.fields.first?.bytes ?? [], as: UTF8.self))
  }

  /// What a value must be, whatever it says.
  private func check(_ row: DelimitedRow) throws {
    for (index, field) in row.fields.enumerated() {
      var column: String { index < cells.count ? "\(index + 1) ('\(cells[index])')" : "\(index + 1)" }
      let bytes = field.bytes
      if bytes.contains(0) { throw Failure.zero(line: row.line, column: column) }
      if bytes.contains(where: { $0 >= 0x80 }) {
        if !UTF8Check.isValid(bytes) { throw Failure.notUTF8(line: row.line, column: column, bytes: bytes) }
        if let encoding = options.encoding, TextEncoding.isSingleByte(encoding), Self.hasControlCharacter(bytes) {
          throw Failure.controlCharacter(line: row.line, column: column, encoding: encoding)
        }
      }
      if let oddity = field.oddity {
        throw Failure.oddity(
          oddity, line: row.line, column: column, value: String(decoding: bytes, as: UTF8.self))
      }
    }
  }

  /// U+0080 to U+009F, as UTF-8.
  private static func hasControlCharacter(_ bytes: [UInt8]) -> Bool {
    zip(bytes, bytes.dropFirst()).contains { $0 == 0xC2 && (0x80...0x9F).contains($1) }
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
    cells = names
    try write(names.map { DelimitedField(bytes: Array($0.utf8), isQuoted: true) }, &output)
  }

  private mutating func write(_ fields: [DelimitedField], _ output: inout OutputFile) throws {
    let quote = UInt8(ascii: "\"")
    var line: [UInt8] = []
    for (index, field) in fields.enumerated() {
      if field.isQuoted, field.bytes.contains(where: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
        hasLineBreaks = true
      }
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
    longestRow = max(longestRow, line.count)
    try output.write(line)
  }

  static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}
