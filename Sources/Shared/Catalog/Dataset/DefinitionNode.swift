/// A place in a definition, read so that one mistake does not hide the next: each is noted with its line, and reading
/// goes on.
struct DefinitionNode {
  let node: YAMLNode
  let reader: DefinitionReader

  var line: Int { node.line ?? 1 }

  func error(_ message: String) {
    reader.note(node.warning(message), .error)
  }

  func warning(_ message: String) {
    reader.note(node.warning(message), .warning)
  }

  /// The value of a read, or nil and a noted problem.
  private func noting<Value>(_ read: () throws -> Value) -> Value? {
    do {
      return try read()
    } catch let error as YAMLError {
      reader.note(error.problem, .error)
    } catch {
      self.error("\(error)")
    }
    return nil
  }

  /// The fields of a mapping. Others than those `known` are mistakes: a misspelt field would be left out in silence.
  func fields(known: [String]) -> [String: DefinitionNode] {
    guard var mapping = noting({ try node.mapping() }) else { return [:] }
    var fields: [String: DefinitionNode] = [:]
    for name in known {
      if let value = mapping.take(name) { fields[name] = DefinitionNode(node: value, reader: reader) }
    }
    var unknown: [YAMLProblem] = []
    mapping.finish(&unknown)
    for problem in unknown { reader.note(problem, .error) }
    return fields
  }

  /// A mapping's keys and values in the order of the file.
  var entries: [(key: String, value: DefinitionNode)] {
    guard isMapping, let mapping = noting({ try node.mapping() }) else { return [] }
    return mapping.entries.map { ($0.key, DefinitionNode(node: $0.value, reader: reader)) }
  }

  var isMapping: Bool { node.isMapping }
  var isList: Bool { node.isList }

  /// The scalar as JSON has it: a plain number, boolean or null as such, everything else as text.
  var jsonScalar: RequestBodyTemplate {
    if node.isNull { return .literal("null") }
    if let value = try? node.bool() { return .literal(String(value)) }
    if let value = try? node.int() { return .literal(String(value)) }
    if let value = try? node.double() { return .literal(String(value)) }
    return .text(text ?? "")
  }

  var elements: [DefinitionNode] {
    (noting { try node.list() } ?? []).map { DefinitionNode(node: $0, reader: reader) }
  }

  /// Any scalar as its text: `2009` as "2009".
  var text: String? { noting { try node.string() } }
  var texts: [String] { elements.compactMap(\.text) }
  var int: Int? { noting { try node.int() } }
  var double: Double? { noting { try node.double() } }
  var bool: Bool? { noting { try node.bool() } }
}
