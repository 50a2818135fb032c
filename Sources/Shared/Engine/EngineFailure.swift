package import Base

/// A script that failed, with what it printed until then.
package struct EngineFailure: ClassifiedError {
  package let error: EngineError
  package let output: EngineOutput
  /// DuckDB's own words, line by line.
  package let causes: [String]

  package var errorClass: ErrorClass { error.errorClass }
  package var mayBeHost: Bool { error.mayBeHost }
  package var isHosts: Bool { error.isHosts }
  package var summary: String { error.summary }
  package var advice: String? { error.advice }

  /// The value that a cast or a check of values refused, by DuckDB's message; nil for other errors.
  package var refusedValue: String? {
    guard case .sql(_, let message, _, _) = error else { return nil }
    if let match = message.firstMatch(
      of: #/Error: '(.*?)' is no (?:whole number|number|amount|percentage|text)/#
        .dotMatchesNewlines())
    {
      return String(match.1)
    }
    if let match = message.firstMatch(of: #/Could not convert string '(.*?)' to /#) { return String(match.1) }
    return message.firstMatch(of: #/invalid (?:date|timestamp) field format: "(.*?)"/#).map { String($0.1) }
  }

  /// The same error, which says where the value stands.
  package func located(_ places: [String]) -> EngineFailure {
    guard case .sql(let step, let message, let line, let column) = error, let first = places.first else { return self }
    let more = places.count > 1 ? "; also \(places.dropFirst().joined(separator: ", and "))" : ""
    return EngineFailure(
      error: .sql(step: step, message: "\(message): \(first)\(more)", line: line, column: column), output: output,
      causes: causes + places.map { "at \($0)" })
  }
}
