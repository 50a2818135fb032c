internal import Base
internal import FoundationEssentials
internal import Glibc

/// The attributes of a shapefile (.dbf), rewritten as DuckDB reads them without loss: texts, which have no encoding of their own, as
/// UTF-8, and numbers as the texts that they are, of which a reader would make what it can (`12a` 12, twenty digits sixteen).
///
/// dBase: a header of 32 bytes (records from byte 4, header and record length from bytes 8 and 10), 32 bytes a field (name,
/// type at 11, length at 16, decimals at 17), and records of fixed length whose first byte says whether they are deleted.
struct AttributeTable {
  struct Failure: Error, Equatable {
    var summary: String
    var advice: String
  }

  private struct Field {
    var name: String
    /// C of texts, N and F of numbers, D of dates, L of truths.
    var kind: UInt8
    var isText: Bool { kind == UInt8(ascii: "C") }
    var start: Int
    var length: Int
    var descriptor: Range<Int>
  }

  /// 1 GiB: shapefiles end at two, and their attributes are held whole while they are rewritten.
  private static let byteLimit = 1 << 30

  private let bytes: [UInt8]
  private let headerLength: Int
  private let recordLength: Int
  private let recordCount: Int
  private let fields: [Field]

  /// Nil for what is no such table: its reader will say so.
  private init?(_ data: [UInt8]) {
    guard data.count >= 32 else { return nil }
    bytes = data
    func number(_ place: Int, _ size: Int) -> Int {
      (0..<size).reduce(0) { $0 | Int(data[place + $1]) << (8 * $1) }
    }
    recordCount = number(4, 4)
    headerLength = number(8, 2)
    recordLength = number(10, 2)
    guard (32...data.count).contains(headerLength) else { return nil }
    var fields: [Field] = []
    var (place, start) = (32, 1)
    while place + 32 <= min(headerLength, data.count), data[place] != 0x0D {
      let kind = data[place + 11]
      // A text's length has its higher byte where a number has its decimals.
      let length = Int(data[place + 16]) + (kind == UInt8(ascii: "C") ? Int(data[place + 17]) << 8 : 0)
      fields.append(
        Field(
          name: String(decoding: data[place..<place + 11].prefix { $0 != 0 }, as: UTF8.self), kind: kind,
          start: start, length: length, descriptor: place..<place + 32))
      start += length
      place += 32
    }
    self.fields = fields
    guard start <= recordLength else { return nil }
  }

  /// Makes the attributes beside a shapefile what a reader takes for what they are.
  /// - Parameters:
  ///   - declared: the encoding, as the request states it; else what the .cpg beside it says.
  ///   - columns: that are read, in small letters; nil for all.
  /// - Throws: `Failure`, where the files do not belong together, a value is not of its column's kind, or neither says what
  ///   encoding it is, or says what the bytes are not.
  /// - Returns: how many records there are.
  @discardableResult
  static func recode(beside shapefile: String, declared: String?, columns: Set<String>?) throws -> Int {
    let path = try companion("dbf", of: shapefile)
    guard let data = FileManager.default.contents(atPath: path), data.count <= byteLimit,
      let table = AttributeTable([UInt8](data))
    else { throw Failure(summary: "its .dbf is no table of dBase", advice: "Ask its source for the file.") }
    let missing = table.recordCount - table.records.count
    guard missing == 0 else {
      throw Failure(
        summary: "its .dbf says \(table.recordCount.counted("record")), and ends before the last \(missing)",
        advice: "It was cut: ask for it again, or ask its source.")
    }
    try table.checkColumns(columns)
    let pageFile = try? companion("cpg", of: shapefile)
    let encoding = try table.encoding(declared: declared, pageFile: pageFile)
    try Data(table.written(from: encoding)).write(to: URL(filePath: path))
    if encoding != nil, let pageFile { try Data("UTF-8".utf8).write(to: URL(filePath: pageFile)) }
    return table.recordCount
  }

  /// The file of another ending beside a shapefile, in any letters.
  static func companion(_ ending: String, of shapefile: String) throws -> String {
    let stem = String(shapefile.dropLast(4))
    let folder = stem.lastIndex(of: "/").map { String(stem[..<$0]) } ?? "."
    let name = stem.split(separator: "/").last.map { $0.lowercased() } ?? ""
    let beside = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    guard let file = beside.first(where: { $0.lowercased() == "\(name).\(ending)" }) else {
      throw Failure(
        summary: "there is no .\(ending) beside it",
        advice: "A shapefile is a .shp, a .shx and a .dbf: ask its source for all of them.")
    }
    return "\(folder)/\(file)"
  }

  /// The encoding of the texts; nil where they are UTF-8.
  private func encoding(declared: String?, pageFile: String?) throws -> String? {
    let page = pageFile.flatMap { FileManager.default.contents(atPath: $0) }.map { String(decoding: $0, as: UTF8.self) }
    guard let first = firstLetter() else { return nil }
    let isUTF8 = isUTF8()
    guard let encoding = declared ?? page.map(Self.name(ofPage:)) else {
      throw Failure(
        summary: "\(first.place): \(first.shown) is no ASCII, and the shapefile has no .cpg that says what it is",
        advice:
          "State the request's `encoding: \(isUTF8 ? "utf-8" : TextEncoding.likely(first.bytes))`, or what it is in truth."
      )
    }
    let stated = declared == nil ? "the .cpg says" : "the request states"
    if TextEncoding.isUTF8(encoding) {
      guard !isUTF8 else { return nil }
      throw Failure(
        summary: "\(first.place): \(first.shown) is not UTF-8, as \(stated)",
        advice: "State the request's `encoding: \(TextEncoding.likely(first.bytes))`, or what it is in truth.")
    }
    if isUTF8, TextEncoding.isSingleByte(encoding) {
      throw Failure(
        summary: "\(first.place): \(first.shown) is UTF-8, and \(stated) \(encoding)",
        advice: "State the request's `encoding: utf-8`.")
    }
    return encoding
  }

