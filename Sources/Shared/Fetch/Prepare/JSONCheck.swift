internal import Base

/// One pass over a JSON text: well-formed, whole, no object with a member twice, and not too deep. DuckDB's readers take an
/// array that ends early for a whole one, take either of two members, and name no line.
///
/// Commas before a bracket that closes, `NaN` and `Infinity` are let through, as DuckDB reads them.
struct JSONCheck {
  /// What a document consists of.
  enum Shape: Equatable {
    /// One array.
    case array
    /// Values behind one another.
    case values
    /// A value a line.
    case lines
  }

  /// What is wrong, and at which byte.
  struct Failure: Error {
    var what: String
    var offset: Int
    /// Where what is meant began, if that is of use.
    var began: Int?
    var advice = "Ask for it again; if it stays so, ask its source, which writes what no reader of JSON takes."
    /// What is told of the text at `offset`.
    var shown = Shown.nothing

    enum Shown {
      case nothing, text
      /// The member's name.
      case member
    }
  }

  enum State: Equatable {
    case value, firstElement, firstMember, name, colon, afterValue, afterRecord
    case text, escape, digits
    case word
    case sign, zero, whole, point, fraction, exponent, exponentSign, exponentDigits
  }

  let shape: Shape
  var state = State.value
  var offset = 0
  /// Containers that are open: whether each is an object, where it began, and where its members' hashes do.
  var open: [(isObject: Bool, offset: Int, members: Int, place: Int?)] = []
  /// Where its records are, where that is known.
  let places: RecordPlaces?
  /// How many steps lead to them at most.
  let stepCount: Int
  /// What is read of them, where that is declared.
  var names: JSONNames?
  /// Of the word that has begun: its place, where it is one of what leads to the records.
  private var wordPlace: Int?
  /// Of objects that are open, members that are nearly called as declared, and how deep they stand.
  var others: [(depth: Int, member: JSONNames.Other)] = []
  var members: [UInt64] = []
  var memberOffsets: [Int] = []
  private var valueCount = 0
  var isName = false
  var textOffset = 0
  var hasEscape = false
  var name: [UInt8] = []
  private var word: [UInt8] = []
  var digitCount = 0
  var unit: UInt16 = 0
  var needsLowHalf = false

  init(_ shape: Shape, _ places: RecordPlaces? = nil, _ names: JSONNames? = nil) {
    (self.shape, self.places, self.names) = (shape, places, names)
    stepCount = places?.steps.count ?? -1
  }

  // MARK: Bytes

  /// - Parameter bytes: the next piece.
  /// - Throws: `Failure`.
  mutating func take(_ bytes: UnsafeRawBufferPointer) throws {
    let before = offset
    var index = 0
    while index < bytes.count {
      if state == .text {
        // Most bytes of a document are those of its texts.
        let start = index
        while index < bytes.count, bytes[index] != 0x22, bytes[index] != 0x5C, bytes[index] >= 0x20 { index += 1 }
        if isName { name.append(contentsOf: bytes[start..<index]) }
        if index == bytes.count { break }
      }
      offset = before + index
      try take(bytes[index])
      index += 1
    }
    offset = before + bytes.count
  }

  private mutating func take(_ byte: UInt8) throws {
    switch state {
    case .text, .escape, .digits: return try takeOfText(byte)
    case .word:
      if Self.isLetter(byte) {
        word.append(byte)
        if word.count <= Self.longestWord { return }
      }
      try endWord()
    case .sign, .zero, .whole, .point, .fraction, .exponent, .exponentSign, .exponentDigits:
      if try takeOfNumber(byte) { return }
    default: break
    }
    if byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { return try takeSpace(byte) }
    try takeOfStructure(byte)
  }

  private mutating func takeSpace(_ byte: UInt8) throws {
    guard shape == .lines, byte == 0x0A else { return }
    if let last = open.last {
      throw Failure(
        what: "the line ends before \(last.isObject ? "an object" : "a list") does", offset: offset, began: last.offset,
        advice: Self.lineAdvice)
    }
    state = .value
  }

  private mutating func takeOfStructure(_ byte: UInt8) throws {
    switch state {
    case .value: try beginValue(byte)
    case .firstElement:
      if byte == UInt8(ascii: "]") { try close(byte) } else { try beginValue(byte) }
    case .firstMember, .name:
      switch byte {
      case UInt8(ascii: "\""): beginText(isName: true)
      case UInt8(ascii: "}"): try close(byte)
      default: throw unexpected(byte, "a member's name in double quotes")
      }
    case .colon:
      guard byte == UInt8(ascii: ":") else { throw unexpected(byte, "a colon") }
      state = .value
    case .afterValue:
      switch byte {
      case UInt8(ascii: ","): state = open.last?.isObject == true ? .name : .firstElement
      case UInt8(ascii: "}"), UInt8(ascii: "]"): try close(byte)
      default:
        throw unexpected(
          byte, open.last?.isObject == true ? "a comma or the object's end" : "a comma or the list's end")
      }
    default:
      guard shape == .values else {
        throw unexpected(byte, shape == .lines ? "the line's end" : "the document's end")
      }
      try beginValue(byte)
    }
  }

