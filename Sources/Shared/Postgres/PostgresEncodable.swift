internal import FoundationEssentials

/// A value that can be a statement's parameter. Types are left to the server to infer: cast in SQL where it cannot.
package protocol PostgresEncodable: Sendable {
  var postgresParameter: PostgresParameter { get }
}

/// A parameter as it goes over the wire.
package enum PostgresParameter: Sendable {
  case text(String)
  /// With the type's OID, since binary values cannot be inferred.
  case binary([UInt8], type: UInt32)
}

/// Bytes as `bytea`, sent and read without a text detour.
package struct PostgresBytes: PostgresEncodable, PostgresDecodable, Equatable {
  /// OID of `bytea` in pg_type, fixed since the beginning.
  static let typeOID: UInt32 = 17
  package var bytes: [UInt8]

  package init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  package init(postgresText text: String) throws {
    // bytea_output = hex, the default: \x followed by two digits a byte.
    guard text.hasPrefix("\\x") else { throw PostgresError(.decoding, "bytea is not in hex format") }
    let digits = Array(text.utf8.dropFirst(2))
    bytes = try stride(from: 0, to: digits.count - 1, by: 2).map { index in
      guard let high = Self.digit(digits[index]), let low = Self.digit(digits[index + 1]) else {
        throw PostgresError(.decoding, "bytea holds something other than hex digits")
      }
      return high << 4 | low
    }
  }

  package var postgresParameter: PostgresParameter { .binary(bytes, type: Self.typeOID) }

  private static func digit(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}

extension String: PostgresEncodable {
  package var postgresParameter: PostgresParameter { .text(self) }
}
extension Substring: PostgresEncodable {
  package var postgresParameter: PostgresParameter { .text(String(self)) }
}
extension Int: PostgresEncodable {
  package var postgresParameter: PostgresParameter { .text(String(self)) }
}
extension Int64: PostgresEncodable {
  package var postgresParameter: PostgresParameter { .text(String(self)) }
}
extension Int32: PostgresEncodable {
  package var postgresParameter: PostgresParameter { .text(String(self)) }
}
extension Double: PostgresEncodable {
  package var postgresParameter: PostgresParameter { .text(String(self)) }
}
extension Bool: PostgresEncodable {
  package var postgresParameter: PostgresParameter { .text(self ? "t" : "f") }
}
extension UUID: PostgresEncodable {
  package var postgresParameter: PostgresParameter { .text(uuidString) }
}
extension Date: PostgresEncodable {
  package var postgresParameter: PostgresParameter { .text(PostgresTimestamp.text(self)) }
}
/// As an `interval`, to the microsecond.
extension Duration: PostgresEncodable {
  package var postgresParameter: PostgresParameter {
    let (seconds, attoseconds) = components
    let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    return .text("\(microseconds) microseconds")
  }
}
/// As an array literal: `{"a","b",NULL}`.
extension Array: PostgresEncodable where Element: PostgresArrayElement {
  package var postgresParameter: PostgresParameter {
    .text("{" + map(\.postgresArrayText).joined(separator: ",") + "}")
  }
}

/// What an array parameter may hold.
package protocol PostgresArrayElement: PostgresEncodable {
  /// The element inside an array literal, quoted where it must be.
  var postgresArrayText: String { get }
}
extension Int: PostgresArrayElement {
  package var postgresArrayText: String { String(self) }
}
extension Int32: PostgresArrayElement {
  package var postgresArrayText: String { String(self) }
}
extension Int64: PostgresArrayElement {
  package var postgresArrayText: String { String(self) }
}
extension Double: PostgresArrayElement {
  package var postgresArrayText: String { String(self) }
}
extension Bool: PostgresArrayElement {
  package var postgresArrayText: String { self ? "t" : "f" }
}
extension String: PostgresArrayElement {
  package var postgresArrayText: String {
    var quoted = "\""
    for character in unicodeScalars {
      if character == "\"" || character == "\\" { quoted.unicodeScalars.append("\\") }
      quoted.unicodeScalars.append(character)
    }
    return quoted + "\""
  }
}
/// An array parameter with NULLs in it. (`Optional` itself is not encodable, so that a nil parameter is always NULL and
/// never the text of one.)
package struct PostgresNullableArray<Element: PostgresArrayElement>: PostgresEncodable {
  package var elements: [Element?]

  package init(_ elements: [Element?]) {
    self.elements = elements
  }

  package var postgresParameter: PostgresParameter {
    .text("{" + elements.map { $0?.postgresArrayText ?? "NULL" }.joined(separator: ",") + "}")
  }
}
