internal import Catalog

extension EngineScript {
  /// Why a text of somebody else's is not even shown to DuckDB; nil where all can be.
  var refusal: EngineError? {
    for step in steps {
      guard let statement = step.statement else { continue }
      if let problem = DatasetSpec.tooLong(statement) {
        return .sql(step: step.name, message: problem, line: nil, column: nil)
      }
      if case .macros(let text) = step.text, let problem = MacroFile.problem(in: text) {
        return .sql(step: step.name, message: problem.message, line: problem.line, column: 1)
      }
      if statement.utf8.contains(0) {
        return .sql(step: step.name, message: "there is a NUL character", line: nil, column: nil)
      }
    }
    return nil
  }
}

extension EngineScript.Step {
  /// The whole text that DuckDB gets of a user's; nil where the step is ours.
  var statement: String? {
    switch text {
    case .generated: nil
    case .query(let before, let user, let after): before + "\n" + user + "\n" + after
    // The first character must not be theirs: a dot there would be a command to DuckDB's program.
    case .macros(let sql): "\n" + sql
    }
  }

  /// The same, as DuckDB gets it: one statement at a time.
  var statements: [String] {
    if case .macros(let sql) = text { return MacroFile.statements(in: sql).map { "\n" + $0 } }
    return statement.map { [$0] } ?? []
  }
}
