package import Postgres

/// What became of a task of a batch.
package struct BatchTask: Encodable, Sendable {
  package var task_id: Int64
  package var partition: String
  /// `waiting`, `done`, `left_alone` or `cancelled`.
  package var result: String
  package var reason: String?

  /// - Parameter result: nil for all.
  package static func list(
    _ batch: Int64, result: String?, after: Int64?, limit: Int, _ session: some PostgresSession
  ) async throws -> [BatchTask] {
    try await session.query(
      """
      SELECT t.task_id, queue._task_name(t.task_id) AS partition, coalesce(t.result, 'waiting') AS result, t.reason
      FROM service.batch_task t
      WHERE t.batch_id = $1 AND ($2::text IS NULL OR coalesce(t.result, 'waiting') = $2)
        AND ($3::bigint IS NULL OR t.task_id > $3)
      ORDER BY t.task_id LIMIT $4
      """, [batch, result, after, limit]
    ).map { row in
      BatchTask(
        task_id: try row.decode("task_id"), partition: try row.text("partition") ?? "",
        result: try row.decode("result"),
        reason: try row.text("reason"))
    }
  }
}
