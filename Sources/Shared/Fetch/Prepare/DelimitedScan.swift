internal import Base
internal import Catalog

/// One quick pass over delimited text: whether it is plain as RFC 4180 has it, so that a reader that is told the dialect can
/// only read it in one way.
///
/// Plain is UTF-8 without U+0000, with as many columns in each record as in the first, one kind of line end, quotes about
/// whole values only, no blank line, and the header but once. What is not plain is read by `DelimitedText`, which says where,
/// or puts it right.
struct DelimitedScan {
  private enum State {
    case fieldStart, plain, quoted, quoteInQuotes, carriageReturn
  }

  private static let quote = UInt8(ascii: "\"")
  private static let newline = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  private let delimiter: UInt8
  private let width: Int
  /// The header's record without quotes and spaces, in small letters, to be known again.
  private let header: [UInt8]
  /// How long the header may be when it comes again, with quotes and spaces about its names.
  private let longestHeader: Int
  /// What pieces before had of the record that is being read, as far as it may be the header.
  private var recordHead: [UInt8] = []
  /// For each byte, whether a value goes on with it.
  private let isOrdinary: [Bool]
  private var state = State.fieldStart
  private var utf8 = UTF8Check()
  private var fieldCount = 1
  private var recordStart = 0
  private var offset = 0
  private var recordCount = 0
  private var longestRow = 0
  private var hasLineBreaks = false
  /// Whether lines end in CR LF; nil before the first end.
  private var usesCarriageReturns: Bool?

  private init(delimiter: UInt8, width: Int, header: [UInt8]) {
    self.delimiter = delimiter
    self.width = width
    let header = header.filter { $0 != Self.carriageReturn }
    self.header = header.compactMap(Self.letter)
    longestHeader = header.count + 8 * width
    isOrdinary = (0...255).map { byte in
      let byte = UInt8(byte)
      return byte != delimiter && byte != Self.quote && byte != Self.newline && byte != Self.carriageReturn && byte != 0
    }
  }

  /// A byte as it is compared; nil for a quote and a space.
  private static func letter(_ byte: UInt8) -> UInt8? {
    byte == quote || DelimitedText.isSpace(byte)
      ? nil : UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte
  }

  /// - Returns: nil for a text that is not plain.
  static func layout(
    of path: String, delimiter: UInt8, _ cancellation: BlockingWork.Cancellation
  ) throws -> DelimitedLayout? {
    var reader = try TextReader(path, encoding: nil)
    var parser = DelimitedParser(delimiter: delimiter, skippedLineCount: 0)
    var scan: DelimitedScan?
    var cells: [String] = []
    var before: [[UInt8]] = []
    var headerLength = 0
    while let piece = try reader.next() {
      try cancellation.check()
      if scan == nil {
        before.append(piece)
        var header: DelimitedRow?
        for byte in piece where header == nil {
          header = parser.take(byte)
          if header == nil { headerLength += 1 }
        }
        guard let header else {
          // A header of megabytes is none.
          if before.count > 64 { return nil }
          continue
        }
        guard let found = names(header) else { return nil }
        cells = found
        scan = DelimitedScan(
          delimiter: delimiter, width: header.fields.count, header: Array(before.joined().prefix(headerLength)))
        for piece in before where scan?.take(piece) != true { return nil }
        before = []
      } else if scan?.take(piece) != true {
        return nil
      }
    }
    if scan == nil {
      // A header without a line end.
      guard !parser.isInQuotes, let header = parser.finish(), let found = names(header) else { return nil }
      cells = found
      scan = DelimitedScan(delimiter: delimiter, width: header.fields.count, header: [])
      for piece in before where scan?.take(piece) != true { return nil }
    }
    guard scan?.finish() == true, let scan else { return nil }
    return DelimitedLayout(
      cells: cells, delimiter: String(decoding: [delimiter], as: UTF8.self), rowCount: scan.recordCount - 1,
      hasLineBreaks: scan.hasLineBreaks, longestRow: scan.longestRow)
  }

