internal import Base
package import Catalog

/// Where in the documents a value stands, for the error that refuses it.
package struct ValuePlace: Sendable, Equatable {
  package var url: String
  /// Of an archive.
  package var member: String?
  package var line: Int
  /// Its name, where the document has a header.
  package var column: String?

  package var text: String {
    let place = column.map { "line \(line), column \($0)" } ?? "line \(line)"
    return "\(place) of \(url)" + (member.map { " (\($0))" } ?? "")
  }

  /// Enough to see whether it is one place or everywhere.
  private static let limit = 3

  /// - Parameter column: where the value is known to stand, as the source names it; nil where any may be meant.
  /// - Returns: the first few places, in the order of the documents. None where the documents are no text, or cannot be read.
  package static func find(
    _ value: String, column: String? = nil, in inputs: [FetchedInput], of requests: [DatasetRequest]
  ) async -> [ValuePlace] {
    let found = try? await BlockingWork.run { cancellation in
      var places: [ValuePlace] = []
      for input in inputs where places.count < limit {
        guard let request = requests.first(where: { $0.name == input.requestName }), let text = input.text else {
          continue
        }
        switch request.format {
        case .csv, .tsv: try cells(value, column, text, input, request, cancellation, &places)
        case .lines, .fixedWidth, .json, .jsonTable, .jsonDocument, .ndjson, .geojson, .geojsonLines:
          try lines(value, text, input, request, cancellation, &places)
        case .feed, .parquet, .shapefile, .xlsx: break
        }
      }
      return places
    }
    return found ?? []
  }

  private static func member(_ text: String, _ request: DatasetRequest) -> String? {
    request.input.member == nil ? nil : text.split(separator: "/").last.map(String.init)
  }

  private static func cells(
    _ value: String, _ column: String?, _ text: String, _ input: FetchedInput, _ request: DatasetRequest,
    _ cancellation: BlockingWork.Cancellation, _ places: inout [ValuePlace]
  ) throws {
    let options = request.input
    var reader = try TextReader(text, encoding: TextEncoding.isUTF8(options.encoding) ? nil : options.encoding)
    let usual: UInt8 = request.format == .csv ? UInt8(ascii: ",") : UInt8(ascii: "\t")
    var parser = DelimitedParser(
      delimiter: options.delimiter?.utf8.first ?? usual, skippedLineCount: options.skippedLineCount,
      quotesAreText: !options.isQuoted)
    let wanted = trimmed(Array(value.utf8))
    var headersLeft = options.headerRowCount
    let names = input.layout?.names ?? []
    func look(_ row: DelimitedRow) {
      if row.isBlank || row.isComment(options.comment) { return }
      if headersLeft > 0 {
        headersLeft -= 1
        return
      }
      for (index, field) in row.fields.enumerated() where places.count < limit && trimmed(field.bytes) == wanted {
        let name = index < names.count ? names[index] : nil
        if let column, name?.lowercased() != column.lowercased() { continue }
        places.append(
          ValuePlace(
            url: input.url, member: member(text, request), line: row.line, column: name ?? "\(index + 1)"))
      }
    }
    while places.count < limit, let piece = try reader.next() {
      try cancellation.check()
      for byte in piece {
        if let row = parser.take(byte) { look(row) }
      }
    }
    if places.count < limit, let row = parser.finish() { look(row) }
  }

  private static func trimmed(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
    let start = bytes.drop(while: DelimitedText.isSpace)
    return start.prefix((start.lastIndex { !DelimitedText.isSpace($0) }.map { $0 + 1 - start.startIndex }) ?? 0)
  }

  private static func lines(
    _ value: String, _ text: String, _ input: FetchedInput, _ request: DatasetRequest,
    _ cancellation: BlockingWork.Cancellation, _ places: inout [ValuePlace]
  ) throws {
    let options = request.input
    var reader = try TextReader(text, encoding: TextEncoding.isUTF8(options.encoding) ? nil : options.encoding)
    let wanted = Array(trimmed(Array(value.utf8)))
    guard let first = wanted.first else { return }
    var line: [UInt8] = []
    var number = 1
    func look() {
      defer { line.removeAll(keepingCapacity: true) }
      for index in line.indices where line[index] == first && line[index...].starts(with: wanted) {
        let after = index + wanted.count
        if index > 0, isWord(line[index - 1]) || after < line.count && isWord(line[after]) { continue }
        if after < line.count, isWord(line[after]) { continue }
        places.append(ValuePlace(url: input.url, member: member(text, request), line: number, column: nil))
        return
      }
    }
    while places.count < limit, let piece = try reader.next() {
      try cancellation.check()
      for byte in piece where places.count < limit {
        if byte == UInt8(ascii: "\n") {
          look()
          number += 1
        } else if line.count < lineLimit {
          line.append(byte)
        }
      }
    }
    if places.count < limit { look() }
  }

  /// 64 MiB: a document of one line is looked through so far.
  private static let lineLimit = 64 << 20

  private static func isWord(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
      || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte & 0xDF)
  }
}
