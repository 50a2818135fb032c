package import Base

/// A definition that cannot be used, with everything that is wrong with it.
package struct DefinitionError: ClassifiedError, CustomStringConvertible {
  package let problems: [DefinitionProblem]

  package init(_ problems: [DefinitionProblem]) {
    self.problems = problems
  }

  package var errorClass: ErrorClass { .permanent }
  package var summary: String { problems.map(\.description).joined(separator: "\n") }
  package var advice: String? { "Correct the definition, then run aker catalog check." }
  package var description: String { summary }
}
