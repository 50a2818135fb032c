/// Cuts delimited text into rows, a byte at a time: quotes as RFC 4180 has them, with space before and after them where a
/// source pads its columns, and any of the three line ends.
struct DelimitedParser {
  private enum State {
    /// Before the first byte of a field that is no space.
    case start
    case plain
    case quoted
    /// After a quote within quotes: the end, unless another one follows.
    case quoteInQuotes
  }

  private static let quote = UInt8(ascii: "\"")
  private static let newline = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  let delimiter: UInt8
  /// Whether a quote is a character like any other.
  private let quotesAreText: Bool
  private var skippedLineCount: Int
  private var state = State.start
  private var field = DelimitedField()
  private var fields: [DelimitedField] = []
  private var line = 1
  private var isAfterCarriageReturn = false
  /// Where the row that is being read began.
  private(set) var rowLine = 1

  var isInQuotes: Bool { state == .quoted }

  init(delimiter: UInt8, skippedLineCount: Int, quotesAreText: Bool = false) {
    self.delimiter = delimiter
    self.quotesAreText = quotesAreText
    self.skippedLineCount = skippedLineCount
  }

  /// - Returns: the row that this byte ends.
  mutating func take(_ byte: UInt8) -> DelimitedRow? {
    let isSecondOfTwo = byte == Self.newline && isAfterCarriageReturn
    isAfterCarriageReturn = byte == Self.carriageReturn
    let isLineEnd = (byte == Self.newline && !isSecondOfTwo) || byte == Self.carriageReturn
    if isLineEnd { line += 1 }
    if skippedLineCount > 0 {
      if isLineEnd { skippedLineCount -= 1 }
      rowLine = line
      return nil
    }
    // The line feed of a line end whose first half has ended it.
    if isSecondOfTwo, state != .quoted {
      rowLine = line
      return nil
    }
    switch state {
    case .quoted:
      if byte == Self.quote { state = .quoteInQuotes } else { field.bytes.append(byte) }
      return nil
    case .quoteInQuotes where byte == Self.quote:
      field.bytes.append(byte)
      state = .quoted
      return nil
    case .start where byte == Self.quote && !quotesAreText:
      field = DelimitedField(isQuoted: true)
      state = .quoted
      return nil
    default: break
    }
    switch byte {
    case delimiter: endField()
    case Self.newline, Self.carriageReturn: return endRow()
    default:
      if state == .quoteInQuotes {
        if DelimitedText.isSpace(byte) { break }
        field.oddity = field.oddity ?? .textAfterQuote
      } else if byte == Self.quote, !quotesAreText {
        field.oddity = field.oddity ?? .strayQuote
      }
      if state == .start, !DelimitedText.isSpace(byte) { state = .plain }
      field.bytes.append(byte)
      // The byte order mark of a document that was put behind another one.
      if byte == 0xBF, fields.isEmpty, field.bytes == [0xEF, 0xBB, 0xBF] {
        field = DelimitedField()
        state = .start
      }
    }
    return nil
  }

  /// The last row, where no line end follows it.
  mutating func finish() -> DelimitedRow? {
    fields.isEmpty && field.bytes.isEmpty && !field.isQuoted ? nil : endRow()
  }

  private mutating func endField() {
    fields.append(field)
    field = DelimitedField()
    state = .start
  }

  private mutating func endRow() -> DelimitedRow {
    endField()
    let row = DelimitedRow(line: rowLine, fields: fields)
    fields = []
    rowLine = line
    return row
  }
}
