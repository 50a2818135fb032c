internal import FoundationEssentials
internal import Yams

/// A value in a catalog file that knows where it stands, so that whatever is wrong with it can be said as `file:line: what`.
package struct YAMLNode: Sendable {
  private enum Content: Sendable {
    /// Plain scalars may be numbers, booleans or null; quoted ones are text.
    case scalar(String, isPlain: Bool)
    case list([YAMLNode])
    case mapping([(key: String, value: YAMLNode)])
  }

  private let content: Content
  package let file: String
  /// 1-based; that of the key, for a field's value, since that is where an editor should go.
  package let line: Int?
  /// The keys that lead here, for messages: `requests[2].query`.
  package let path: String

  private init(_ node: Node, file: String, line: Int?, path: String) throws {
    self.file = file
    self.line = line ?? node.mark?.line
    self.path = path
    switch node {
    case .scalar(let scalar):
      content = .scalar(scalar.string, isPlain: scalar.style == .plain || scalar.style == .any)
    case .sequence(let sequence):
      content = .list(
        try sequence.enumerated().map { try YAMLNode($1, file: file, line: nil, path: "\(path)[\($0 + 1)]") })
    case .mapping(let mapping):
      content = .mapping(
        try mapping.map { key, value in
          guard let name = key.scalar?.string else {
            throw YAMLError(YAMLProblem(file: file, line: key.mark?.line, message: "field names must be texts"))
          }
          let path = path.isEmpty ? name : "\(path).\(name)"
          return (name, try YAMLNode(value, file: file, line: key.mark?.line, path: path))
        })
    case .alias:
      throw YAMLError(YAMLProblem(file: file, line: node.mark?.line, message: "aliases are not used here"))
    }
  }

  /// Reads and parses a file of one document.
  ///
  /// - Throws: `YAMLError` for a file that cannot be read, is not YAML, or is empty.
  package static func read(file: String) throws -> YAMLNode {
    guard let contents = FileManager.default.contents(atPath: file) else {
      throw YAMLError(YAMLProblem(file: file, line: nil, message: "cannot be read"))
    }
    return try parse(String(decoding: contents, as: UTF8.self), file: file)
  }

  package static func parse(_ text: String, file: String) throws -> YAMLNode {
    do {
      guard let node = try Yams.compose(yaml: text) else {
        throw YAMLError(YAMLProblem(file: file, line: nil, message: "is empty"))
      }
      guard !isTooLarge(node) else {
        throw YAMLError(
          YAMLProblem(
            file: file, line: nil, message: "has more than \(mostNodes) fields and values, its aliases written out"))
      }
      return try YAMLNode(node, file: file, line: nil, path: "")
    } catch let error as YamlError {
      throw YAMLError(problem(error, file: file))
    }
  }

  /// 100,000: a hundred times the largest file of the project. Nine aliases of nine aliases, nine deep, are 387 million.
  private static let mostNodes = 100_000

  /// Stops as soon as it is known: aliases cost nothing until somebody walks through what they stand for.
  private static func isTooLarge(_ root: Node) -> Bool {
    var waiting = [root]
    var count = 0
    while let node = waiting.popLast() {
      count += 1
      if count + waiting.count > mostNodes { return true }
      switch node {
      case .sequence(let items): waiting.append(contentsOf: items)
      case .mapping(let fields):
        for (key, value) in fields { waiting += [key, value] }
      case .scalar, .alias: break
      }
    }
    return false
  }

  private static func problem(_ error: YamlError, file: String) -> YAMLProblem {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      YAMLProblem(file: file, line: mark.line, message: problem)
    case .duplicatedKeysInMapping(let duplicates, let context):
      YAMLProblem(
        file: file, line: context.mark.line, message: "key given twice: \(duplicates.joined(separator: ", "))")
    default:
      YAMLProblem(file: file, line: nil, message: "\(error)")
    }
  }

  package func error(_ message: String) -> YAMLError {
    YAMLError(warning(message))
  }

  package func warning(_ message: String) -> YAMLProblem {
    YAMLProblem(file: file, line: line, message: path.isEmpty ? message : "\(path): \(message)")
  }

  package var isNull: Bool {
    if case .scalar(let text, isPlain: true) = content { return ["", "~", "null"].contains(text) }
    return false
  }

  package var isList: Bool {
    if case .list = content { return true }
    return false
  }

  package var isMapping: Bool {
    if case .mapping = content { return true }
    return false
  }

  // MARK: Values

  /// Any scalar, as it was written: codes such as `09` keep their zeros.
  package func string() throws -> String {
    guard case .scalar(let text, _) = content, !isNull else { throw error("expected a text") }
    return text
  }

  package func int() throws -> Int {
    guard case .scalar(let text, isPlain: true) = content, let value = Int(text) else {
      throw error("expected a whole number")
    }
    return value
  }

  package func double() throws -> Double {
    guard case .scalar(let text, isPlain: true) = content, let value = Double(text), value.isFinite else {
      throw error("expected a number")
    }
    return value
  }

  package func bool() throws -> Bool {
    guard case .scalar(let text, isPlain: true) = content, let value = Bool(text) else {
      throw error("expected true or false")
    }
    return value
  }

  package func list() throws -> [YAMLNode] {
    guard case .list(let nodes) = content else { throw error("expected a list") }
    return nodes
  }

  /// A list, or a single value in its place.
  package func listOrOne() throws -> [YAMLNode] {
    isList ? try list() : [self]
  }

  package func strings() throws -> [String] {
    try listOrOne().map { try $0.string() }
  }

  package func mapping() throws -> YAMLMapping {
    guard case .mapping(let entries) = content else { throw error("expected fields (name: value)") }
    return YAMLMapping(node: self, entries: entries)
  }

  /// One of a closed set, by raw value.
  package func choice<Choice: RawRepresentable & CaseIterable>(
    _ type: Choice.Type = Choice.self
  ) throws -> Choice where Choice.RawValue == String {
    let text = try string()
    guard let choice = Choice(rawValue: text) else {
      let names = Choice.allCases.map(\.rawValue)
      let nearest = NearestName.find(text, in: names).map { "; did you mean \($0)?" } ?? ""
      throw error("'\(text)' is none of \(names.joined(separator: ", "))\(nearest)")
    }
    return choice
  }
}
