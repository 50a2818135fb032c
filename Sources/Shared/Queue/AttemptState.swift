internal import Postgres

/// How an attempt stands, or ended: `queue.attempt.state`.
package enum AttemptState: String, Sendable, Codable, CaseIterable {
  case running
  case completed
  case failed
  case cancelled
  /// It failed, and its task is tried again later.
  case retried
  /// The source said to slow down; the attempt does not count.
  case throttled
  /// A worker that drains gave it back; the attempt does not count.
  case released
  /// Its handler postponed it; the attempt does not count.
  case snoozed
  /// Its worker died or fell silent; counted apart from attempts.
  case workerLost = "worker_lost"
}

extension AttemptState: PostgresDecodable {}
