package import Postgres
package import Base

/// What the queue's functions refuse, each with a SQLSTATE of its own: see docs/queue.md.
package enum QueueError: ClassifiedError, Equatable {
  /// AK001: another attempt holds the task, or it ended, or it was cancelled. Discard the work.
  case leaseLost(String)
  /// AK002: the worker was given up. Register anew.
  case workerEnded(String)
  /// AK003
  case invalidRequest(String, hint: String?)
  /// AK004
  case dependencyCycle(String)
  /// AK005
  case notFound(String, hint: String?)
  /// AK006: the task or backfill is not in a state that allows it.
  case wrongState(String, hint: String?)

  /// AK008: this program and the database's structure are of versions that do not go together.
  case outOfDate(String, hint: String?)

  package init?(_ error: PostgresError) {
    let text = error.message + (error.detail.map { " (\($0))" } ?? "")
    switch error.sqlState {
    case "AK001": self = .leaseLost(text)
    case "AK002": self = .workerEnded(text)
    case "AK003": self = .invalidRequest(text, hint: error.hint)
    case "AK004": self = .dependencyCycle(text)
    case "AK005": self = .notFound(text, hint: error.hint)
    case "AK006": self = .wrongState(text, hint: error.hint)
    case "AK008": self = .outOfDate(text, hint: error.hint)
    default: return nil
    }
  }

  /// A lost lease or worker says nothing against the task, which somebody else has.
  package var errorClass: ErrorClass {
    switch self {
    case .leaseLost, .workerEnded: .workerLost
    case .invalidRequest, .dependencyCycle, .notFound, .wrongState, .outOfDate: .permanent
    }
  }

  /// A pause or a limit passes; a name that does not exist stays a mistake.
  package var exitStatus: ExitStatus {
    switch self {
    case .wrongState: .transient
    case .outOfDate: .configuration
    default: .usage
    }
  }

  package var summary: String {
    switch self {
    case .leaseLost(let text), .workerEnded(let text), .dependencyCycle(let text): text
    case .invalidRequest(let text, _), .notFound(let text, _), .wrongState(let text, _), .outOfDate(let text, _): text
    }
  }

  package var advice: String? {
    switch self {
    case .leaseLost, .workerEnded: nil
    case .dependencyCycle: "Remove one of these from depends_on."
    case .invalidRequest(_, let hint), .notFound(_, let hint), .wrongState(_, let hint), .outOfDate(_, let hint): hint
    }
  }

  /// Runs `body`, and throws the queue's own errors as `QueueError`.
  package static func translated<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch let error as PostgresError {
      throw QueueError(error) ?? error
    }
  }
}
