internal import Postgres
internal import Base

/// What an error between a long-running loop (a worker's, `aker serve`'s) and the queue means for the loop.
package enum QueueTrouble: Equatable {
  /// The session is gone: open another, on whichever server is the primary now.
  case connectionLost
  /// The server could not now, and may in a moment: wait, and ask again.
  case passing
  /// The queue gave the incarnation up: begin another.
  case givenUp(String)
  /// It can never succeed, however often it is asked: end, and say why.
  case hopeless

  package init(_ error: any Error) {
    switch error {
    case QueueError.workerEnded(let reason): self = .givenUp(reason)
    case let error as PostgresError where error.isConnectionFailure: self = .connectionLost
    case let error as PostgresError:
      self = error.sqlState.map(Self.isHopeless) == false ? .passing : .hopeless
    case let error as any ClassifiedError: self = error.errorClass == .transient ? .passing : .hopeless
    default: self = .hopeless
    }
  }

  /// Whether the database refuses to store these very values, so that others may do.
  package static func refusesValues(_ error: any Error) -> String? {
    switch error {
    // 22: data exception (a NUL byte, bad JSON); 23: a constraint; 54: a limit of the server's.
    case let error as PostgresError:
      guard let state = error.sqlState, ["22", "23", "54"].contains(where: { state.hasPrefix($0) }) else { return nil }
      return state
    case QueueError.invalidRequest: return "AK003"
    default: return nil
    }
  }

  /// 28: the login; 3D, 3F: no such database or schema; 42: no such function, table or right; 0A: not supported. All
  /// else, even an internal error (XX), may be gone after a while: a pool must not end for what one row does to a query.
  private static func isHopeless(_ sqlState: String) -> Bool {
    ["0A", "28", "3D", "3F", "42"].contains { sqlState.hasPrefix($0) }
  }
}
