package import FoundationEssentials
package import Postgres

/// What a backfill left out, and how fast it goes.
package struct BackfillDetail: Encodable, Sendable {
  /// Partitions of a dataset that were asked for and not enqueued, for the same reason.
  package struct Skipped: Encodable, Sendable {
    package var dataset: String
    package var first_year: Int
    package var last_year: Int
    package var partitions: Int
    package var reason: String
  }

  /// Attempts that ended within a minute.
  package struct Minute: Encodable, Sendable {
    package var at: Date
    package var completed: Int
    package var failed: Int
  }

  package var skipped: [Skipped]
  /// Of the hour before it finished, or of the last one; minutes without any left out.
  package var minutes: [Minute]

  private static let mostGroups = 200

  /// - Throws: `Refusal` where there is no such backfill.
  package static func read(_ backfill: Int64, _ connection: PostgresConnection) async throws -> BackfillDetail {
    try await TargetTasks.requireExistence(.backfill(backfill, dataset: nil), connection)
    let results = try await connection.pipeline([
      PostgresStatement(
        """
        SELECT l.dataset, min(s.data_year)::int AS first_year, max(s.data_year)::int AS last_year, count(*) AS partitions,
          s.reason
        FROM queue.skipped_partition s JOIN queue.lane l USING (lane_id) WHERE l.backfill_id = $1
        GROUP BY l.dataset, s.reason ORDER BY partitions DESC, l.dataset, s.reason LIMIT $2
        """, [backfill, mostGroups]),
      PostgresStatement(
        """
        SELECT date_trunc('minute', o.finished_at) AS at, count(*) FILTER (WHERE o.kind = 'completed') AS completed,
          count(*) FILTER (WHERE o.kind = 'failed') AS failed
        FROM queue.outcome o JOIN queue.lane l USING (lane_id)
        WHERE l.backfill_id = $1 AND o.finished_at > (
          SELECT coalesce(b.finished_at, clock_timestamp()) - interval '1 hour' FROM queue.backfill b
          WHERE b.backfill_id = $1)
        GROUP BY 1 ORDER BY 1
        """, [backfill]),
    ])
    return BackfillDetail(
      skipped: try results[0].map { row in
        Skipped(
          dataset: try row.decode("dataset"), first_year: try row.decode("first_year"),
          last_year: try row.decode("last_year"), partitions: try row.decode("partitions"),
          reason: try row.text("reason") ?? "")
      },
      minutes: try results[1].map { row in
        Minute(at: try row.decode("at"), completed: try row.decode("completed"), failed: try row.decode("failed"))
      })
  }
}
