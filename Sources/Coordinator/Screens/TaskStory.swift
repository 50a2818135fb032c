import Lake
import Postgres

/// All that is known of a task, in the order in which it happened, and what comes next.
struct TaskStory {
  let id: Int64
  let task: PostgresRow
  let attempts: [PostgresRow]
  let checks: [PostgresRow]
  let publication: PostgresRow?
  let inputs: [PostgresRow]
  /// The tasks that this one waited for in vain.
  let upstream: [PostgresRow]
  private let json: String

  /// - Returns: nil where there is no such task.
  static func read(_ id: Int64, _ connection: PostgresConnection) async throws -> TaskStory? {
    let results = try await connection.pipeline([
      PostgresStatement(
        """
        SELECT t.dataset, t.data_year, t.region, t.as_of, t.state::text AS state, t.attempt_count, t.max_attempts,
          t.backfill_id, b.note, t.error_class, t.reason, t.detail ->> 'advice' AS advice, t.source_id,
          CASE WHEN t.state IN ('ready', 'blocked') THEN queue.why(t.task_id) END AS why
        FROM queue.task t JOIN queue.backfill b USING (backfill_id) WHERE t.task_id = $1
        """, [id]),
      PostgresStatement(
        """
        SELECT attempt_number, state, worker_name, host, to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS started_at,
          extract(epoch FROM ran_for)::float8 AS seconds, error_class, reason, detail ->> 'advice' AS advice,
          detail ->> 'error' AS error_type, step, coalesce(detail -> 'steps', '[]')::text AS steps,
          coalesce(detail -> 'inputs', '[]')::text AS inputs, definition_hash,
          ARRAY(SELECT jsonb_array_elements_text(coalesce(causes, '[]'))) AS causes
        FROM queue.attempt WHERE task_id = $1 ORDER BY attempt_id
        """, [id]),
      PostgresStatement(
        """
        SELECT c.check_name, c.column_name, c.severity, c.message, c.arguments::text AS arguments,
          ARRAY(SELECT e::text FROM jsonb_array_elements(coalesce(c.examples, '[]')) e) AS examples
        FROM quality.check_result c WHERE NOT c.success AND c.validation_id = (
          SELECT v.validation_id FROM quality.validation v WHERE v.task_id = $1 ORDER BY v.validation_id DESC LIMIT 1)
        ORDER BY c.severity, c.ordinal
        """, [id]),
      PostgresStatement(
        """
        SELECT publication_id, outcome, (SELECT w.as_of FROM warehouse.partition w
            WHERE (w.dataset, w.data_year, w.region) = (p.dataset, p.data_year, p.region)) AS shown_as_of, row_count, byte_count, lake_path, is_synthetic,
          (SELECT string_agg(s.key || ' ' || to_char(s.value::float8, 'FM999990.00') || ' s', ', ' ORDER BY array_position(
            ARRAY['fetch', 'build', 'examine', 'load', 'publish', 'place'], s.key)) FROM jsonb_each_text(steps) s) AS steps
        FROM lineage.publication p WHERE task_id = $1 ORDER BY publication_id DESC LIMIT 1
        """, [id]),
      PostgresStatement(
        """
        SELECT i.request_name, i.source_id, i.url, i.byte_count, i.cache_hit, i.note,
          to_char(i.fetched_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS fetched_at, u.dataset AS upstream, u.publication_id AS of
        FROM lineage.input i LEFT JOIN lineage.publication u ON u.publication_id = i.input_publication_id
        WHERE i.publication_id = (SELECT max(publication_id) FROM lineage.publication WHERE task_id = $1) ORDER BY i.ordinal
        """, [id]),
      PostgresStatement(
        """
        SELECT u.task_id, u.dataset, u.data_year, u.region, u.state::text AS state, u.reason
        FROM queue.dependency d JOIN queue.task u ON u.task_id = d.upstream_task_id
        WHERE d.task_id = $1 AND u.state IN ('failed', 'cancelled') ORDER BY u.task_id LIMIT 5
        """, [id]),
      PostgresStatement(
        """
        SELECT (to_jsonb(t) || jsonb_build_object(
          'attempts', (SELECT jsonb_agg(to_jsonb(a) ORDER BY a.attempt_id) FROM queue.attempt a WHERE a.task_id = t.task_id),
          'publication', (SELECT to_jsonb(p) FROM lineage.publication p WHERE p.task_id = t.task_id ORDER BY p.publication_id DESC LIMIT 1),
          'inputs', (SELECT jsonb_agg(to_jsonb(i) ORDER BY i.ordinal) FROM lineage.input i
            WHERE i.publication_id = (SELECT max(publication_id) FROM lineage.publication WHERE task_id = t.task_id)),
          'failed_checks', (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.ordinal) FROM quality.check_result c
            WHERE NOT c.success AND c.validation_id = (SELECT max(validation_id) FROM quality.validation v WHERE v.task_id = t.task_id))
        ))::text AS json FROM queue.task t WHERE t.task_id = $1
        """, [id]),
    ])
    guard let task = results[0].first, let json = results[6].first else { return nil }
    return TaskStory(
      id: id, task: task, attempts: results[1], checks: results[2], publication: results[3].first, inputs: results[4],
      upstream: results[5], json: try json.decode("json"))
  }

  /// The same as data: the rows of the views, and what comes next.
  func json(lake: String, _ connection: PostgresConnection) async throws -> String {
    let row = try await connection.one(
      "SELECT jsonb_pretty($1::jsonb || jsonb_build_object('report', $2::text, 'next', $3::text[])) AS json",
      [json, try reportPath(lake: lake), try next()])
    return try row.decode("json")
  }

  var state: String { get throws { try task.decode("state") } }

  /// Where the validation of what was published can be read; nil where nothing was.
  func reportPath(lake: String) throws -> String? {
    guard let path = try publication?.decode("lake_path", as: String.self) else { return nil }
    return "\(lake)/\(LakePath.reports(beside: path))/validation.html"
  }
}
