package import Base
package import Postgres
package import Queue

/// The tasks that an action is about, counted before it is done.
package struct TargetTasks {
  private struct Group {
    var dataset: String
    var state: TaskState
    var errorClass: ErrorClass?
    var count: Int
  }

  private let target: Target
  private let groups: [Group]

  /// - Parameters:
  ///   - errorClass: only those that failed so.
  ///   - newest: only the newest task of each partition: what a later backfill tried again is left to that.
  /// - Throws: `Refusal` where there is no such target.
  package static func read(
    _ target: Target, errorClass: ErrorClass? = nil, newest: Bool = false, _ connection: PostgresConnection
  ) async throws -> TargetTasks {
    try await requireExistence(target, connection)
    let (condition, parameters) = condition(target, errorClass: errorClass, newest: newest)
    let rows = try await connection.query(
      """
      SELECT t.dataset, t.state::text AS state, t.error_class, count(*) AS count
      FROM queue.task t WHERE \(condition) GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1
      """, parameters)
    return TargetTasks(
      target: target,
      groups: try rows.map { row in
        Group(
          dataset: try row.decode("dataset"), state: try row.decode("state"),
          errorClass: try row.decode("error_class"), count: try row.decode("count"))
      })
  }

  /// Their numbers, for what is done one by one.
  ///
  /// - Parameter states: what completed is not among them.
  package static func ids(
    _ target: Target, states: Set<TaskState>, errorClass: ErrorClass? = nil, newest: Bool = false,
    _ connection: PostgresConnection
  ) async throws -> [Int64] {
    let (condition, parameters) = condition(target, errorClass: errorClass, newest: newest)
    let rows = try await connection.query(
      """
      SELECT t.task_id FROM queue.task t WHERE \(condition) AND t.state::text = ANY ($4)
        AND t.task_id = ANY (ARRAY(SELECT u.task_id FROM queue.uncompleted u WHERE u.state = ANY ($4)))
      ORDER BY t.backfill_id, t.task_id
      """,
      parameters + [states.map(\.rawValue).sorted()])
    return try rows.map { try $0.decode("task_id") }
  }

  /// How many of those that failed are left alone, since another open backfill builds them or they were published since,
  /// and one of these reasons in words; nil where none is.
  package static func leftAlone(
    _ target: Target, errorClass: ErrorClass?, newest: Bool, _ connection: PostgresConnection
  ) async throws -> String? {
    let (condition, parameters) = condition(target, errorClass: errorClass, newest: newest)
    let row = try await connection.one(
      """
      SELECT count(*) AS count, min(h.holder) AS holder
      FROM queue.those_left_alone(ARRAY(
        SELECT t.task_id FROM queue.task t WHERE \(condition) AND t.state = 'failed'
          AND t.task_id = ANY (ARRAY(SELECT u.task_id FROM queue.uncompleted u WHERE u.state = 'failed')))) h
      """, parameters)
    guard let holder = try row.decode("holder", as: String?.self) else { return nil }
    return "\(tasks(try row.decode("count"), "failed")) left alone, such as: \(holder)"
  }

  private static func condition(
    _ target: Target, errorClass: ErrorClass?, newest: Bool
  ) -> (String, [(any PostgresEncodable)?]) {
    var condition: String
    let parameter: (any PostgresEncodable)?
    var dataset: String?
    switch target {
    case .task(let id): (condition, parameter) = ("t.task_id = $1::bigint", id)
    case .backfill(let id, let name): (condition, parameter, dataset) = ("t.backfill_id = $1::bigint", id, name)
    case .dataset(let name): (condition, parameter) = ("t.dataset = $1", name)
    case .source(let id): (condition, parameter) = ("$1 = ANY (t.source_ids)", id)
    case .queue: (condition, parameter) = ("$1::text IS NULL", nil)
    }
    condition += " AND ($2::text IS NULL OR t.dataset = $2) AND ($3::text IS NULL OR t.error_class = $3)"
    if newest {
      condition += """
         AND NOT EXISTS (SELECT FROM queue.task n WHERE n.dataset = t.dataset AND n.data_year = t.data_year
          AND n.region = t.region AND n.as_of = t.as_of AND n.task_id > t.task_id)
        """
    }
    return (condition, [parameter, dataset, errorClass?.rawValue])
  }

  /// - Throws: `Refusal` where there is no such target.
  package static func requireExistence(_ target: Target, _ connection: PostgresConnection) async throws {
    let (sql, parameter, advice): (String, (any PostgresEncodable)?, String)
    switch target {
    case .queue: return
    case .task(let id):
      (sql, parameter, advice) = ("SELECT FROM queue.planned_task WHERE task_id = $1", id, "aker tasks lists them.")
    case .backfill(let id, nil):
      (sql, parameter, advice) = ("SELECT FROM queue.backfill WHERE backfill_id = $1", id, "aker backfills lists them.")
    case .backfill(let id, let dataset?):
      let rows = try await connection.query(
        "SELECT FROM queue.lane WHERE backfill_id = $1 AND dataset = $2", [id, dataset])
      if rows.isEmpty {
        throw Refusal(.usage, "there is no \(target.description)", advice: "aker backfills lists them.")
      }
      return
    case .dataset(let name):
      (sql, parameter, advice) = (
        "SELECT FROM queue.lane WHERE dataset = $1 UNION ALL SELECT FROM catalog.dataset WHERE name = $1 LIMIT 1", name,
        "aker catalog ls lists them; aker catalog apply makes them known."
      )
    case .source(let id):
      (sql, parameter, advice) = (
        "SELECT FROM queue.source WHERE source_id = $1", id,
        "aker sources lists them; aker catalog apply makes them known."
      )
    }
    if try await connection.query(sql, [parameter]).isEmpty {
      throw Refusal(.usage, "there is no \(target.description)", advice: advice)
    }
  }

  // MARK: In words

  package var waiting: Int { count(TaskState.waiting) }
  package var running: Int { count([.running]) }
  package var failed: Int { count([.failed]) }

  /// Of the failed ones, by name.
  package var failedDatasets: [String] { Set(groups.filter { $0.state == .failed }.map(\.dataset)).sorted() }

  private func count(_ states: Set<TaskState>) -> Int {
    groups.reduce(0) { states.contains($1.state) ? $0 + $1.count : $0 }
  }

  /// For instance `12 waiting tasks of backfill 3 (8 of market_income, 4 of market_jobs)`.
  package func text(waiting adjective: String) -> String {
    named(waiting, adjective, datasets(TaskState.waiting))
  }

  /// For instance `14 tasks of backfill 3: 12 waiting, 2 running (8 of market_income, 6 of market_jobs)`.
  package var openText: String {
    let states = [(waiting, "waiting"), (running, "running")].filter { $0.0 > 0 }.map { "\($0) \($1)" }
    let of = target.kind == .task ? target.description : "\(Self.tasks(waiting + running)) of \(target.description)"
    return of + (states.isEmpty ? "" : ": " + states.joined(separator: ", "))
      + datasets(TaskState.open)
  }

  /// For instance `3 failed tasks of backfill 3: 2 data, 1 transient (2 of market_income, 1 of market_jobs)`.
  package var failedText: String {
    var classes: [String: Int] = [:]
    for group in groups where group.state == .failed {
      classes[group.errorClass?.rawValue ?? "unknown", default: 0] += group.count
    }
    let kinds = classes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }
    return named(failed, "failed", "") + (kinds.isEmpty ? "" : ": " + kinds.joined(separator: ", "))
      + datasets([.failed])
  }

  private func named(_ count: Int, _ adjective: String, _ datasets: String) -> String {
    "\(Self.tasks(count, adjective)) of \(target.description)\(datasets)"
  }

  package static func tasks(_ count: Int, _ adjective: String = "") -> String {
    count.counted(adjective.isEmpty ? "task" : "\(adjective) task")
  }

  /// More would not be read.
  private static let mostDatasets = 3

  /// Empty where the target names the dataset already.
  private func datasets(_ states: Set<TaskState>) -> String {
    switch target {
    case .dataset, .backfill(_, .some): return ""
    case .task, .backfill, .source, .queue: break
    }
    var counts: [String: Int] = [:]
    for group in groups where states.contains(group.state) { counts[group.dataset, default: 0] += group.count }
    let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    guard !sorted.isEmpty else { return "" }
    if sorted.count == 1 { return " (\(sorted[0].key))" }
    var parts = sorted.prefix(Self.mostDatasets).map { "\($0.value) of \($0.key)" }
    if sorted.count > Self.mostDatasets { parts.append((sorted.count - Self.mostDatasets).counted("more dataset")) }
    return " (\(parts.joined(separator: ", ")))"
  }
}
