package import Base

/// Why a question or an act was refused: what is wrong, and what to do. Whoever asked says it in their own way: the
/// command line by an exit code, an API by a status.
package struct Refusal: ClassifiedError, Equatable {
  package enum Kind: Sendable {
    /// It makes no sense, or names what does not exist.
    case usage
    /// A definition or the catalog is wrong.
    case data
    /// A setting is wrong.
    case configuration
  }

  package var kind: Kind
  package var summary: String
  package var advice: String?

  package init(_ kind: Kind, _ summary: String, advice: String? = nil) {
    self.kind = kind
    self.summary = summary
    self.advice = advice
  }

  package var errorClass: ErrorClass { kind == .data ? .data : .permanent }
}