  /// What is read must be there once, and in this file.
  private func checkColumns(_ columns: Set<String>?) throws {
    for field in fields where columns?.contains(field.name.lowercased()) ?? true {
      let places = fields.indices.filter { fields[$0].name.lowercased() == field.name.lowercased() }
      if places.count > 1 {
        throw Failure(
          summary:
            "its .dbf has column '\(field.name)' at \(places.map { "place \($0 + 1)" }.joined(separator: " and ")): names are cut to ten letters",
          advice: "Nothing says which one is meant: ask the source for another format.")
      }
      if ["M", "B", "G", "P"].contains(where: { field.kind == UInt8(ascii: $0) }) {
        throw Failure(
          summary:
            "column \(field.name) is of kind \(String(decoding: [field.kind], as: UTF8.self)): its texts are in a .dbt, which is not read",
          advice: "Leave the column out, or ask the source for another format.")
      }
    }
  }

  /// As iconv names what a .cpg says: `1252`, `ANSI 1252`, `88591`, `ISO 88591`, `UTF-8`.
  private static func name(ofPage text: String) -> String {
    let page = text.lowercased().filter { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
    let digits = page.filter(\.isNumber)
    if digits.hasPrefix("8859") { return "iso-8859-" + digits.dropFirst(4) }
    if page.hasPrefix("utf") { return page.hasPrefix("utf-") ? page : "utf-" + page.dropFirst(3) }
    if !digits.isEmpty, page.hasSuffix(digits),
      ["", "ansi", "cp", "oem", "windows-", "ibm"].contains(page.dropLast(digits.count))
    {
      return digits == "65001" ? "utf-8" : "cp" + digits
    }
    return page
  }

  private var records: Range<Int> {
    0..<max(0, min(recordCount, recordLength == 0 ? 0 : (bytes.count - headerLength) / recordLength))
  }

  private func range(_ record: Int, _ field: Field) -> Range<Int> {
    let start = headerLength + record * recordLength + field.start
    return start..<start + field.length
  }

  /// The first text that is not ASCII.
  private func firstLetter() -> (place: String, shown: String, bytes: [UInt8])? {
    for record in records {
      for field in fields where field.isText {
        let text = bytes[range(record, field)]
        if let index = text.firstIndex(where: { $0 >= 0x80 }) {
          let around = Array(text[max(text.startIndex, index - 3)..<min(text.endIndex, index + 4)])
          return ("record \(record + 1), column \(field.name)", TextEncoding.hexadecimal(around), around)
        }
      }
    }
    return nil
  }

  private func isUTF8() -> Bool {
    records.allSatisfy { record in
      fields.allSatisfy { !$0.isText || UTF8Check.isValid(Array(bytes[range(record, $0)])) }
    }
  }

  /// The whole table: all of it texts in UTF-8, its fields as wide as they need.
  private func written(from encoding: String?) throws -> [UInt8] {
    var lengths = fields.map { AttributeValue.width($0.kind) ?? $0.length }
    if encoding != nil {
      for record in records {
        for (index, field) in fields.enumerated() where field.isText {
          lengths[index] = max(lengths[index], try cell(record, field, encoding).count)
        }
      }
    }
    var result = Array(bytes[..<headerLength])
    let length = lengths.reduce(1, +)
    guard length <= UInt16.max else {
      throw Failure(
        summary: "a record of its .dbf has \(length) bytes in UTF-8, and may have \(UInt16.max)",
        advice: "Ask the source for another format.")
    }
    (result[10], result[11]) = (UInt8(length & 0xFF), UInt8(length >> 8 & 0xFF))
    for (field, length) in zip(fields, lengths) where field.isText || AttributeValue.isKnown(field.kind) {
      let start = field.descriptor.lowerBound
      result[start + 11] = UInt8(ascii: "C")
      (result[start + 16], result[start + 17]) = (UInt8(length & 0xFF), UInt8(length >> 8 & 0xFF))
    }
    result.reserveCapacity(result.count + records.count * length + 1)
    for record in records {
      let start = headerLength + record * recordLength
      result.append(bytes[start])
      for (field, length) in zip(fields, lengths) {
        let cell = try cell(record, field, encoding)
        result += cell
        result += repeatElement(UInt8(ascii: " "), count: length - cell.count)
      }
    }
    return result + [0x1A]
  }

  /// A value as it is read, no longer than its field.
  private func cell(_ record: Int, _ field: Field, _ encoding: String?) throws -> ArraySlice<UInt8> {
    let cell = bytes[range(record, field)]
    if field.isText {
      guard let encoding else { return cell }
      do {
        return AttributeValue.trimmed(try TextReader.decoded(Array(cell), from: encoding)[...])
      } catch let failure as TextReader.Failure {
        throw Failure(
          summary: "record \(record + 1), column \(field.name): \(failure.summary)",
          advice: "State the request's `encoding:` as iconv names it.")
      }
    }
    guard AttributeValue.isKnown(field.kind) else { return cell }
    // What was deleted is not read.
    if bytes[headerLength + record * recordLength] == UInt8(ascii: "*") { return [] }
    guard let value = AttributeValue.text(cell, field.kind) else {
      throw Failure(
        summary:
          "record \(record + 1), column \(field.name): '\(String(decoding: AttributeValue.trimmed(cell), as: UTF8.self))' is no \(AttributeValue.word(field.kind))",
        advice: "Leave the column out, or ask its source.")
    }
    return value
  }
}
