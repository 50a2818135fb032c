package import Base
internal import Queue

/// Why a question or an act was refused: what is wrong, and what to do. Whoever asked says it in their own way: the
/// command line by an exit code, an API by a status.
package struct Refusal: ClassifiedError, Equatable {
  package enum Kind: Sendable {
    /// It makes no sense, or names what does not exist.
    case usage
    /// The database knows nothing of that name or number.
    case missing
    /// Not possible in the state that it is in.
    case state
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

  /// Runs `body`; what the queue refuses (see `QueueError`) becomes a refusal in its own words.
  package static func translating<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await QueueError.translated(body)
    } catch let error as QueueError {
      let kind: Kind =
        switch error {
        case .notFound: .missing
        case .wrongState: .state
        default: .usage
        }
      throw Refusal(kind, error.summary, advice: error.advice.map(asCommand))
    }
  }

  /// What the queue advises whoever calls its functions in psql, for whoever calls them by a command.
  private static func asCommand(_ hint: String) -> String {
    hint.replacing(/SELECT queue\.retry_task\(([0-9]+)\)/) { "First: aker retry --task \($0.1)" }
      .replacing(", with mode => 'failed'", with: ": aker backfill DATASET --years YEARS --only failed")
  }

  package var errorClass: ErrorClass { kind == .data ? .data : .permanent }
  package var exitStatus: ExitStatus {
    switch kind {
    case .usage, .missing, .state: .usage
    case .data: .data
    case .configuration: .configuration
    }
  }
}
