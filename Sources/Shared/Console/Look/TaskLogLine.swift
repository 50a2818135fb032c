package import FoundationEssentials
package import Postgres

/// A line that an attempt of a task logged.
package struct TaskLogLine: Encodable, Sendable {
  package var attempt_number: Int
  package var at: Date
  package var level: String
  package var text: String

  /// - Returns: lines of all attempts, in order; nil where there is no such task.
  package static func list(_ task: Int64, _ connection: PostgresConnection) async throws -> [TaskLogLine]? {
    let rows = try await connection.query(
      """
      SELECT a.attempt_number, a.started_at + make_interval(secs => (l.line ->> 'after')::float8) AS at,
        l.line ->> 'level' AS level, l.line ->> 'text' AS text
      FROM queue.attempt a
        CROSS JOIN LATERAL jsonb_array_elements(coalesce(a.log, '[]')) WITH ORDINALITY AS l(line, place)
      WHERE a.task_id = $1 ORDER BY a.attempt_id, l.place
      """, [task])
    if rows.isEmpty, try await connection.query("SELECT FROM queue.planned_task WHERE task_id = $1", [task]).isEmpty {
      return nil
    }
    return try rows.map { row in
      TaskLogLine(
        attempt_number: try row.decode("attempt_number"), at: try row.decode("at"), level: try row.decode("level"),
        text: try row.decode("text"))
    }
  }
}
