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
  /// Of the line, where lines may hold all of a document.
  package var character: Int?

  package var text: String {
    let place =
      "line \(line)" + (column.map { ", column \($0)" } ?? "") + (character.map { ", character \($0)" } ?? "")
    return "\(place) of \(url)" + (member.map { " (\($0))" } ?? "")
  }

  /// Enough to see whether it is one place or everywhere.
  private static let limit = 3

  /// - Parameters:
  ///   - column: where the value is known to stand, as the source names it; nil where any may be meant.
  ///   - isBeginningOfRecord: whether it is no value, but what a record of JSON begins with.
  /// - Returns: the first few places, in the order of the documents. None where the documents are no text, or cannot be read.
  package static func find(
    _ value: String, column: String? = nil, isBeginningOfRecord: Bool = false, in inputs: [FetchedInput],
    of requests: [DatasetRequest], year: Int
  ) async -> [ValuePlace] {
    let found = try? await BlockingWork.run { cancellation in
      var places: [ValuePlace] = []
      for input in inputs where places.count < limit {
        guard let request = requests.first(where: { $0.name == input.requestName }), let text = input.text else {
          continue
        }
        switch request.format {
        case .csv, .tsv: try cells(value, column, text, input, request, cancellation, &places)
        case .lines, .json, .jsonTable, .jsonDocument, .ndjson, .geojson, .geojsonLines:
          try lines(
            value, text, input, request, cancellation, &places, isBeginningOfRecord: isBeginningOfRecord)
        case .fixedWidth:
          let positions = request.columns(year: year)?.positions ?? [:]
          try lines(value, text, input, request, cancellation, &places, positions)
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
    _ cancellation: BlockingWork.Cancellation, _ places: inout [ValuePlace],
    _ positions: [String: ClosedRange<Int>] = [:], isBeginningOfRecord: Bool = false
  ) throws {
    let options = request.input
    let isJSON = ![.lines, .fixedWidth].contains(request.format)
    var reader = try TextReader(text, encoding: TextEncoding.isUTF8(options.encoding) ? nil : options.encoding)
    let wanted = Array(trimmed(Array(value.utf8)))
    guard let first = wanted.first else { return }
    // A word that is no record may stand anywhere for what it is.
    let isWholeLine = isBeginningOfRecord && [.geojsonLines, .ndjson].contains(request.format)
    if isBeginningOfRecord, !isWholeLine, !"{[\"".utf8.contains(first) { return }
    var line: [UInt8] = []
    var number = 1
    func look() {
      defer { line.removeAll(keepingCapacity: true) }
      if let column = self.column(of: wanted, in: line, positions) {
        places.append(ValuePlace(url: input.url, member: member(text, request), line: number, column: column))
        return
      }
      for index in line.indices where line[index] == first && line[index...].starts(with: wanted) {
        let after = index + wanted.count
        if isBeginningOfRecord {
          if isWholeLine, !line[..<index].allSatisfy(DelimitedText.isSpace) { continue }
        } else if index > 0, isWord(line[index - 1]) || after < line.count && isWord(line[after]) {
          continue
        }
        let character = isJSON ? line[..<index].count(where: { $0 & 0xC0 != 0x80 }) + 1 : nil
        places.append(
          ValuePlace(url: input.url, member: member(text, request), line: number, character: character))
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

  /// The column of fixed width that holds just this.
  private static func column(of wanted: [UInt8], in line: [UInt8], _ positions: [String: ClosedRange<Int>]) -> String? {
    if positions.isEmpty { return nil }
    let characters = Array(String(decoding: line, as: UTF8.self).unicodeScalars)
    return positions.sorted { $0.value.lowerBound < $1.value.lowerBound }.first { _, place in
      var cell = String.UnicodeScalarView()
      cell.append(contentsOf: characters.dropFirst(place.lowerBound - 1).prefix(place.count))
      return trimmed(Array(String(cell).utf8)).elementsEqual(wanted)
    }?.key
  }

  /// 64 MiB: a document of one line is looked through so far.
  private static let lineLimit = 64 << 20

  private static func isWord(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
      || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte & 0xDF)
  }
}
