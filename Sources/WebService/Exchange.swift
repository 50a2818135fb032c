internal import HTTPTypes
internal import Base
internal import Console
internal import FoundationEssentials
internal import Postgres
internal import Settings

/// A request whose parameters and body fit its operation, with the session that it runs in.
struct Exchange: Sendable {
  var caller: Caller
  var connection: PostgresConnection
  var configuration: AkerConfiguration
  var values: [String: JSONValue]
  var body: JSONValue
  /// ETags of what whoever asks has already.
  var known: [String] = []

  /// Whether this is what they have: it need not be made.
  func isKnown(_ tagged: String) -> Bool { known.contains(Desk.tag(tagged)) || known.contains("*") }

  func text(_ name: String) -> String? {
    if case .string(let text)? = values[name] ?? member(name) { text } else { nil }
  }

  func number(_ name: String) -> Int? {
    if case .integer(let number)? = values[name] ?? member(name) { Int(number) } else { nil }
  }

  func flag(_ name: String) -> Bool {
    if case .bool(let flag)? = values[name] ?? member(name) { flag } else { false }
  }

  func double(_ name: String) -> Double? {
    switch values[name] ?? member(name) {
    case .number(let number): number
    case .integer(let number): Double(number)
    default: nil
    }
  }

  func texts(_ name: String) -> [String]? {
    guard case .array(let elements)? = member(name) else { return nil }
    return elements.compactMap(\.text)
  }

  func numbers(_ name: String) -> [Int]? {
    guard case .array(let elements)? = member(name) else { return nil }
    return elements.compactMap { if case .integer(let number) = $0 { Int(number) } else { nil } }
  }

  func member(_ name: String) -> JSONValue? {
    guard case .object(let members) = body, let value = members[name], value != .null else { return nil }
    return value
  }

  /// A page's size.
  func limit(_ standard: Int = 100) -> Int { number("limit") ?? standard }

  /// Of the page that is asked for: the number after which it begins.
  func cursor() -> Int64? { text("cursor").flatMap { Int64($0.dropFirst()) } }

  /// The cursor after this number.
  static func cursor(after number: Int64) -> String { "c\(number)" }

  /// What an act is about: exactly one of them, as the command's options name them.
  func target(_ allowed: Set<Target.Kind>) throws -> Target {
    var targets: [Target] = []
    if let task = number("task") { targets.append(.task(Int64(task))) }
    let dataset = text("dataset")
    if let backfill = number("backfill") { targets.append(.backfill(Int64(backfill), dataset: dataset)) }
    if let dataset, number("backfill") == nil { targets.append(.dataset(dataset)) }
    if let source = text("source") { targets.append(.source(source)) }
    if flag("queue") { targets.append(.queue) }
    guard targets.count == 1, let target = targets.first, allowed.contains(target.kind) else {
      let choices = Target.Kind.allCases.filter(allowed.contains).map(\.rawValue).joined(separator: ", ")
      throw Problem(.unprocessableContent, "say what this is about: one of \(choices)")
    }
    return target
  }
}
