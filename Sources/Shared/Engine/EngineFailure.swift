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
      of: #/Error: '(.*?)' is no (?:whole number|number|amount|percentage|text|date|timestamp)/#
        .dotMatchesNewlines())
    {
      return String(match.1)
    }
    if let match = message.firstMatch(of: #/Could not convert string (?:'(.*?)'|"(.*?)") to /#) {
      return (match.1 ?? match.2).map(String.init)
    }
    if let match = message.firstMatch(
      of: #/(?:Could not parse string "|with value )(.*?)(?:" according to format| can't be cast)/#)
    {
      return String(match.1)
    }
    return message.firstMatch(of: #/(?:date|time|timestamp) field (?:format|value out of range): "(.*?)"/#)
      .map { String($0.1) }
  }

  /// The beginning of a record as its document has it, which a view of inputs refused (`InputView`); nil for other errors.
  package var refusedRecord: String? {
    guard case .sql(_, let message, _, _) = error else { return nil }
    return message.firstMatch(
      of:
        #/Error: (?:this is no (?:feature|record, which is an object)|an object has a member twice|'.*?' is due, and stands there in other letters or with space about it|coordinates that are .*?|a ring is not closed, or a line has one point|a third coordinate where two dimensions are declared|a [A-Z]+ where .*?|a row of \d+ values where the header has \d+): (\S.*)/#
        .dotMatchesNewlines()
    ).map { String($0.1) }
  }

  /// The same error with other words for the files that it names: what they were made of, rather than where they lie.
  package func renamed(_ names: [String: String]) -> EngineFailure {
    guard case .sql(let step, let message, let line, let column) = error else { return self }
    // DuckDB's advice about settings that are not the reader's to change.
    func shown(_ text: String) -> String {
      let kept = text.firstRange(of: #/ ?Try setting '/#).map { text[..<$0.lowerBound] } ?? text[...]
      return names.reduce(String(kept)) {
        $0.replacing("\"\($1.key)\"", with: $1.value).replacing($1.key, with: $1.value)
      }
    }
    return EngineFailure(
      error: .sql(step: step, message: shown(message), line: line, column: column), output: output,
      causes: causes.map(shown).filter { !$0.isEmpty })
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
