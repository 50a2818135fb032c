package import FoundationEssentials

/// A value read from a result's cell, in Postgres' text format.
package protocol PostgresDecodable: Sendable {
  init(postgresText text: String) throws
}

extension PostgresDecodable where Self: RawRepresentable, RawValue == String {
  package init(postgresText text: String) throws { self = try decode(text, Self.init) }
}

extension String: PostgresDecodable {
  package init(postgresText text: String) { self = text }
}
extension Int: PostgresDecodable {
  package init(postgresText text: String) throws { self = try decode(text, Int.init) }
}
extension Int64: PostgresDecodable {
  package init(postgresText text: String) throws { self = try decode(text, Int64.init) }
}
extension Int32: PostgresDecodable {
  package init(postgresText text: String) throws { self = try decode(text, Int32.init) }
}
extension Double: PostgresDecodable {
  package init(postgresText text: String) throws { self = try decode(text, Double.init) }
}
extension Bool: PostgresDecodable {
  package init(postgresText text: String) throws {
    self = try decode(text) { $0 == "t" ? true : $0 == "f" ? false : nil }
  }
}
extension UUID: PostgresDecodable {
  package init(postgresText text: String) throws { self = try decode(text) { UUID(uuidString: $0) } }
}
/// From `timestamptz`, `timestamp` (as UTC) or `date`.
extension Date: PostgresDecodable {
  package init(postgresText text: String) throws { self = try PostgresTimestamp.date(text) }
}
/// From a one-dimensional array.
extension Array: PostgresDecodable where Element: PostgresDecodable {
  package init(postgresText text: String) throws {
    self = try PostgresArrayText.elements(text).map {
      guard let element = $0 else { throw PostgresError(.decoding, "an array holds a NULL that was not expected") }
      return try Element(postgresText: element)
    }
  }
}

private func decode<Value>(_ text: String, _ parse: (String) -> Value?) throws -> Value {
  guard let value = parse(text) else {
    throw PostgresError(.decoding, "'\(text)' is not a \(Value.self)")
  }
  return value
}

/// Array literals as the server prints them: `{a,"b c",NULL}`.
enum PostgresArrayText {
  static func elements(_ text: String) throws -> [String?] {
    let malformed = PostgresError(.decoding, "'\(text)' is not a one-dimensional array")
    guard text.hasPrefix("{"), text.hasSuffix("}") else { throw malformed }
    var elements: [String?] = []
    var current = String.UnicodeScalarView()
    var (isQuoted, wasQuoted, isEscaped, isEmpty) = (false, false, false, true)
    func finish() {
      elements.append(!wasQuoted && String(current) == "NULL" ? nil : String(current))
      current = String.UnicodeScalarView()
      wasQuoted = false
    }
    for scalar in text.unicodeScalars.dropFirst().dropLast() {
      isEmpty = false
      if isEscaped {
        current.append(scalar)
        isEscaped = false
      } else if scalar == "\\" {
        isEscaped = true
      } else if scalar == "\"" {
        isQuoted.toggle()
        wasQuoted = true
      } else if scalar == ",", !isQuoted {
        finish()
      } else if scalar == "{", !isQuoted {
        throw malformed
      } else {
        current.append(scalar)
      }
    }
    guard !isQuoted, !isEscaped else { throw malformed }
    if !isEmpty { finish() }
    return elements
  }
}
