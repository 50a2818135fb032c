/// A header and its rows, as the Census API answers them.
struct RecordedTable: Sendable {
  var header: [String]
  var rows: [[JSONValue]]

  init(_ bytes: [UInt8], path: String) throws {
    let value: JSONValue
    do { value = try JSONValue(parsing: bytes) } catch { throw RecordingError("\(path): \(error)") }
    guard case .array(let lines) = value, case .array(let names)? = lines.first else {
      throw RecordingError("\(path): not an array of arrays")
    }
    header = try names.map {
      guard case .string(let name) = $0 else { throw RecordingError("\(path): the first row must hold names") }
      return name
    }
    rows = []
    rows.reserveCapacity(lines.count)
    for (number, line) in lines.enumerated().dropFirst() {
      guard case .array(let row) = line, row.count == header.count else {
        throw RecordingError("\(path): row \(number) has not the header's \(header.count) values")
      }
      rows.append(row)
    }
  }
}
