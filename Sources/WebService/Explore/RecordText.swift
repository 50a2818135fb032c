/// The text of a record as Postgres writes it: `(39041,,"","a ""b"" \\")`.
enum RecordText {
  /// Its columns; NULL is nil.
  ///
  /// - Parameter count: how many there are: a record of one NULL reads as one of no column.
  static func columns(_ text: String, count: Int) -> [String?] {
    guard count > 0 else { return [] }
    var columns: [String?] = []
    columns.reserveCapacity(count)
    var value: [UInt8] = []
    var (isQuoted, isThere) = (false, false)
    var text = text
    text.withUTF8 { bytes in
      // Without the brackets around it.
      var index = 1
      let end = bytes.count - 1
      while index < end {
        let byte = bytes[index]
        index += 1
        if byte == UInt8(ascii: "\"") {
          isThere = true
          // Within quotes, a quote that is meant is written twice.
          if isQuoted, index < end, bytes[index] == byte {
            value.append(byte)
            index += 1
          } else {
            isQuoted.toggle()
          }
        } else if byte == UInt8(ascii: ","), !isQuoted {
          columns.append(isThere ? String(decoding: value, as: UTF8.self) : nil)
          value.removeAll(keepingCapacity: true)
          isThere = false
        } else {
          isThere = true
          value.append(byte)
          // So is a backslash, everywhere.
          if byte == UInt8(ascii: "\\"), index < end, bytes[index] == byte { index += 1 }
        }
      }
    }
    columns.append(isThere ? String(decoding: value, as: UTF8.self) : nil)
    return columns
  }
}

/// Lines of CSV as Postgres' COPY writes them: NULL is nothing, an empty text is `""`.
enum CSVLine {
  static func write(_ values: [String?], into bytes: inout [UInt8]) {
    for (index, value) in values.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      guard let value else { continue }
      // What is alone on its line and is `\.` ends a COPY.
      guard value.isEmpty || values.count == 1 && value == "\\." || value.utf8.contains(where: isSpecial) else {
        bytes += value.utf8
        continue
      }
      bytes.append(UInt8(ascii: "\""))
      for byte in value.utf8 {
        if byte == UInt8(ascii: "\"") { bytes.append(byte) }
        bytes.append(byte)
      }
      bytes.append(UInt8(ascii: "\""))
    }
    bytes.append(UInt8(ascii: "\n"))
  }

  private static func isSpecial(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r"): true
    default: false
    }
  }
}
