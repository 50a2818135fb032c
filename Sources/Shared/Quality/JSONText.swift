internal import FoundationEssentials

/// JSON that is JSON already, inside something to be encoded: rows as DuckDB printed them.
package struct JSONText: Encodable, Sendable {
  private let value: Value

  private init(value: Value) {
    self.value = value
  }

  package init(_ text: String) {
    value = (try? JSONDecoder().decode(Value.self, from: Data(text.utf8))) ?? .text(text)
  }

  package func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }

  /// A member of an object, as a person reads it; nil where it is null or absent.
  package func text(of member: String) -> String? {
    guard case .object(let members) = value, let found = members[member] else { return nil }
    switch found {
    case .null: return nil
    case .flag(let flag): return "\(flag)"
    case .integer(let integer): return "\(integer)"
    case .number(let number): return "\(number)"
    case .text(let text): return text
    case .list, .object:
      return (try? JSONEncoder().encode(found)).map { String(decoding: $0, as: UTF8.self) }
    }
  }

  /// Of an object, in no order; none of anything else.
  var memberNames: [String] {
    guard case .object(let members) = value else { return [] }
    return Array(members.keys)
  }

  /// The items of a member that is a list of plain values; nil where it is none.
  func items(of member: String) -> [String]? {
    guard case .object(let members) = value, case .list(let items) = members[member] else { return nil }
    return items.compactMap { item in
      JSONText(value: .object(["item": item])).text(of: "item")
    }
  }

  func isNumberOrNull(_ member: String) -> Bool {
    guard case .object(let members) = value else { return false }
    return switch members[member] {
    case nil, .null, .integer, .number: true
    default: false
    }
  }

  private enum Value: Codable {
    case null
    case flag(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
    case list([Value])
    case object([String: Value])

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .null
      } else if let flag = try? container.decode(Bool.self) {
        self = .flag(flag)
      } else if let integer = try? container.decode(Int64.self) {
        self = .integer(integer)
      } else if let number = try? container.decode(Double.self) {
        self = .number(number)
      } else if let text = try? container.decode(String.self) {
        self = .text(text)
      } else if let list = try? container.decode([Value].self) {
        self = .list(list)
      } else {
        self = .object(try container.decode([String: Value].self))
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .null: try container.encodeNil()
      case .flag(let flag): try container.encode(flag)
      case .integer(let integer): try container.encode(integer)
      case .number(let number): try container.encode(number)
      case .text(let text): try container.encode(text)
      case .list(let list): try container.encode(list)
      case .object(let object): try container.encode(object)
      }
    }
  }
}
