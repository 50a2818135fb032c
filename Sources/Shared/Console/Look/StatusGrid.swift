package import Postgres

/// Dataset × year, with the datasets of which nothing is there yet: what the dashboard's first page shows.
package struct StatusGrid: Encodable, Sendable {
  package struct Row: Encodable, Sendable {
    package var dataset: String
    package var title: String?
    /// Nil for a dataset that the catalog has no more.
    package var first_year: Int?
    package var last_year: Int?
    /// By year, those of which there is something to tell.
    package var cells: [StatusCell]
  }

  /// Which cells; what is nil says nothing.
  package struct Filter: Sendable {
    /// As this backfill alone has it.
    package var backfill: Int64?
    /// As the backfills of this vintage have it, the last one of each year.
    package var asOf: String?
    /// A flow's.
    package var datasets: [String]?

    package init(backfill: Int64? = nil, asOf: String? = nil, datasets: [String]? = nil) {
      self.backfill = backfill
      self.asOf = asOf
      self.datasets = datasets
    }
  }

  package var rows: [Row]
  /// That can be chosen from, the newest first.
  package var vintages: [String]

  private static let mostVintages = 36

  /// - Throws: `Refusal` for a backfill that there is not.
  package static func read(_ filter: Filter, _ connection: PostgresConnection) async throws -> StatusGrid {
    if let backfill = filter.backfill {
      try await TargetTasks.requireExistence(.backfill(backfill, dataset: nil), connection)
    }
    let results = try await connection.pipeline([
      cells(filter),
      PostgresStatement("SELECT name, title, first_year, last_year FROM catalog.dataset ORDER BY name"),
      PostgresStatement("SELECT DISTINCT as_of FROM queue.backfill ORDER BY as_of DESC LIMIT $1", [mostVintages]),
    ])
    var rows: [String: Row] = [:]
    for row in results[1] {
      let name: String = try row.decode("name")
      rows[name] = Row(
        dataset: name, title: try row.text("title"), first_year: try row.decode("first_year"),
        last_year: try row.decode("last_year"), cells: [])
    }
    let isWhole = filter.backfill == nil && filter.asOf == nil
    for row in results[0] {
      let name: String = try row.decode("dataset")
      rows[name, default: Row(dataset: name, cells: [])].cells.append(
        StatusCell(
          dataset: name, data_year: try row.decode("data_year"),
          cell: isWhole ? try GridCell(cell: row) : try GridCell(row)))
    }
    let wanted = filter.datasets.map(Set.init)
    return StatusGrid(
      // Of one backfill or vintage, what it did not ask for is not shown.
      rows: rows.values.filter { row in
        (isWhole || !row.cells.isEmpty) && (wanted?.contains(row.dataset) ?? true)
      }.sorted { $0.dataset < $1.dataset },
      vintages: try results[2].map { try $0.decode("as_of") })
  }

  private static func cells(_ filter: Filter) -> PostgresStatement {
    if filter.backfill == nil, filter.asOf == nil {
      return PostgresStatement("SELECT * FROM queue.cell ORDER BY dataset, data_year")
    }
    return PostgresStatement(
      """
      SELECT DISTINCT ON (g.dataset, g.data_year) g.*,
        l.paused_at IS NOT NULL OR b.paused_at IS NOT NULL AS is_paused, coalesce(w.warned, 0) AS warned
      FROM queue.grid g JOIN queue.lane l USING (backfill_id, dataset) JOIN queue.backfill b USING (backfill_id)
        LEFT JOIN quality.warned_cell w USING (dataset, data_year)
      WHERE ($1::bigint IS NULL OR g.backfill_id = $1) AND ($2::text IS NULL OR b.as_of = $2)
      ORDER BY g.dataset, g.data_year, g.backfill_id DESC
      """, [filter.backfill, filter.asOf])
  }
}
