package import Base
package import Postgres
package import Queue

/// A task in a list.
package struct TaskLine: Encodable, Sendable {
  package var task_id: Int64
  package var backfill_id: Int64
  package var dataset: String
  package var data_year: Int
  package var region: String
  package var as_of: String
  package var state: TaskState
  package var attempts: Int
  package var error_class: ErrorClass?
  package var reason: String?
  /// Checks that its publication did not pass, and that do not stand in its way.
  package var warnings: Int

  /// Such as `market_jobs 2021 39049`.
  package var partition: String { "\(dataset) \(data_year)" + (region.isEmpty ? "" : " \(region)") }

  /// Which tasks; what is nil says nothing.
  package struct Filter: Sendable {
    package var backfill: Int64?
    package var state: TaskState?
    package var dataset: String?
    package var year: Int?
    package var errorClass: ErrorClass?
    /// Whether what failed is listed though its partition was published since or has a later task.
    package var withSuperseded: Bool
    /// Only what is published with warnings.
    package var warned: Bool
    /// Only those after this number: where a page ended.
    package var after: Int64?
    package var limit: Int

    package init(
      backfill: Int64? = nil, state: TaskState? = nil, dataset: String? = nil, year: Int? = nil,
      errorClass: ErrorClass? = nil, withSuperseded: Bool = false, warned: Bool = false,
      after: Int64? = nil, limit: Int
    ) {
      self.backfill = backfill
      self.state = state
      self.dataset = dataset
      self.year = year
      self.errorClass = errorClass
      self.withSuperseded = withSuperseded
      self.warned = warned
      self.after = after
      self.limit = limit
    }

    /// Which tasks may be meant, where a state tells: of all others, which completed, none is read. By the numbers of the
    /// list's own parameters.
    fileprivate var chosen: String {
      if warned {
        return """
          AND task_id = ANY (ARRAY(SELECT o.task_id FROM queue.outcome o
            WHERE o.final AND o.kind = 'completed' AND o.result ->> 'warnings' <> '0'))
          """
      }
      guard let state = errorClass == nil ? state : .failed, state != .completed else { return "" }
      return """
        AND task_id = ANY (ARRAY(SELECT u.task_id FROM queue.uncompleted u JOIN queue.lane l USING (lane_id)
          WHERE u.state = '\(state.rawValue)' AND ($1::bigint IS NULL OR l.backfill_id = $1)
            AND ($3::text IS NULL OR l.dataset = $3) AND ($4::int IS NULL OR u.data_year = $4)
            AND ($5::text IS NULL OR u.error_class = $5) AND ($9::bigint IS NULL OR u.task_id > $9)
            AND ($7 OR u.state <> 'failed' OR u.task_id NOT IN (SELECT s.task_id FROM queue.superseded s))
          ORDER BY u.task_id LIMIT $6))
        """
    }
  }

  /// In the order of their numbers.
  ///
  /// - Throws: `Refusal` for a backfill or a dataset that does not exist: an empty list would read as good news.
  package static func list(_ filter: Filter, _ connection: PostgresConnection) async throws -> [TaskLine] {
    if let backfill = filter.backfill {
      try await TargetTasks.requireExistence(.backfill(backfill, dataset: nil), connection)
    }
    if let dataset = filter.dataset { try await TargetTasks.requireExistence(.dataset(dataset), connection) }
    return try await connection.query(
      """
      SELECT task_id, backfill_id, dataset, data_year, region, as_of, state::text AS state, attempt_count AS attempts,
        error_class, reason, coalesce((result ->> 'warnings')::int, 0) AS warnings
      FROM queue.task
      WHERE ($1::bigint IS NULL OR backfill_id = $1) AND ($2::text IS NULL OR state::text = $2)
        AND ($3::text IS NULL OR dataset = $3) AND ($4::int IS NULL OR data_year = $4)
        AND ($5::text IS NULL OR error_class = $5)
        AND ($7 OR state <> 'failed' OR task_id NOT IN (SELECT s.task_id FROM queue.superseded s))
        AND (NOT $8 OR (result ->> 'warnings')::int > 0) AND ($9::bigint IS NULL OR task_id > $9) \(filter.chosen)
      ORDER BY task_id LIMIT $6
      """,
      [
        filter.backfill, filter.state?.rawValue, filter.dataset, filter.year, filter.errorClass?.rawValue, filter.limit,
        filter.withSuperseded, filter.warned, filter.after,
      ]
    ).map { try TaskLine($0) }
  }
}

extension TaskLine {
  /// Why a task waits, or how it ended, in one sentence.
  package static func why(_ task: Int64, _ connection: PostgresConnection) async throws -> String {
    do {
      return try await Refusal.translating {
        try await connection.one("SELECT queue.why($1) AS why", [task]).text("why")
          ?? "it just changed state; ask again"
      }
    } catch var refusal as Refusal {
      refusal.advice = "aker tasks lists them."
      throw refusal
    }
  }

  fileprivate init(_ row: PostgresRow) throws {
    task_id = try row.decode("task_id")
    backfill_id = try row.decode("backfill_id")
    dataset = try row.decode("dataset")
    data_year = try row.decode("data_year")
    region = try row.text("region") ?? ""
    as_of = try row.decode("as_of")
    state = try row.decode("state")
    attempts = try row.decode("attempts")
    error_class = try row.decode("error_class")
    reason = try row.text("reason")
    warnings = try row.decode("warnings")
  }
}
