/// `{name}` in a text of a definition.
package enum Placeholder {
  /// The names in the order of their first appearance. Braces around anything else (JSON in a query) are just text.
  package static func names(in text: String) -> [String] {
    var seen: Set<String> = []
    return text.matches(of: /\{([a-z][a-z0-9_]*)\}/).map { String($0.1) }.filter { seen.insert($0).inserted }
  }

  /// Replaces each placeholder that has a value, in one pass: a value is never looked into.
  package static func fill(_ text: String, _ value: (String) -> String?) -> String {
    text.replacing(/\{([a-z][a-z0-9_]*)\}/) { match in value(String(match.1)) ?? String(match.0) }
  }
}
