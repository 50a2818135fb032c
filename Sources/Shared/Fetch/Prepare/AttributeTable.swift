internal import FoundationEssentials
internal import Glibc

/// The attributes of a shapefile (.dbf), whose text has no encoding of its own: rewritten as UTF-8, which is what DuckDB takes
/// its bytes for.
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
    var isText: Bool
    var start: Int
    var length: Int
    var descriptor: Range<Int>
  }

  /// 1 GiB: shapefiles end at two, and their attributes are held whole while they are rewritten.
  private static let byteLimit = 1 << 30

  private var bytes: [UInt8]
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
    var fields: [Field] = []
    var (place, start) = (32, 1)
    while place + 32 <= min(headerLength, data.count), data[place] != 0x0D {
      let isText = data[place + 11] == UInt8(ascii: "C")
      // A text's length has its higher byte where a number has its decimals.
      let length = Int(data[place + 16]) + (isText ? Int(data[place + 17]) << 8 : 0)
      fields.append(
        Field(
          name: String(decoding: data[place..<place + 11].prefix { $0 != 0 }, as: UTF8.self), isText: isText,
          start: start, length: length, descriptor: place..<place + 32))
      start += length
      place += 32
    }
    self.fields = fields
    guard start <= recordLength else { return nil }
  }

  /// Makes the texts beside a shapefile UTF-8.
  /// - Parameter declared: as the request states it; else what the .cpg beside it says.
  /// - Throws: `Failure`, where neither says, or says what the bytes are not.
  static func recode(beside shapefile: String, declared: String?) throws {
    let stem = String(shapefile.dropLast(4))
    let folder = stem.lastIndex(of: "/").map { String(stem[..<$0]) } ?? "."
    let name = stem.split(separator: "/").last.map { $0.lowercased() } ?? ""
    let beside = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    func file(_ ending: String) -> String? {
      beside.first { $0.lowercased() == "\(name).\(ending)" }.map { "\(folder)/\($0)" }
    }
    guard let path = file("dbf"), let data = FileManager.default.contents(atPath: path), data.count <= byteLimit,
      var table = AttributeTable([UInt8](data))
    else { return }
    let pageFile = file("cpg")
    let page = pageFile.flatMap { FileManager.default.contents(atPath: $0) }.map { String(decoding: $0, as: UTF8.self) }
    guard let first = table.firstLetter() else { return }
    let isUTF8 = table.isUTF8()
    guard let encoding = declared ?? page.map(name(ofPage:)) else {
      throw Failure(
        summary: "\(first.place): \(first.shown) is no ASCII, and the shapefile has no .cpg that says what it is",
        advice:
          "State the request's `encoding: \(isUTF8 ? "utf-8" : TextEncoding.likely(first.bytes))`, or what it is in truth."
      )
    }
    let stated = declared == nil ? "the .cpg says" : "the request states"
    if TextEncoding.isUTF8(encoding) {
      guard !isUTF8 else { return }
      throw Failure(
        summary: "\(first.place): \(first.shown) is not UTF-8, as \(stated)",
        advice: "State the request's `encoding: \(TextEncoding.likely(first.bytes))`, or what it is in truth.")
    }
    if isUTF8, TextEncoding.isSingleByte(encoding) {
      throw Failure(
        summary: "\(first.place): \(first.shown) is UTF-8, and \(stated) \(encoding)",
        advice: "State the request's `encoding: utf-8`.")
    }
    try Data(table.recoded(from: encoding)).write(to: URL(filePath: path))
    if let pageFile { try Data("UTF-8".utf8).write(to: URL(filePath: pageFile)) }
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

  /// The whole table, its fields as wide as their texts need.
  private mutating func recoded(from encoding: String) throws -> [UInt8] {
    var texts: [[[UInt8]]] = []
    var lengths = fields.map(\.length)
    for record in records {
      var row: [[UInt8]] = []
      for (index, field) in fields.enumerated() {
        var text = Array(bytes[range(record, field)])
        if field.isText {
          do {
            text = try TextReader.decoded(text, from: encoding)
          } catch let failure as TextReader.Failure {
            throw Failure(
              summary: "record \(record + 1), column \(field.name): \(failure.summary)",
              advice: "State the request's `encoding:` as iconv names it.")
          }
          while text.count > field.length, text.last == UInt8(ascii: " ") { text.removeLast() }
          lengths[index] = max(lengths[index], text.count)
        }
        row.append(text)
      }
      texts.append(row)
    }
    var header = Array(bytes[..<headerLength])
    let length = lengths.reduce(1, +)
    (header[10], header[11]) = (UInt8(length & 0xFF), UInt8(length >> 8 & 0xFF))
    for (field, length) in zip(fields, lengths) where field.isText {
      header[field.descriptor.lowerBound + 16] = UInt8(length & 0xFF)
      header[field.descriptor.lowerBound + 17] = UInt8(length >> 8 & 0xFF)
    }
    var result = header
    for (record, row) in texts.enumerated() {
      result.append(bytes[headerLength + record * recordLength])
      for (text, length) in zip(row, lengths) {
        result += text + Array(repeating: UInt8(ascii: " "), count: length - text.count)
      }
    }
    return result + [0x1A]
  }
}
