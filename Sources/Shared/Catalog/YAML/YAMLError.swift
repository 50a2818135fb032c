package import Base

/// Something in a catalog file, and where.
package struct YAMLProblem: Sendable, Equatable, CustomStringConvertible {
  package var file: String
  /// 1-based; nil where it is about the whole file.
  package var line: Int?
  package var message: String

  package init(file: String, line: Int?, message: String) {
    self.file = file
    self.line = line
    self.message = message
  }

  package var description: String {
    "\(file)\(line.map { ":\($0)" } ?? ""): \(message)"
  }
}

/// A catalog file that cannot be used as it is.
package struct YAMLError: ClassifiedError, Equatable {
  package var problem: YAMLProblem

  package init(_ problem: YAMLProblem) {
    self.problem = problem
  }

  package var errorClass: ErrorClass { .data }
  package var summary: String { problem.description }
  package var advice: String? { "Correct the file, then run: aker catalog check" }
}
