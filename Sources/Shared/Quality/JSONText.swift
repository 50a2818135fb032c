internal import Base
internal import FoundationEssentials

/// JSON that is JSON already, inside something to be encoded: rows as DuckDB printed them.
package struct JSONText: Encodable, Sendable {
  private let value: JSONValue

  package init(_ text: String) {
    value = JSONValue(parsing: text)
  }

  package func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }

  private subscript(member: String) -> JSONValue? {
    guard case .object(let members) = value else { return nil }
    return members[member]
  }

  /// A member of an object, as a person reads it; nil where it is null or absent.
  package func text(of member: String) -> String? { self[member].flatMap(Self.text) }

  private static func text(_ value: JSONValue) -> String? {
    switch value {
    case .array, .object:
      (try? JSONEncoder().encode(value)).map { String(decoding: $0, as: UTF8.self) }
    default: value.text
    }
  }

  /// Of an object, in no order; none of anything else.
  var memberNames: [String] {
    guard case .object(let members) = value else { return [] }
    return Array(members.keys)
  }

  /// The items of a member that is a list of plain values; nil where it is none.
  func items(of member: String) -> [String]? {
    guard case .array(let items) = self[member] else { return nil }
    return items.compactMap(Self.text)
  }

  func isNumberOrNull(_ member: String) -> Bool {
    switch self[member] {
    case nil, .null, .integer, .number: true
    default: false
    }
  }
}
