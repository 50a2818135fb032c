package import Base
package import Postgres
internal import Queue

/// What an operator does: each act is a function of the queue, which anyone may call in psql as well.
///
/// All throw `Refusal` with the queue's own words for what it refuses.
package enum OperatorAction {
  package static func pause(_ target: Target, reason: String?, _ connection: PostgresConnection) async throws {
    switch target {
    case .backfill(let id, nil): try await call("queue.pause_backfill($1, $2)", [id, reason], connection)
    case .dataset(let name): try await call("queue.pause_dataset($1, $2)", [name, reason], connection)
    case .source(let id): try await call("queue.pause_source($1, $2)", [id, reason], connection)
    case .queue: try await call("queue.pause_queue($1)", [reason], connection)
    case .backfill, .task: throw Refusal(.usage, "\(target.description) cannot be paused by itself")
    }
  }

  /// - Parameter endingCoolDown: whether a source's cool-down ends, too.
  package static func resume(
    _ target: Target, endingCoolDown: Bool = false, _ connection: PostgresConnection
  ) async throws {
    switch target {
    case .backfill(let id, nil): try await call("queue.resume_backfill($1)", [id], connection)
    case .dataset(let name): try await call("queue.resume_dataset($1)", [name], connection)
    case .source(let id):
      try await call("queue.resume_source($1)", [id], connection)
      if endingCoolDown { try await call("queue.end_cool_down($1)", [id], connection) }
    case .queue: try await call("queue.resume_queue()", [], connection)
    case .backfill, .task: throw Refusal(.usage, "\(target.description) cannot be resumed by itself")
    }
  }

  /// Ends what has not ended.
  ///
  /// - Parameter tasks: of the target, as they were when it was decided.
  /// - Returns: how many tasks it was done to.
  package static func cancel(
    _ target: Target, _ tasks: TargetTasks, reason: String?, _ connection: PostgresConnection
  ) async throws -> Int {
    let count: Int
    switch target {
    // One that has ended stays as it is: what failed of it can be tried again.
    case .backfill(_, nil) where tasks.waiting + tasks.running == 0: count = 0
    case .backfill(let id, nil):
      count = try await call("queue.cancel_backfill($1, $2)", [id, reason], connection) ?? 0
    case .task(let id):
      try await call("queue.cancel_task($1, $2)", [id, reason], connection)
      count = 1
    default:
      let open = try await TargetTasks.ids(target, states: TaskState.open, connection)
      count = try await callEach(open, "queue.cancel_task($1, $2)", [reason], connection)
    }
    // A backfill of which nothing is left has ended, also where no worker is there to notice.
    try await call("queue.tidy()", [], connection)
    return count
  }

  /// Puts a task before all others, or gives waiting tasks another priority.
  package static func prioritize(_ target: Target, _ priority: Int, _ connection: PostgresConnection) async throws {
    let lanes: [PostgresRow]
    switch target {
    case .task(let id):
      try await call("queue.prioritize_task($1)", [id], connection)
      return
    case .backfill(let id, let dataset):
      try await call("queue.prioritize_backfill($1, $2, $3)", [id, priority, dataset], connection)
      return
    case .dataset(let name):
      lanes = try await connection.query(openLanes + "l.dataset = $1 ORDER BY l.lane_id", [name])
    case .source(let id):
      lanes = try await connection.query(openLanes + "$1 = ANY (l.source_ids) ORDER BY l.lane_id", [id])
    case .queue: throw Refusal(.usage, "of the whole queue, there is nothing that it could be put before")
    }
    for lane in lanes {
      try await call(
        "queue.prioritize_backfill($1, $2, $3)",
        [try lane.decode("backfill_id", as: Int64.self), priority, try lane.decode("dataset", as: String.self)],
        connection)
    }
  }

  private static let openLanes =
    "SELECT l.backfill_id, l.dataset FROM queue.lane l WHERE l.closed_at IS NULL AND "

  /// Tries again what failed.
  ///
  /// - Parameters:
  ///   - definition: of a task alone: the hash of the definition that builds it, or the beginning of that.
  /// - Returns: how many tasks will run again.
  package static func retry(
    _ target: Target, errorClass: ErrorClass?, definition: String? = nil, _ connection: PostgresConnection
  ) async throws -> Int {
    switch target {
    case .task(let id):
      return try await call("queue.retry_task($1, $2)", [id, definition], connection) ?? 0
    case .backfill(let id, let dataset):
      return try await call("queue.retry_backfill($1, $2, $3)", [id, errorClass?.rawValue, dataset], connection) ?? 0
    case .dataset, .source, .queue:
      let failed = try await TargetTasks.ids(
        target, states: [.failed], errorClass: errorClass, newest: target.isOfManyBackfills, connection)
      return try await callEach(failed, "queue.retry_task($1)", [], connection)
    }
  }

  /// - Throws: `Refusal` for a vintage of the future, by the database's clock.
  package static func requirePast(_ asOf: String?, allowFuture: Bool, _ connection: PostgresConnection) async throws {
    try await call("queue.require_vintage($1, $2)", [asOf, allowFuture], connection)
  }

  /// Calls a function that returns nothing or a count.
  @discardableResult
  private static func call(
    _ function: String, _ parameters: [(any PostgresEncodable)?], _ connection: PostgresConnection
  ) async throws -> Int? {
    try await Refusal.translating {
      try await connection.one("SELECT \(function)::text AS result", parameters).text("result").flatMap { Int($0) }
    }
  }

  /// The same for each of many tasks, one by one; what moved on meanwhile is left alone.
  ///
  /// - Returns: how many tasks it was done to.
  private static func callEach(
    _ tasks: [Int64], _ function: String, _ parameters: [(any PostgresEncodable)?], _ connection: PostgresConnection
  ) async throws -> Int {
    var count = 0
    for task in tasks {
      do {
        let row = try await QueueError.translated {
          try await connection.one("SELECT \(function)::text AS result", [task] + parameters)
        }
        // Functions that return nothing did it to one.
        count += try row.text("result").flatMap { Int($0) } ?? 1
      } catch QueueError.wrongState {
        // It ended, was taken along by another's retry, or another backfill builds it.
        continue
      }
    }
    return count
  }
}
