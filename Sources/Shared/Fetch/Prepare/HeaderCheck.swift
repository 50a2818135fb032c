internal import Catalog

/// Looks at the first lines of delimited text for what is usually wrong with them: empty, in another encoding, with other
/// delimiters, lines before the header, a column that is there twice.
struct HeaderCheck {
  let request: DatasetRequest
  let declared: RequestColumns?
  let delimiter: UInt8

  /// Rows that are looked at for the header: more than any source writes before it.
  private static let rowLimit = 20
  /// Bytes of the text that they may take.
  private static let byteLimit = 1 << 20

  /// - Throws: `DelimitedText.Failure`, `TextCheck.Failure`, `TextReader.Failure`.
  func check(_ path: String) throws {
    let options = request.input
    // What cannot be decoded is met again, and told with its line.
    guard let beginning = try? beginning(path) else { return }
    if TextEncoding.isUTF8(options.encoding),
      TextEncoding.isWide(beginning)
    {
      throw TextEncoding.wideFailure(Array(beginning.prefix(64)))
    }
    guard options.skippedLineCount == 0, let declared else { return }
    if options.headerRowCount == 0 { return try checkHeaderless(beginning, declared) }
    guard options.headerRowCount == 1 else { return }
    let wanted = declared.names.filter { declared.patterns[$0] == nil && !declared.optionalNames.contains($0) }
      .map { declared.possibleNames($0).map { $0.lowercased() } }
    let rows = rows(beginning, delimiter)
    guard let header = rows.first else {
      if beginning.allSatisfy({ DelimitedText.isSpace($0) || $0 == 10 || $0 == 13 }) {
        throw DelimitedText.Failure.noHeader
      }
      return
    }
    try checkDuplicates(header.cells, declared)
    if wanted.isEmpty || has(header.cells, wanted) { return }
    // Excel's own first line, which says how columns are divided.
    let first = String(decoding: beginning.prefix { $0 != 10 && $0 != 13 }.prefix(16), as: UTF8.self)
    if let mark = first.wholeMatch(of: /"?(?i:sep)=(.)"?/) {
      throw DelimitedText.Failure.separatorLine(String(mark.1))
    }
    if header.cells.count == 1 {
      for other in ",;\t|".utf8 where other != delimiter {
        guard let first = self.rows(beginning, other).first, has(first.cells, wanted) else { continue }
        throw DelimitedText.Failure.otherDelimiter(
          String(decoding: [other], as: UTF8.self), instead: String(decoding: [delimiter], as: UTF8.self))
      }
    }
    if let later = rows.dropFirst().first(where: { has($0.cells, wanted) }) {
      throw DelimitedText.Failure.headerElsewhere(line: later.line)
    }
  }

  /// A header that came although there is none would be published as a row.
  private func checkHeaderless(_ beginning: [UInt8], _ declared: RequestColumns) throws {
    guard declared.names.count > 1, let first = rows(beginning, delimiter).first,
      first.cells.count >= declared.names.count,
      zip(declared.names, first.cells).allSatisfy({ name, cell in
        declared.possibleNames(name).contains { $0.lowercased() == cell.lowercased() }
      })
    else { return }
    throw DelimitedText.Failure.headerThatIsNotDeclared(line: first.line)
  }

  private func has(_ cells: [String], _ wanted: [[String]]) -> Bool {
    let found = Set(cells.map { $0.lowercased() })
    return wanted.allSatisfy { $0.contains(where: found.contains) }
  }

  /// A column that is declared by its name, and is there twice; one that is declared as `name_1` is known to be.
  private func checkDuplicates(_ cells: [String], _ declared: RequestColumns) throws {
    let names = declared.names.filter { declared.patterns[$0] == nil }.flatMap { declared.possibleNames($0) }
    let known = Set(names.map { $0.lowercased() })
    for name in names {
      let places = cells.enumerated().filter { $0.element.lowercased() == name.lowercased() }.map { $0.offset + 1 }
      if places.count > 1, !known.contains("\(name.lowercased())_1") {
        throw DelimitedText.Failure.duplicateColumn(name, places: places)
      }
    }
  }

  private func beginning(_ path: String) throws -> [UInt8] {
    var reader = try TextReader(
      path, encoding: TextEncoding.isUTF8(request.input.encoding) ? nil : request.input.encoding)
    var bytes: [UInt8] = []
    while bytes.count < Self.byteLimit, let piece = try reader.next() {
      bytes += piece
      if bytes.count(where: { $0 == 10 }) > Self.rowLimit { break }
    }
    return bytes
  }

  private func rows(_ bytes: [UInt8], _ delimiter: UInt8) -> [(line: Int, cells: [String])] {
    var parser = DelimitedParser(
      delimiter: delimiter, skippedLineCount: 0, quotesAreText: !request.input.isQuoted)
    var rows: [(line: Int, cells: [String])] = []
    func add(_ row: DelimitedRow) {
      if row.isBlank || row.isComment(request.input.comment) { return }
      rows.append((row.line, row.fields.map { RequestColumns.trimmed(String(decoding: $0.bytes, as: UTF8.self)) }))
    }
    for byte in bytes {
      if let row = parser.take(byte) { add(row) }
      if rows.count == Self.rowLimit { return rows }
    }
    if let row = parser.finish() { add(row) }
    return rows
  }
}
