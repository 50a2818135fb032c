package import Base
package import Postgres

/// Which tasks an act would be done to. Nothing is kept of it.
package struct BatchPreview: Encodable, Sendable {
  package struct Example: Encodable, Sendable {
    package var task_id: Int64
    package var partition: String
    package var state: String
    /// What stands in the act's way; nil where nothing does.
    package var obstacle: String?
  }

  package var tasks: Int
  /// How many of them it would not be done to.
  package var obstructed: Int
  /// The first ones, those that are obstructed before the others.
  package var examples: [Example]

  package init(tasks: Int, obstructed: Int, examples: [Example]) {
    self.tasks = tasks
    self.obstructed = obstructed
    self.examples = examples
  }

  private static let mostExamples = 100

  /// - Throws: `Refusal` for a selection that makes no sense.
  package static func read(
    act: String, selection: JSONValue, _ session: some PostgresSession
  ) async throws -> BatchPreview {
    let rows = try await Refusal.translating {
      try await session.query(
        """
        SELECT s.task_id, s.dataset || ' ' || s.data_year || CASE WHEN s.region <> '' THEN ' ' || s.region ELSE '' END
          AS partition, s.state, s.obstacle, count(*) OVER () AS tasks, count(s.obstacle) OVER () AS obstructed
        FROM service.selected_tasks($1, $2::jsonb) s ORDER BY s.obstacle IS NULL, s.task_id LIMIT $3
        """, [act, selection.json, mostExamples])
    }
    return BatchPreview(
      tasks: try rows.first?.decode("tasks") ?? 0, obstructed: try rows.first?.decode("obstructed") ?? 0,
      examples: try rows.map { row in
        Example(
          task_id: try row.decode("task_id"), partition: try row.decode("partition"), state: try row.decode("state"),
          obstacle: try row.text("obstacle"))
      })
  }
}
