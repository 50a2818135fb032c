/// JSON as it was written: the order of keys and the digits of numbers are kept.
enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  /// The literal, untouched.
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([JSONMember])

  static func integer(_ value: Int) -> JSONValue {
    .number(String(value))
  }

  /// The value of a key, for objects.
  subscript(_ key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  var stringValue: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  var arrayValue: [JSONValue]? {
    guard case .array(let values) = self else { return nil }
    return values
  }

  /// The text of a string or number, for things that are written either way.
  var scalarText: String? {
    switch self {
    case .string(let text), .number(let text): text
    case .bool(let value): String(value)
    case .null, .array, .object: nil
    }
  }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
  init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(elements.map { JSONMember($0.0, $0.1) })
  }

  init(arrayLiteral elements: JSONValue...) {
    self = .array(elements)
  }

  init(stringLiteral value: String) {
    self = .string(value)
  }

  init(integerLiteral value: Int) {
    self = .integer(value)
  }

  init(booleanLiteral value: Bool) {
    self = .bool(value)
  }

  init(nilLiteral: ()) {
    self = .null
  }
}
