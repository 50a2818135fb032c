internal import Engine
internal import Glibc
internal import Lake

/// Bytes of rows for a COPY.
struct RowPart: Sendable {
  var bytes: ArraySlice<UInt8>
  /// Rows that end in them.
  var rowCount: Int
  /// Whether the last byte ends a row: another COPY may then have what follows.
  var endsRow: Bool
}

/// Cuts what DuckDB streams where rows end, so that COPYs side by side each get whole ones.
protocol RowCutter: Sendable {
  /// What stands before a COPY's rows, and after them.
  var opening: [UInt8] { get }
  var closing: [UInt8] { get }

  /// The rows up to the end of the last one, then what there is of the next one.
  mutating func parts(_ bytes: [UInt8]) throws -> [RowPart]
}

extension RowFormat {
  var cutter: any RowCutter {
    switch self {
    case .csv: CSVRows()
    case .binary: BinaryRows()
    }
  }
}

/// Rows as Postgres' CSV has them. A newline between quotes is part of a value.
struct CSVRows: RowCutter {
  let opening: [UInt8] = []
  let closing: [UInt8] = []
  private var isInQuotes = false

  mutating func parts(_ bytes: [UInt8]) -> [RowPart] {
    isInQuotes = quotesAfter(bytes)
    let end = lastRowEnd(bytes)
    var parts: [RowPart] = []
    if end > 0 {
      let rows = bytes[..<end]
      // Fewer than that where texts have line breaks.
      parts.append(RowPart(bytes: rows, rowCount: rows.count { $0 == UInt8(ascii: "\n") }, endsRow: true))
    }
    if end < bytes.count { parts.append(RowPart(bytes: bytes[end...], rowCount: 0, endsRow: false)) }
    return parts
  }

  /// Where the last whole row ends; 0 where no row ends here.
  private func lastRowEnd(_ bytes: [UInt8]) -> Int {
    var isInside = isInQuotes
    var index = bytes.count
    while index > 0 {
      index -= 1
      if bytes[index] == UInt8(ascii: "\"") {
        isInside.toggle()
      } else if bytes[index] == UInt8(ascii: "\n"), !isInside {
        return index + 1
      }
    }
    return 0
  }

  /// Whether what follows these bytes is between quotes. A doubled quote counts twice, and so not at all.
  private func quotesAfter(_ bytes: [UInt8]) -> Bool {
    var result = isInQuotes
    bytes.withUnsafeBytes { buffer in
      guard var position = buffer.baseAddress else { return }
      let end = position + buffer.count
      // memchr: this runs over every byte of large partitions, and most have no quotes at all.
      while position < end, let quote = memchr(position, Int32(UInt8(ascii: "\"")), end - position) {
        result.toggle()
        position = UnsafeRawPointer(quote) + 1
      }
    }
    return result
  }
}

/// Rows as Postgres' binary COPY has them: a count of fields in two bytes, then for each field its length in four and its
/// bytes; a count of -1 ends them all. The first byte is the highest.
struct BinaryRows: RowCutter {
  let opening: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF] + Array("\r\n\0".utf8) + [UInt8](repeating: 0, count: 8)
  let closing: [UInt8] = [0xFF, 0xFF]

  /// Bytes that mean nothing without those to come.
  private var rest: [UInt8] = []
  private var hasBegun = false
  private var hasEnded = false
  /// Of the row that has begun.
  private var fieldsLeft = 0
  private var valueLeft = 0

  mutating func parts(_ bytes: [UInt8]) throws -> [RowPart] {
    if hasEnded { return [] }
    let bytes = rest.isEmpty ? bytes : rest + bytes
    var start = 0
    if !hasBegun {
      guard bytes.count >= opening.count else {
        rest = bytes
        return []
      }
      guard bytes.starts(with: opening) else {
        throw LakeError.system(
          action: "load", path: "DuckDB's rows", code: 0, message: "they begin otherwise than a binary COPY's")
      }
      hasBegun = true
      start = opening.count
    }
    let (rows, rowsEnd, end) = walk(bytes, from: start)
    rest = hasEnded ? [] : Array(bytes[end...])
    var parts: [RowPart] = []
    if rowsEnd > start {
      parts.append(RowPart(bytes: bytes[start..<rowsEnd], rowCount: rows, endsRow: true))
    }
    if end > rowsEnd { parts.append(RowPart(bytes: bytes[rowsEnd..<end], rowCount: 0, endsRow: false)) }
    return parts
  }

  /// - Returns: how many rows end, where the last of them does (or `start`), and how far the bytes mean something.
  private mutating func walk(_ bytes: [UInt8], from start: Int) -> (rows: Int, rowsEnd: Int, end: Int) {
    var (rows, rowsEnd, index) = (0, start, start)
    var (fields, value) = (fieldsLeft, valueLeft)
    defer { (fieldsLeft, valueLeft) = (fields, value) }
    return bytes.withUnsafeBytes { buffer in
      while true {
        let step = min(value, buffer.count - index)
        index += step
        value -= step
        if value > 0 { break }
        // A row has a field at least, which tells its end from its beginning.
        if fields == 0 {
          if index > rowsEnd, index > start { (rows, rowsEnd) = (rows + 1, index) }
          guard index + 2 <= buffer.count else { break }
          fields = Int(Int16(bigEndian: buffer.loadUnaligned(fromByteOffset: index, as: Int16.self)))
          if fields < 0 {
            hasEnded = true
            break
          }
          index += 2
        } else {
          guard index + 4 <= buffer.count else { break }
          value = max(0, Int(Int32(bigEndian: buffer.loadUnaligned(fromByteOffset: index, as: Int32.self))))
          index += 4
          fields -= 1
        }
      }
      return (rows, rowsEnd, index)
    }
  }
}
