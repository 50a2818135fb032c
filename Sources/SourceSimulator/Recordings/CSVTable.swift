/// A plain CSV file of the simulator's own: a header, then rows by column name.
struct CSVTable: Sendable {
  let rows: [[String: String]]

  init(_ bytes: [UInt8], path: String, requiring columns: [String]) throws {
    let records = Self.records(bytes)
    guard let header = records.first else { throw RecordingError("\(path): empty") }
    for column in columns where !header.contains(column) { throw RecordingError("\(path): no column \(column)") }
    rows = try records.dropFirst().enumerated().map { index, record in
      guard record.count == header.count else {
        throw RecordingError("\(path): row \(index + 1) has not the header's \(header.count) values")
      }
      return Dictionary(zip(header, record)) { first, _ in first }
    }
  }

  /// RFC 4180: quotes around fields, doubled inside.
  static func records(_ bytes: [UInt8]) -> [[String]] {
    var records: [[String]] = []
    var record: [String] = []
    var field: [UInt8] = []
    var isQuoted = false
    var index = 0
    func endField() {
      record.append(String(decoding: field, as: UTF8.self))
      field = []
    }
    while index < bytes.count {
      let byte = bytes[index]
      switch byte {
      case UInt8(ascii: "\"") where isQuoted && index + 1 < bytes.count && bytes[index + 1] == byte:
        field.append(byte)
        index += 1
      case UInt8(ascii: "\""): isQuoted.toggle()
      case UInt8(ascii: ",") where !isQuoted: endField()
      case UInt8(ascii: "\n") where !isQuoted:
        if field.last == UInt8(ascii: "\r") { field.removeLast() }
        endField()
        if record != [""] { records.append(record) }
        record = []
      default: field.append(byte)
      }
      index += 1
    }
    if !field.isEmpty || !record.isEmpty {
      endField()
      records.append(record)
    }
    return records
  }
}
