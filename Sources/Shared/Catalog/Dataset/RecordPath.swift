/// What leads to the records of a JSON document, as `json_path` says it: names, and `[*]` for every element of a list.
package struct RecordPath: Sendable, Equatable {
  package enum Step: Equatable, Sendable {
    case member(String)
    case everyElement
  }

  package let steps: [Step]

  /// - Returns: nil for a path that has something else than names and `[*]`, which DuckDB may know.
  package init?(_ text: String) {
    guard !text.isEmpty else { return nil }
    var steps: [Step] = []
    for part in text.split(separator: ".", omittingEmptySubsequences: false) {
      let name = part.prefix { $0 != "[" }
      let rest = part.dropFirst(name.count)
      let elementCount = rest.count / "[*]".count
      guard rest == String(repeating: "[*]", count: elementCount), !name.contains(where: { "\"*#$'\\".contains($0) }),
        !name.isEmpty || elementCount > 0 && steps.isEmpty
      else { return nil }
      steps += (name.isEmpty ? [] : [.member(String(name))]) + Array(repeating: .everyElement, count: elementCount)
    }
    self.steps = steps
  }
}
