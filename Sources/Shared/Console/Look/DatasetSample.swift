package import Postgres

/// Some rows of what the warehouse has of a dataset: of its newest year.
package struct DatasetSample: Encodable, Sendable {
  package var dataset: String
  /// Nil where nothing of it is in the warehouse.
  package var data_year: Int?
  package var region: String?
  package var columns: [QuestionAnswer.Column]
  /// Values as Postgres writes them, cut at a hundred characters; NULL is nil.
  package var rows: [[String?]]

  private static let rowCount = 10
  private static let valueLength = 100

  /// - Throws: `Refusal` for a dataset that the database does not know.
  package static func read(_ name: String, _ connection: PostgresConnection) async throws -> DatasetSample {
    let results = try await connection.pipeline([
      PostgresStatement("SELECT is_split FROM catalog.dataset WHERE name = $1", [name]),
      PostgresStatement(
        """
        SELECT data_year, region FROM warehouse.partition WHERE dataset = $1 AND row_count > 0
        ORDER BY data_year DESC, region LIMIT 1
        """, [name]),
      PostgresStatement(
        """
        SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type,
          format('left(%I::text, %s)', a.attname, $2::integer) AS shown, format('public.%I', $1::text) AS table_name
        FROM pg_attribute a
        WHERE a.attrelid = to_regclass(format('public.%I', $1::text)) AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum
        """, [name, valueLength]),
    ])
    guard let dataset = results[0].first else { throw Refusal.noDataset(name) }
    var sample = DatasetSample(
      dataset: name, columns: try results[2].map { .init(name: try $0.decode("name"), type: try $0.decode("type")) },
      rows: [])
    guard let newest = results[1].first, let table = try results[2].first?.text("table_name") else { return sample }
    sample.data_year = try newest.decode("data_year")
    sample.region = try newest.text("region").flatMap { $0.isEmpty ? nil : $0 }
    let shown = try results[2].compactMap { try $0.text("shown") }.joined(separator: ", ")
    let isSplit: Bool = try dataset.decode("is_split")
    let rows = try await connection.query(
      """
      SELECT \(shown) FROM \(table) WHERE data_year = $1 AND ($2::text IS NULL\(isSplit ? " OR region = $2" : "")) LIMIT $3
      """, [sample.data_year, isSplit ? sample.region : nil, rowCount])
    sample.rows = rows.map { row in sample.columns.indices.map { row.text($0) } }
    return sample
  }
}

extension Refusal {
  static func noDataset(_ name: String) -> Refusal {
    Refusal(
      .missing, "there is no dataset '\(name)'",
      advice: "aker catalog ls lists them; aker catalog apply makes them known.")
  }
}