  private mutating func beginValue(_ byte: UInt8) throws {
    if open.isEmpty {
      valueCount += 1
      if shape == .array, byte != UInt8(ascii: "[") {
        var failure = unexpected(byte, "an array of rows")
        failure.advice =
          "If the array is within an object, state `json_path:`; if there is an object a line, `format: ndjson`."
        throw failure
      }
    }
    let place = nextPlace
    if let place, !Self.isLetter(byte) { try checkBeginning(byte, at: place) }
    switch byte {
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      guard open.count < ExpansionBudget.depth else {
        throw Failure(
          what: "its lists and objects are more than \(ExpansionBudget.depth) deep within one another", offset: offset,
          advice: "No document of a table is so: ask its source.")
      }
      let isObject = byte == UInt8(ascii: "{")
      open.append((isObject, offset, members.count, place))
      state = isObject ? .firstMember : .firstElement
    case UInt8(ascii: "\""): beginText(isName: false)
    case UInt8(ascii: "-"): state = .sign
    case UInt8(ascii: "0"): state = .zero
    case UInt8(ascii: "1")...UInt8(ascii: "9"): state = .whole
    case _ where Self.isLetter(byte):
      (word, wordPlace) = ([byte], place)
      state = .word
    default: throw unexpected(byte, "a value")
    }
  }

  private mutating func close(_ byte: UInt8) throws {
    let isObject = byte == UInt8(ascii: "}")
    guard let last = open.last, last.isObject == isObject else {
      throw unexpected(byte, isObject ? "the list's end" : "the object's end")
    }
    if isObject {
      try checkOthers(of: last.place, from: last.members)
      if let place = last.place { try checkMember(at: place, from: last.members, last.offset) }
      try checkMembers(from: last.members)
    }
    open.removeLast()
    endValue()
  }

  mutating func endValue() { state = open.isEmpty ? .afterRecord : .afterValue }

  // MARK: Numbers and words

  private static let longestWord = 8

  /// - Returns: false where the number ended before this byte.
  private mutating func takeOfNumber(_ byte: UInt8) throws -> Bool {
    let isDigit = 0x30...0x39 ~= byte
    let isExponent = byte | 0x20 == UInt8(ascii: "e")
    switch state {
    case .sign where Self.isLetter(byte):
      (word, wordPlace) = ([byte], nil)
      state = .word
    case .sign:
      guard isDigit else { throw unexpected(byte, "a digit") }
      state = byte == UInt8(ascii: "0") ? .zero : .whole
    case .zero where isDigit:
      throw Failure(
        what: "a number begins with 0, as codes do", offset: offset - 1,
        advice: "Codes are texts, in quotes: ask its source, which may have lost other zeros.")
    case .zero where byte == UInt8(ascii: "."), .whole where byte == UInt8(ascii: "."): state = .point
    case .zero where isExponent, .whole where isExponent, .fraction where isExponent: state = .exponent
    case .whole where isDigit, .fraction where isDigit, .exponentDigits where isDigit: break
    case .point:
      guard isDigit else { throw unexpected(byte, "a digit") }
      state = .fraction
    case .exponent where byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-"): state = .exponentSign
    case .exponent, .exponentSign:
      guard isDigit else { throw unexpected(byte, "a digit") }
      state = .exponentDigits
    default:
      endValue()
      return false
    }
    return true
  }

  private mutating func endWord() throws {
    let text = String(decoding: word, as: UTF8.self)
    guard ["true", "false", "null"].contains(text) || ["nan", "inf", "infinity"].contains(text.lowercased()) else {
      throw Failure(what: "'\(text)' is no value: a text stands in double quotes", offset: offset - word.count)
    }
    if let place = wordPlace { try checkWord(text, at: place) }
    endValue()
  }

  // MARK: The end

  /// - Throws: `Failure`.
  mutating func finish() throws {
    switch state {
    case .word: try endWord()
    case .zero, .whole, .fraction, .exponentDigits: endValue()
    case .text, .escape, .digits:
      throw Failure(what: "it ends within a text", offset: offset, began: textOffset, advice: Self.cutAdvice)
    default: break
    }
    if let last = open.last {
      throw Failure(
        what: "it ends before \(last.isObject ? "an object" : "a list") does", offset: offset, began: last.offset,
        advice: Self.cutAdvice)
    }
    if valueCount == 0, shape != .lines {
      throw Failure(what: "it ends before its value", offset: offset, advice: Self.cutAdvice)
    }
    guard state == .afterRecord || state == .value else {
      throw Failure(what: "it ends within a number", offset: offset, advice: Self.cutAdvice)
    }
  }

  static let lineAdvice = "Expected is a value a line; if the document is one value, state `format: json`."
  private static let cutAdvice = "It was cut: ask for it again."

  func unexpected(_ byte: UInt8, _ expected: String) -> Failure {
    Failure(what: "found \(Self.shown(byte)), expected \(expected)", offset: offset)
  }

  static func shown(_ byte: UInt8) -> String {
    0x21...0x7E ~= byte ? "'\(Character(UnicodeScalar(byte)))'" : TextEncoding.hexadecimal([byte])
  }

  private static func isLetter(_ byte: UInt8) -> Bool { UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 }

  static func hexadecimal(_ byte: UInt8) -> UInt16? {
    switch byte {
    case 0x30...0x39: UInt16(byte - 0x30)
    case 0x41...0x46, 0x61...0x66: UInt16((byte | 0x20) - 0x61 + 10)
    default: nil
    }
  }
}
