package import Postgres

/// What is published all the same: a check of severity warn that failed, a column that came undeclared.
package struct WarningLine: Encodable, Sendable {
  package var dataset: String
  package var data_year: Int
  package var region: String
  package var as_of: String
  package var what: String
  package var column_name: String?
  package var message: String?

  /// Such as `market_jobs 2021 39049`.
  package var partition: String { "\(dataset) \(data_year)" + (region.isEmpty ? "" : " \(region)") }

  /// Of the vintages that are current.
  ///
  /// - Throws: `Refusal` for a dataset that does not exist.
  package static func list(
    dataset: String?, year: Int?, limit: Int, _ connection: PostgresConnection
  ) async throws -> [WarningLine] {
    if let dataset { try await TargetTasks.requireExistence(.dataset(dataset), connection) }
    return try await connection.query(
      """
      SELECT dataset, data_year, region, as_of, what, column_name, message FROM quality.warning
      WHERE ($1::text IS NULL OR dataset = $1) AND ($2::int IS NULL OR data_year = $2)
      ORDER BY dataset, data_year DESC, region, what, column_name, message LIMIT $3
      """, [dataset, year, limit]
    ).map { row in
      WarningLine(
        dataset: try row.decode("dataset"), data_year: try row.decode("data_year"),
        region: try row.text("region") ?? "", as_of: try row.decode("as_of"), what: try row.decode("what"),
        column_name: try row.text("column_name"), message: try row.text("message"))
    }
  }
}
