import Postgres
import TestSupport

/// Why a task is still open, as far as the database can tell.
enum ChaosStory {
  private static let questions = [
    (
      "open tasks",
      "SELECT row_to_json(t)::text || ' ' || queue.why(t.task_id) AS line FROM queue.task t WHERE finished_at IS NULL"
    ),
    (
      "their attempts",
      "SELECT row_to_json(a)::text AS line FROM queue.attempt a JOIN queue.task t USING (task_id) WHERE t.finished_at IS NULL"
    ),
    ("leases", "SELECT row_to_json(l)::text AS line FROM queue.lease l"),
    ("ready", "SELECT row_to_json(r)::text AS line FROM queue.ready r"),
    ("delayed", "SELECT row_to_json(d)::text AS line FROM queue.delayed d"),
    ("blocked", "SELECT row_to_json(b)::text AS line FROM queue.blocked b"),
    ("claimable lanes", "SELECT row_to_json(c)::text AS line FROM queue.claimable_lane c"),
    ("backfills that are open", "SELECT row_to_json(b)::text AS line FROM queue.backfill b WHERE finished_at IS NULL"),
    ("sources", "SELECT row_to_json(s)::text AS line FROM queue.source s WHERE source_id = 'census_acs5'"),
    ("workers that live", "SELECT row_to_json(w)::text AS line FROM queue.worker w WHERE ended_at IS NULL"),
    (
      "the last events",
      "SELECT row_to_json(e)::text AS line FROM (SELECT * FROM queue.event ORDER BY event_id DESC LIMIT 30) e"
    ),
    (
      "sessions",
      """
      SELECT concat_ws(' | ', pid, application_name, state, wait_event_type, wait_event, clock_timestamp() - state_change,
        pg_blocking_pids(pid), left(query, 200)) AS line
      FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
      """
    ),
    (
      "locks that are not granted",
      "SELECT row_to_json(k)::text AS line FROM pg_locks k WHERE NOT granted"
    ),
  ]

  static func tell(_ connection: PostgresConnection) async throws -> String {
    var lines = ["now: " + (try await connection.query("SELECT clock_timestamp()::text AS now")[0].decode("now"))]
    for (what, sql) in questions {
      lines.append("── \(what)")
      do {
        lines += try await connection.query(sql).map { try $0.text("line") ?? "" }
      } catch { lines.append("\(error)") }
    }
    return lines.joined(separator: "\n")
  }
}
