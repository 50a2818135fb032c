internal import Base
internal import Console
internal import FoundationEssentials

extension Schema {
  /// What is wrong with a value that is asked, as a sentence that names the member; nil where it fits.
  func mistake(in value: JSONValue, at place: String = "the body") -> String? {
    switch (self, value) {
    case (.anything, _), (.nullable, .null), (.number, .integer), (.number, .number), (.boolean, .bool),
      (.yes, .bool(true)):
      return nil
    case (.nullable(let schema), _): return schema.mistake(in: value, at: place)
    case (.string(let pattern, let values, let most), .string(let text)):
      return Self.mistake(text, pattern, values, most ?? Self.textLimit, place)
    case (.years, .string(let text)):
      guard YearList(argument: text) == nil else { return nil }
      return "\(place) is to be years such as 2009-2023,2025, the first of a range before its last"
    case (.dateTime, .string(let text)):
      return Self.isTime(text) ? nil : "\(place) is to be a time such as 2024-06-01T12:00:00Z"
    case (.integer(let least, let most), .integer(let number)):
      return number < least ?? .min || number > most ?? .max ? Self.bounds(least, most, place) : nil
    // Whole, and too large for any that we have.
    case (.integer(let least, let most), .number(let number)) where number.rounded() == number:
      return Self.bounds(least ?? .min, most ?? .max, place)
    case (.list(let element, let least), .array(let values)):
      if values.count < least { return "\(place) is to have \(least.counted("element")) at least" }
      for (index, value) in values.enumerated() {
        if let mistake = element.mistake(in: value, at: "\(place)[\(index)]") { return mistake }
      }
      return nil
    case (.map(let schema), .object(let members)):
      for (name, value) in members.sorted(by: { $0.key < $1.key }) {
        let shown = "'\(OutsideText.line(name))'"
        if let mistake = Self.mistake(name, nil, [], Self.textLimit, shown) ?? schema.mistake(in: value, at: shown) {
          return mistake
        }
      }
      return nil
    case (.either(let schemas), _): return Self.mistake(in: value, of: schemas, at: place)
    case (.some(let schema), .object(let members)):
      if members.isEmpty { return "\(place) is to have one of: \(schema.names.joined(separator: ", "))" }
      return schema.mistake(in: value, at: place)
    case (.record(let known), .object(let members)): return Self.mistake(members, known, place)
    default: return "\(place) is to be \(kind)"
    }
  }

  private static func mistake(
    _ text: String, _ pattern: String?, _ values: [String], _ most: Int, _ place: String
  ) -> String? {
    if !values.isEmpty {
      return values.contains(text) ? nil : "\(place) is one of \(values.joined(separator: ", "))"
    }
    if let pattern { return matches(text, pattern) ? nil : "\(place) is to match \(pattern)" }
    if text.utf8.contains(0) { return "\(place) has a NUL" }
    let count = text.unicodeScalars.count
    return count > most ? "\(place) has \(count) characters, of \(most) at most" : nil
  }

  private static func bounds(_ least: Int?, _ most: Int?, _ place: String) -> String {
    "\(place) is from \(least.map(String.init) ?? "-∞") to \(most.map(String.init) ?? "∞")"
  }

  private static func mistake(_ members: [String: JSONValue], _ known: [Member], _ place: String) -> String? {
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
  }

  private static func mistake(in value: JSONValue, of schemas: [Schema], at place: String) -> String? {
    let mistakes = schemas.map { $0.mistake(in: value, at: place) }
    if mistakes.contains(nil) { return nil }
    guard case .object(let members) = value else { return "\(place) is to be an object" }
    // What is said of the one that is meant helps more than what is said of the first.
    let meant = schemas.firstIndex { !$0.required.isEmpty && $0.required.allSatisfy { members[$0] != nil } }
    if let meant { return mistakes[meant] }
    return
      "\(place) is to have one of: \(schemas.map { $0.required.joined(separator: " and ") }.joined(separator: ", "))"
  }

  private var required: [String] {
    if case .record(let members) = self { members.filter(\.isRequired).map(\.name) } else { [] }
  }

  private var names: [String] {
    if case .record(let members) = self { members.map(\.name) } else { [] }
  }

  /// By code points, as other readers of the document have it: a digit with an accent is no digit.
  private static func matches(_ text: String, _ pattern: String) -> Bool {
    guard let expression = try? Regex(pattern) else { return false }
    return (try? expression.matchingSemantics(.unicodeScalar).wholeMatch(in: text)) != nil
  }

  /// RFC 3339.
  private static func isTime(_ text: String) -> Bool {
    let form = #"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$"#
    guard matches(text, form) else { return false }
    let whole = text.replacing(#/\.[0-9]+/#, with: "")
    return (try? Date(whole, strategy: .iso8601)) != nil
  }

  private var kind: String {
    switch self {
    case .string, .dateTime, .years: "a text"
    case .integer: "a whole number"
    case .number: "a number"
    case .boolean: "true or false"
    case .yes: "true"
    case .list: "a list"
    case .map, .record, .either, .some: "an object"
    case .nullable(let schema): schema.kind + " or null"
    case .anything: "anything"
    }
  }
}
