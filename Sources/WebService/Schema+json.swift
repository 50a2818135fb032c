internal import Base

extension Schema {
  /// Which way something goes. What is asked has limits; what is answered has those of the database.
  enum Side: Sendable { case asked, answered }

  /// JSON Schema, as OpenAPI 3.1 has it.
  func json(_ side: Side) -> JSONValue {
    switch self {
    case .string(let pattern, let values, let most):
      return .object(Self.string(pattern, values, most ?? Self.textLimit, side))
    case .years:
      return .object([
        "type": .string("string"), "format": .string("years"), "pattern": .string(Self.yearsPattern),
        "description": .string("Years and ranges of years, the first before the last: 2009-2023,2025."),
      ])
    case .integer(let least, let most):
      let (least, most) = side == .asked ? (least ?? .min, most ?? .max) : (least, most)
      var members: [String: JSONValue] = ["type": .string("integer")]
      if let least { members["minimum"] = .integer(Int64(least)) }
      if let most { members["maximum"] = .integer(Int64(most)) }
      return .object(members)
    case .number: return .object(["type": .string("number")])
    case .boolean: return .object(["type": .string("boolean")])
    case .yes: return .object(["type": .string("boolean"), "enum": .array([.bool(true)])])
    case .dateTime: return .object(["type": .string("string"), "format": .string("date-time")])
    case .anything: return .object([:])
    case .list(let element, let least):
      var members: [String: JSONValue] = ["type": .string("array"), "items": element.json(side)]
      if least > 0 { members["minItems"] = .integer(Int64(least)) }
      return .object(members)
    case .map(let value):
      var members: [String: JSONValue] = ["type": .string("object"), "additionalProperties": value.json(side)]
      // Names are texts as others are.
      if side == .asked { members["propertyNames"] = Schema.string().json(side) }
      return .object(members)
    case .nullable(let schema):
      return .object(["anyOf": .array([schema.json(side), .object(["type": .string("null")])])])
    case .either(let schemas): return .object(["anyOf": .array(schemas.map { $0.json(side) })])
    case .some(let schema):
      guard case .object(var members) = schema.json(side) else { return schema.json(side) }
      members["minProperties"] = .integer(1)
      return .object(members)
    case .record(let members):
      return .object([
        "type": .string("object"),
        "properties": .object(Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.schema.json(side)) })),
        "required": .array(members.filter(\.isRequired).map { .string($0.name) }),
        "additionalProperties": .bool(false),
      ])
    }
  }

  private static func string(
    _ pattern: String?, _ values: [String], _ most: Int, _ side: Side
  ) -> [String: JSONValue] {
    var members: [String: JSONValue] = ["type": .string("string")]
    if !values.isEmpty {
      members["enum"] = .array(values.map { .string($0) })
    } else if let pattern {
      members["pattern"] = .string(pattern)
    } else if side == .asked {
      members["maxLength"] = .integer(Int64(most))
      // Postgres keeps no NUL in a text.
      members["pattern"] = .string(#"^[^\u0000]*$"#)
    }
    return members
  }

  static let yearsPattern = "^[0-9]{4}(-[0-9]{4})?(,[0-9]{4}(-[0-9]{4})?)*$"
}
