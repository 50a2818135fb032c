/// Reads one YAML file and collects what is wrong with it, so that a user sees all of it at once.
final class DefinitionReader {
  let file: String
  var problems: [DefinitionProblem] = []

  init(file: String) {
    self.file = file
  }

  /// The root; nil where the text is no YAML or empty, which is then a problem.
  func root(_ text: String) -> DefinitionNode? {
    do {
      return DefinitionNode(node: try YAMLNode.parse(text, file: file), reader: self)
    } catch let error as YAMLError {
      note(error.problem, .error)
    } catch {
      problems.append(DefinitionProblem(.error, file: file, line: 1, "\(error)"))
    }
    return nil
  }

  func note(_ problem: YAMLProblem, _ severity: DefinitionProblem.Severity) {
    problems.append(DefinitionProblem(severity, file: problem.file, line: problem.line ?? 1, problem.message))
  }
}
