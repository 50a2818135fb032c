internal import Base
internal import Postgres

/// Where a task is in its life: `queue.task.state`.
package enum TaskState: String, Sendable, Codable, CaseIterable {
  /// It waits for other tasks.
  case blocked
  case ready
  case running
  case completed
  case failed
  case cancelled

  /// Neither ended nor begun.
  package static let waiting: Set<TaskState> = [.ready, .blocked]
  /// Not ended.
  package static let open: Set<TaskState> = [.ready, .blocked, .running]
}

extension TaskState: PostgresDecodable {}

extension ErrorClass: PostgresDecodable {}
