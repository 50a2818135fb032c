/// RFC 8259, strictly.
struct JSONParser {
  /// 512 levels: no answer of a source has ten; the stack holds thousands.
  static let depthLimit = 512

  private let bytes: ArraySlice<UInt8>
  private var position: Int
  private var depth = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes[...]
    position = 0
  }

  mutating func parse() throws -> JSONValue {
    let value = try parseValue()
    skipSpace()
    guard position == bytes.count else { throw error("something after the end") }
    return value
  }

  private mutating func parseValue() throws -> JSONValue {
    skipSpace()
    guard let byte = peek() else { throw error("the text ends early") }
    switch byte {
    case UInt8(ascii: "{"): return try nested { try $0.parseObject() }
    case UInt8(ascii: "["): return try nested { try $0.parseArray() }
    case UInt8(ascii: "\""): return .string(try parseString())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try parseNumber())
    default:
      if take("null") { return .null }
      if take("true") { return .bool(true) }
      if take("false") { return .bool(false) }
      throw error("a value expected")
    }
  }

  private mutating func nested(_ body: (inout JSONParser) throws -> JSONValue) throws -> JSONValue {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { throw error("deeper than \(Self.depthLimit) levels") }
    return try body(&self)
  }

  private mutating func parseObject() throws -> JSONValue {
    position += 1
    var members: [JSONMember] = []
    if take("}") { return .object(members) }
    while true {
      skipSpace()
      guard peek() == UInt8(ascii: "\"") else { throw error("a key expected") }
      let key = try parseString()
      guard take(":") else { throw error("a colon expected") }
      members.append(JSONMember(key, try parseValue()))
      if take("}") { return .object(members) }
      guard take(",") else { throw error("a comma or } expected") }
    }
  }

  private mutating func parseArray() throws -> JSONValue {
    position += 1
    var values: [JSONValue] = []
    if take("]") { return .array(values) }
    while true {
      values.append(try parseValue())
      if take("]") { return .array(values) }
      guard take(",") else { throw error("a comma or ] expected") }
    }
  }

  private mutating func parseNumber() throws -> String {
    let start = position
    while let byte = peek(), "+-.eE0123456789".utf8.contains(byte) { position += 1 }
    let literal = String(decoding: bytes[start..<position], as: UTF8.self)
    guard Double(literal) != nil else { throw error("\(literal) is no number") }
    return literal
  }

  private mutating func parseString() throws -> String {
    position += 1
    var text: [UInt8] = []
    while let byte = peek() {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): text += String(try parseEscape()).utf8
      case 0..<0x20: throw error("a control character in a string")
      default: text.append(byte)
      }
    }
    throw error("a string does not end")
  }

  private mutating func parseEscape() throws -> Unicode.Scalar {
    guard let byte = peek() else { throw error("a string does not end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let unit = try parseUnit()
      if let scalar = Unicode.Scalar(unit) { return scalar }
      guard unit < 0xDC00, take("\\u") else { throw error("half a surrogate pair") }
      let low = try parseUnit()
      guard (0xDC00..<0xE000).contains(low),
        let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
      else { throw error("half a surrogate pair") }
      return scalar
    default: throw error("unknown escape")
    }
  }

  private mutating func parseUnit() throws -> UInt32 {
    guard position + 4 <= bytes.count,
      let unit = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
    else { throw error("four digits expected") }
    position += 4
    return unit
  }

  private func peek() -> UInt8? {
    position < bytes.count ? bytes[position] : nil
  }

  private mutating func skipSpace() {
    while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  /// Skips `text`, and the space before it, if it comes next.
  private mutating func take(_ text: StaticString) -> Bool {
    if text.utf8Start.pointee != UInt8(ascii: "\\") { skipSpace() }
    let count = text.utf8CodeUnitCount
    guard position + count <= bytes.count else { return false }
    for index in 0..<count where bytes[position + index] != text.utf8Start[index] { return false }
    position += count
    return true
  }

  private func error(_ message: String) -> RecordingError {
    RecordingError("JSON: \(message), at byte \(position)")
  }
}

extension JSONValue {
  init(parsing bytes: [UInt8]) throws {
    var parser = JSONParser(bytes)
    self = try parser.parse()
  }
}
