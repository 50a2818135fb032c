package import Postgres

/// A year of a dataset, by its last backfill, or by what is published where no task is kept.
package struct StatusCell: Encodable, Sendable {
  package var dataset: String
  package var data_year: Int
  package var cell: GridCell

  package static func list(_ session: some PostgresSession) async throws -> [StatusCell] {
    try await session.query(
      """
      SELECT DISTINCT ON (dataset, data_year) dataset, data_year, total, completed, failed, cancelled, running, blocked,
        is_paused, coalesce(w.warned, 0) AS warned
      FROM (
        SELECT g.dataset, g.data_year, g.total, g.completed, g.failed, g.cancelled, g.running, g.blocked,
          l.paused_at IS NOT NULL OR b.paused_at IS NOT NULL AS is_paused, g.backfill_id
        FROM queue.grid g JOIN queue.lane l USING (backfill_id, dataset) JOIN queue.backfill b USING (backfill_id)
        UNION ALL
        SELECT dataset, data_year, count(*), count(*), 0, 0, 0, 0, false, 0 FROM lake.current GROUP BY dataset, data_year
      ) known LEFT JOIN quality.warned_cell w USING (dataset, data_year) ORDER BY dataset, data_year, backfill_id DESC
      """
    ).map { row in
      StatusCell(
        dataset: try row.decode("dataset"), data_year: try row.decode("data_year"), cell: try GridCell(row))
    }
  }

  private enum CodingKeys: CodingKey {
    case dataset, data_year, state, total, completed, failed, cancelled, running, blocked, paused, warned
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(dataset, forKey: .dataset)
    try container.encode(data_year, forKey: .data_year)
    try container.encode(cell.state.rawValue, forKey: .state)
    try container.encode(cell.total, forKey: .total)
    try container.encode(cell.completed, forKey: .completed)
    try container.encode(cell.failed, forKey: .failed)
    try container.encode(cell.cancelled, forKey: .cancelled)
    try container.encode(cell.running, forKey: .running)
    try container.encode(cell.blocked, forKey: .blocked)
    try container.encode(cell.paused, forKey: .paused)
    try container.encode(cell.warned, forKey: .warned)
  }
}

/// A line of the queue on one screen: workers, open backfills, what is paused or cooling down.
package struct OverviewLine: Encodable, Sendable {
  package var item: String
  package var value: String
  package var detail: String?

  package static func list(_ session: some PostgresSession) async throws -> [OverviewLine] {
    try await session.query("SELECT item, value, detail FROM queue.overview").map { row in
      OverviewLine(item: try row.decode("item"), value: try row.decode("value"), detail: try row.text("detail"))
    }
  }
}
