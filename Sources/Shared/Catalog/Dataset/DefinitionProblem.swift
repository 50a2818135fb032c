/// Something wrong in a definition, and where.
package struct DefinitionProblem: Sendable, Equatable, CustomStringConvertible {
  package enum Severity: String, Sendable {
    case error, warning
  }

  package var severity: Severity
  package var file: String
  package var line: Int
  package var column: Int?
  package var message: String

  package init(_ severity: Severity, file: String, line: Int, column: Int? = nil, _ message: String) {
    self.severity = severity
    self.file = file
    self.line = line
    self.column = column
    self.message = message
  }

  package var description: String {
    let place = column.map { "\(file):\(line):\($0)" } ?? "\(file):\(line)"
    return severity == .error ? "\(place): \(message)" : "\(place): warning: \(message)"
  }
}
