/// A file with a header line and delimiters. Fields are kept as they are written, quotes and all.
struct DelimitedPage: Sendable {
  private let delimiter: UInt8
  private var records: [[[UInt8]]] = []
  /// CR LF, or LF.
  private let lineEnd: [UInt8]

  init(_ bytes: [UInt8]) {
    let firstLine = bytes.prefix { $0 != UInt8(ascii: "\n") }
    delimiter = [UInt8(ascii: "\t"), UInt8(ascii: "|")].first { firstLine.contains($0) } ?? UInt8(ascii: ",")
    lineEnd = firstLine.last == UInt8(ascii: "\r") ? Array("\r\n".utf8) : Array("\n".utf8)
    var record: [[UInt8]] = []
    var field: [UInt8] = []
    var isQuoted = false
    for byte in bytes {
      if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
      switch byte {
      case delimiter where !isQuoted:
        record.append(field)
        field = []
      case UInt8(ascii: "\n") where !isQuoted:
        if field.last == UInt8(ascii: "\r") { field.removeLast() }
        records.append(record + [field])
        (record, field) = ([], [])
      default:
        field.append(byte)
      }
    }
    if !field.isEmpty || !record.isEmpty { records.append(record + [field]) }
  }

  func emptied() -> DelimitedPage {
    var page = self
    page.records = Array(records.prefix(1))
    return page
  }

  func changed(_ change: ColumnChange) -> DelimitedPage {
    guard let first = records.first else { return self }
    let header = first.map(Self.name)
    let kept = header.indices.filter { !change.dropped.contains(header[$0]) }
    var page = self
    page.records = records.enumerated().map { number, record in
      guard number > 0 else {
        return kept.map { index in
          let name = change.name(header[index])
          return name == header[index] ? first[index] : Array(name.utf8)
        } + change.added.map { Array($0.key.utf8) }
      }
      return kept.compactMap { $0 < record.count ? record[$0] : nil }
        + change.added.map { Array(($0.value.scalarText ?? "").utf8) }
    }
    return page
  }

  /// Without quotes, padding and byte order mark.
  private static func name(_ field: [UInt8]) -> String {
    var name = String(decoding: field, as: UTF8.self)
    if name.hasPrefix("\u{FEFF}") { name.removeFirst() }
    while name.first == " " || name.first == "\"" { name.removeFirst() }
    while name.last == " " || name.last == "\"" { name.removeLast() }
    return name
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    for record in records {
      bytes += record.joined(separator: [delimiter])
      bytes += lineEnd
    }
    return bytes
  }
}
