package import Base

/// A script that failed, with what it printed until then.
package struct EngineFailure: ClassifiedError {
  package let error: EngineError
  package let output: EngineOutput
  /// DuckDB's own words, line by line.
  package let causes: [String]

  package var errorClass: ErrorClass { error.errorClass }
  package var summary: String { error.summary }
  package var advice: String? { error.advice }
}
