/// The fields of a mapping, taken one by one: what was never asked for is unknown, and `finish` says so.
package struct YAMLMapping: Sendable {
  package let node: YAMLNode
  package let entries: [(key: String, value: YAMLNode)]
  private var known: [String] = []

  init(node: YAMLNode, entries: [(key: String, value: YAMLNode)]) {
    self.node = node
    self.entries = entries
  }

  /// Nil when the field is absent, or null.
  package mutating func take(_ key: String) -> YAMLNode? {
    known.append(key)
    return entries.first { $0.key == key }.flatMap { $0.value.isNull ? nil : $0.value }
  }

  /// - Throws: `YAMLError` when the field is absent; names the field that may have been meant.
  package mutating func require(_ key: String) throws -> YAMLNode {
    guard let value = take(key) else {
      let unused = entries.map(\.key).filter { !known.contains($0) }
      let nearest = NearestName.find(key, in: unused).map { "; is '\($0)' meant for it?" } ?? ""
      throw node.error("the field '\(key)' is missing\(nearest)")
    }
    return value
  }

  /// Warns of each field that was not asked for, with the nearest name that was.
  package func finish(_ warnings: inout [YAMLProblem]) {
    for (key, value) in entries where !known.contains(key) {
      let nearest = NearestName.find(key, in: known).map { "; did you mean '\($0)'?" } ?? ""
      warnings.append(
        YAMLProblem(
          file: node.file, line: value.line,
          message: "\(node.path.isEmpty ? "" : node.path + ": ")unknown field '\(key)'\(nearest)"))
    }
  }
}
