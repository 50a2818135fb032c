internal import Base

/// The shape of what is sent and answered. The document is made of it, and requests are held to it: what the document allows
/// is not refused for its form, and what it forbids is.
indirect enum Schema: Sendable {
  /// - Parameters:
  ///   - pattern: is met by the whole text, and begins with ^ and ends with $.
  ///   - most: characters, of a text that is neither of a pattern nor one of some values; `textLimit` unless told.
  case string(pattern: String? = nil, values: [String] = [], most: Int? = nil)
  /// Years as an operator writes them: `2009-2023,2025`.
  case years
  case integer(least: Int? = nil, most: Int? = nil)
  case number
  case boolean
  /// Nothing but true.
  case yes
  case dateTime
  case anything
  case list(Schema, least: Int = 0)
  case map(Schema)
  case record([Member])
  /// A record of which at least one member is there.
  case some(Schema)
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

  /// A vintage: `2024-06`.
  static let month = Schema.string(pattern: "^[0-9]{4}-(0[1-9]|1[0-2])$")

  /// Characters of a text that is asked for. Longer ones are nobody's names or reasons.
  static let textLimit = 10_000

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
}