  private static func names(_ header: DelimitedRow) -> [String]? {
    if header.isBlank || header.fields.contains(where: { $0.oddity != nil || !UTF8Check.isValid($0.bytes) }) {
      return nil
    }
    let cells = header.fields.map { RequestColumns.trimmed(String(decoding: $0.bytes, as: UTF8.self)) }
    return cells.contains { $0.contains { $0.isNewline } } ? nil : cells
  }

  private mutating func take(_ piece: [UInt8]) -> Bool {
    let isUTF8 = piece.withUnsafeBytes { utf8.firstWrong(in: $0) } == nil
    return isUTF8 && piece.withUnsafeBufferPointer { bytes in isOrdinary.withUnsafeBufferPointer { scan(bytes, $0) } }
  }

  private mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>, _ isOrdinary: UnsafeBufferPointer<Bool>) -> Bool {
    var index = 0
    let count = bytes.count
    defer { offset += count }
    while index < count {
      let byte = bytes[index]
      switch state {
      // Perhaps the byte order mark of a document that was put behind another one.
      case .fieldStart where byte == 0xEF && fieldCount == 1 && recordCount > 0: return false
      case .fieldStart, .plain:
        if isOrdinary[Int(byte)] {
          state = .plain
          index += 1
          while index < count, isOrdinary[Int(bytes[index])] { index += 1 }
          continue
        }
        switch byte {
        case delimiter: endField()
        case Self.newline: if !endRecord(bytes, index, withCarriageReturn: false) { return false }
        case Self.carriageReturn: state = .carriageReturn
        case Self.quote where state == .fieldStart: state = .quoted
        default: return false
        }
      case .quoted:
        if byte == 0 { return false }
        if byte == Self.quote { state = .quoteInQuotes }
        if byte == Self.newline || byte == Self.carriageReturn { hasLineBreaks = true }
      case .quoteInQuotes:
        switch byte {
        case Self.quote: state = .quoted
        case delimiter: endField()
        case Self.newline: if !endRecord(bytes, index, withCarriageReturn: false) { return false }
        case Self.carriageReturn: state = .carriageReturn
        default: return false
        }
      case .carriageReturn:
        guard byte == Self.newline, endRecord(bytes, index, withCarriageReturn: true) else { return false }
      }
      index += 1
    }
    if recordHead.count <= longestHeader {
      recordHead += bytes[max(0, recordStart - offset)..<count].prefix(longestHeader + 1 - recordHead.count)
    }
    return true
  }

  private mutating func endField() {
    fieldCount += 1
    state = .fieldStart
  }

  /// - Returns: false for a record that is not plain.
  private mutating func endRecord(
    _ bytes: UnsafeBufferPointer<UInt8>, _ index: Int, withCarriageReturn: Bool
  ) -> Bool {
    let end = offset + index
    guard usesCarriageReturns ?? withCarriageReturn == withCarriageReturn else { return false }
    usesCarriageReturns = withCarriageReturn
    let length = end - recordStart
    // A blank line, or one of a single column that is empty.
    guard fieldCount == width, length > (withCarriageReturn ? 1 : 0) else { return false }
    let count = length - (withCarriageReturn ? 1 : 0)
    if count >= header.count, count <= longestHeader, recordCount > 0, width > 1,
      isHeader(bytes[max(0, recordStart - offset)..<index], count)
    {
      return false
    }
    recordHead = []
    longestRow = max(longestRow, length)
    recordCount += 1
    recordStart = end + 1
    fieldCount = 1
    state = .fieldStart
    return true
  }

  /// - Parameters:
  ///   - rest: what this piece has of the record.
  ///   - count: of the record's bytes.
  private func isHeader(_ rest: Slice<UnsafeBufferPointer<UInt8>>, _ count: Int) -> Bool {
    recordHead.isEmpty
      ? rest.prefix(count).lazy.compactMap(Self.letter).elementsEqual(header)
      : (recordHead + rest).prefix(count).lazy.compactMap(Self.letter).elementsEqual(header)
  }

  /// - Returns: whether it ended where a record may end.
  private mutating func finish() -> Bool {
    if utf8.isWithinCharacter || state == .quoted || state == .carriageReturn { return false }
    if state == .fieldStart, fieldCount == 1 { return recordCount > 0 }
    guard fieldCount == width else { return false }
    longestRow = max(longestRow, offset - recordStart)
    recordCount += 1
    return true
  }
}
