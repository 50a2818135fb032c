internal import FoundationEssentials

/// Any JSON, for answers whose shape a rule or a plan describes.
enum JSONValue: Decodable, Sendable, Equatable {
  case null
  case bool(Bool)
  /// As Swift prints it; whole numbers without a point.
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .number(String(value))
    } else if let value = try? container.decode(Double.self) {
      self = .number(String(value))
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  static func parse(_ bytes: some Sequence<UInt8>) -> JSONValue? {
    try? JSONDecoder().decode(JSONValue.self, from: Data(bytes))
  }

  /// The value at a dotted path such as `BEAAPI.Results.Error` or `message.0`; nil when there is none.
  func at(_ path: String) -> JSONValue? {
    path.split(separator: ".").reduce(self as JSONValue?) { value, step in
      switch value {
      case .object(let members): members[String(step)]
      case .array(let elements): Int(step).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
      default: nil
      }
    }
  }

  var text: String? {
    switch self {
    case .string(let text), .number(let text): text
    case .bool(let value): String(value)
    case .array(let elements): elements.compactMap(\.text).joined(separator: "; ")
    case .object(let members):
      members.sorted { $0.key < $1.key }.compactMap { key, value in value.text.map { "\(key) \($0)" } }
        .joined(separator: ", ")
    case .null: nil
    }
  }

  var isEmpty: Bool {
    switch self {
    case .null: true
    case .array(let elements): elements.isEmpty
    case .object(let members): members.isEmpty
    case .string(let text): text.isEmpty
    default: false
    }
  }
}
