package import Postgres

/// A year of a dataset: what the data is, and what the last work on it does or did, as `queue.cell` says it.
package struct StatusCell: Encodable, Sendable {
  package var dataset: String
  package var data_year: Int
  package var cell: GridCell

  package static func list(_ session: some PostgresSession) async throws -> [StatusCell] {
    try await session.query(
      "SELECT * FROM queue.cell ORDER BY dataset, data_year"
    ).map { row in
      StatusCell(
        dataset: try row.decode("dataset"), data_year: try row.decode("data_year"), cell: try GridCell(cell: row))
    }
  }

  private enum CodingKeys: CodingKey {
    case dataset, data_year, state, data, work, data_sign, work_sign, total, completed, failed, cancelled, running,
      blocked, paused, warned
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(dataset, forKey: .dataset)
    try container.encode(data_year, forKey: .data_year)
    try container.encode(cell.state.rawValue, forKey: .state)
    try container.encode(cell.data.rawValue, forKey: .data)
    try container.encodeIfPresent(cell.work?.rawValue, forKey: .work)
    try container.encode(String(cell.data.sign), forKey: .data_sign)
    try container.encodeIfPresent(cell.work.map { String($0.sign) }, forKey: .work_sign)
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
