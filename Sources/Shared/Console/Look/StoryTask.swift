package import Base
package import FoundationEssentials
internal import Postgres
package import Queue

/// The task of a story.
package struct StoryTask: Encodable, Sendable {
  package var task_id: Int64
  package var backfill_id: Int64
  /// The backfill's.
  package var note: String?
  package var dataset: String
  package var data_year: Int
  package var region: String
  package var as_of: String
  /// Whether `as_of` is the month that a command means without it.
  package var is_this_month: Bool
  package var created_at: Date
  package var state: TaskState
  package var attempt_count: Int
  package var max_attempts: Int
  package var error_class: ErrorClass?
  package var reason: String?
  package var advice: String?
  package var source_id: String?
  /// Why it waits.
  package var why: String?
  /// The dataset's definition that is applied now.
  package var applied_definition: String?

  static let sql = """
    SELECT t.task_id, t.backfill_id, t.created_at, b.note, t.dataset, t.data_year, t.region, t.as_of,
      t.as_of = to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM') AS is_this_month, t.state::text AS state, t.attempt_count,
      t.max_attempts, t.error_class, t.reason, t.detail ->> 'advice' AS advice, t.source_id,
      CASE WHEN t.state IN ('ready', 'blocked') THEN queue.why(t.task_id) END AS why,
      d.definition_hash AS applied_definition
    FROM queue.task t JOIN queue.backfill b USING (backfill_id) LEFT JOIN catalog.dataset d ON d.name = t.dataset
    WHERE t.task_id = $1
    """

  init(_ row: PostgresRow) throws {
    task_id = try row.decode("task_id")
    backfill_id = try row.decode("backfill_id")
    note = try row.text("note")
    dataset = try row.decode("dataset")
    data_year = try row.decode("data_year")
    region = try row.text("region") ?? ""
    as_of = try row.decode("as_of")
    is_this_month = try row.decode("is_this_month")
    created_at = try row.decode("created_at")
    state = try row.decode("state")
    attempt_count = try row.decode("attempt_count")
    max_attempts = try row.decode("max_attempts")
    error_class = try row.decode("error_class")
    reason = try row.text("reason")
    advice = try row.text("advice")
    source_id = try row.text("source_id")
    why = try row.text("why")
    applied_definition = try row.text("applied_definition")
  }

  /// Such as `market_jobs 2021 39049`.
  package var partition: String { "\(dataset) \(data_year)" + (region.isEmpty ? "" : " \(region)") }
}

/// A task that a story's task waited for in vain.
package struct StoryUpstream: Encodable, Sendable {
  package var task_id: Int64
  package var dataset: String
  package var data_year: Int
  package var region: String
  package var state: TaskState
  package var reason: String?

  static let sql = """
    SELECT u.task_id, u.dataset, u.data_year, u.region, u.state::text AS state, u.reason
    FROM queue.dependency d JOIN queue.task u ON u.task_id = d.upstream_task_id
    WHERE d.task_id = $1 AND u.state IN ('failed', 'cancelled') ORDER BY u.task_id LIMIT 5
    """

  init(_ row: PostgresRow) throws {
    task_id = try row.decode("task_id")
    dataset = try row.decode("dataset")
    data_year = try row.decode("data_year")
    region = try row.text("region") ?? ""
    state = try row.decode("state")
    reason = try row.text("reason")
  }

  package var partition: String { "\(dataset) \(data_year)" + (region.isEmpty ? "" : " \(region)") }
}
