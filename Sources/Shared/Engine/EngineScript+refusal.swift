extension EngineScript {
  /// Why a text of somebody else's is not even shown to DuckDB; nil where all can be.
  var refusal: EngineError? {
    for step in steps {
      if case .macros(let text) = step.text, let problem = MacroFile.problem(in: text) {
        return .sql(step: step.name, message: problem.message, line: problem.line, column: 1)
      }
      guard let statement = step.statement else { continue }
      if statement.utf8.contains(0) {
        return .sql(step: step.name, message: "there is a NUL character", line: nil, column: nil)
      }
      if statement.utf8.count > Self.statementByteLimit {
        return .sql(
          step: step.name,
          message:
            "a file of SQL may have \(Self.statementByteLimit / 1024) KiB, and this has \(statement.utf8.count / 1024)",
          line: nil, column: nil)
      }
    }
    return nil
  }

  /// 120 KiB: Linux passes arguments of up to 128 KiB, and the statement around a query has the dataset's columns.
  private static let statementByteLimit = 122_880
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
