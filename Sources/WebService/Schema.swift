internal import Base

/// The shape of what is sent and answered, as the document tells it.
indirect enum Schema: Sendable {
  case string(pattern: String? = nil, values: [String] = [])
  case integer(least: Int? = nil, most: Int? = nil)
  case number
  case boolean
  /// Nothing but true.
  case yes
  case dateTime
  case anything
  case list(Schema)
  case map(Schema)
  case record([Member])
  case nullable(Schema)
  /// Records of which a value is one: each has other required members.
  case either([Schema])

  struct Member: Sendable {
    var name: String
    var schema: Schema
    var isRequired: Bool
  }

  /// A record in few words: `task_id:int note:str? seconds:num?`; a member with a question mark may be missing.
  ///
  /// Types: str, int, id, num, bool, time, any, strs, ints, anys.
  static func fields(_ text: String, _ more: [(String, Schema)] = []) -> Schema {
    let members = text.split(whereSeparator: \.isWhitespace).map { word in
      let parts = word.split(separator: ":")
      let isOptional = parts[1].hasSuffix("?")
      return Member(name: String(parts[0]), schema: named(parts[1].filter { $0 != "?" }), isRequired: !isOptional)
    }
    return .record(
      members
        + more.map { name, schema in
          Member(name: name.filter { $0 != "?" }, schema: schema, isRequired: !name.hasSuffix("?"))
        })
  }

  private static func named(_ name: String) -> Schema {
    switch name {
    case "str": .string()
    case "int": .integer()
    // A number of ours, as whoever asks may send it.
    case "id": .integer(least: 0, most: .max)
    case "num": .number
    case "bool": .boolean
    case "time": .dateTime
    case "strs": .list(.string())
    case "ints": .list(.integer())
    case "anys": .list(.anything)
    case "any": .anything
    default: preconditionFailure("there is no type \(name)")
    }
  }

  /// JSON Schema, as OpenAPI 3.1 has it.
  var json: JSONValue {
    switch self {
    case .string(let pattern, let values):
      var members: [String: JSONValue] = ["type": .string("string")]
      if let pattern { members["pattern"] = .string(pattern) }
      if !values.isEmpty { members["enum"] = .array(values.map { .string($0) }) }
      return .object(members)
    case .integer(let least, let most):
      var members: [String: JSONValue] = ["type": .string("integer")]
      if let least { members["minimum"] = .integer(Int64(least)) }
      if let most { members["maximum"] = .integer(Int64(most)) }
      return .object(members)
    case .number: return .object(["type": .string("number")])
    case .boolean: return .object(["type": .string("boolean")])
    case .yes: return .object(["type": .string("boolean"), "enum": .array([.bool(true)])])
    case .dateTime: return .object(["type": .string("string"), "format": .string("date-time")])
    case .anything: return .object([:])
    case .list(let element): return .object(["type": .string("array"), "items": element.json])
    case .map(let value): return .object(["type": .string("object"), "additionalProperties": value.json])
    case .nullable(let schema): return .object(["anyOf": .array([schema.json, .object(["type": .string("null")])])])
    case .either(let schemas): return .object(["anyOf": .array(schemas.map(\.json))])
    case .record(let members):
      return .object([
        "type": .string("object"),
        "properties": .object(Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.schema.json) })),
        "required": .array(members.filter(\.isRequired).map { .string($0.name) }),
        "additionalProperties": .bool(false),
      ])
    }
  }

  /// What is wrong with a value, as a sentence that names the member; nil where it fits.
  func mistake(in value: JSONValue, at place: String = "the body") -> String? {
    switch (self, value) {
    case (.anything, _): return nil
    case (.nullable, .null): return nil
    case (.nullable(let schema), _): return schema.mistake(in: value, at: place)
    case (.string(let pattern, let values), .string(let text)):
      if !values.isEmpty, !values.contains(text) { return "\(place) is one of \(values.joined(separator: ", "))" }
      if text.utf8.contains(0) { return "\(place) has a NUL" }
      if let pattern, !Self.matches(text, pattern) { return "\(place) is to match \(pattern)" }
      return nil
    case (.integer(let least, let most), .integer(let number)):
      if number < least ?? .min || number > most ?? .max {
        return "\(place) is from \(least.map(String.init) ?? "-∞") to \(most.map(String.init) ?? "∞")"
      }
      return nil
    case (.number, .integer), (.number, .number), (.boolean, .bool), (.dateTime, .string): return nil
    case (.yes, .bool(true)): return nil
    case (.list(let element), .array(let values)):
      for (index, value) in values.enumerated() {
        if let mistake = element.mistake(in: value, at: "\(place)[\(index)]") { return mistake }
      }
      return nil
    case (.map(let schema), .object(let members)):
      for (name, value) in members.sorted(by: { $0.key < $1.key }) {
        if let mistake = schema.mistake(in: value, at: name) { return mistake }
      }
      return nil
    case (.either(let schemas), _):
      let mistakes = schemas.map { $0.mistake(in: value, at: place) }
      if mistakes.contains(nil) { return nil }
      guard case .object(let members) = value else { return "\(place) is to be an object" }
      // What is said of the one that is meant helps more than what is said of the first.
      let meant = schemas.firstIndex { !$0.required.isEmpty && $0.required.allSatisfy { members[$0] != nil } }
      if let meant { return mistakes[meant] }
      return
        "\(place) is to have one of: \(schemas.map { $0.required.joined(separator: " and ") }.joined(separator: ", "))"
    case (.record(let known), .object(let members)):
      for name in members.keys.sorted() where !known.contains(where: { $0.name == name }) {
        return
          "\(place) has no member '\(OutsideText.line(name))': there are \(known.map(\.name).joined(separator: ", "))"
      }
      for member in known {
        guard let value = members[member.name] else {
          if member.isRequired { return "\(place) lacks '\(member.name)'" }
          continue
        }
        if let mistake = member.schema.mistake(in: value, at: "'\(member.name)'") { return mistake }
      }
      return nil
    default: return "\(place) is to be \(kind)"
    }
  }

  private var required: [String] {
    if case .record(let members) = self { members.filter(\.isRequired).map(\.name) } else { [] }
  }

  private static func matches(_ text: String, _ pattern: String) -> Bool {
    guard let expression = try? Regex(pattern) else { return false }
    return (try? expression.firstMatch(in: text)) != nil
  }

  private var kind: String {
    switch self {
    case .string, .dateTime: "a text"
    case .integer: "a whole number"
    case .number: "a number"
    case .boolean: "true or false"
    case .yes: "true"
    case .list: "a list"
    case .map, .record, .either: "an object"
    case .nullable(let schema): schema.kind + " or null"
    case .anything: "anything"
    }
  }
}
