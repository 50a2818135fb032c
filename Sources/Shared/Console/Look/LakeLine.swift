package import Postgres

/// What is current of a partition, with its file.
package struct LakeLine: Encodable, Sendable {
  package var path: String
  package var row_count: Int
  package var byte_count: Int64
  package var sha256: String
  /// `committed` (its name is still to be given), `in_place` or `missing`.
  package var state: String
  package var in_warehouse: Bool

  /// - Parameter dataset: nil for all.
  package static func list(dataset: String?, _ session: some PostgresSession) async throws -> [LakeLine] {
    try await session.query(
      """
      SELECT path, row_count, byte_count, sha256, state, in_warehouse FROM lake.current
      WHERE $1::text IS NULL OR dataset = $1 ORDER BY dataset, data_year, region
      """, [dataset]
    ).map { row in
      LakeLine(
        path: try row.decode("path"), row_count: try row.decode("row_count"), byte_count: try row.decode("byte_count"),
        sha256: try row.decode("sha256"), state: try row.decode("state"), in_warehouse: try row.decode("in_warehouse"))
    }
  }
}
