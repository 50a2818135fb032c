package import Postgres

/// A dataset with figures of counties, and what of it can be drawn.
package struct MappedDataset: Encodable, Sendable {
  package struct Year: Encodable, Sendable {
    package var data_year: Int
    /// That the warehouse shows of it, the newest first: several where its regions were published at several.
    package var vintages: [String]
  }

  package var dataset: String
  package var title: String
  /// The newest first.
  package var years: [Year]

  package static func list(_ connection: PostgresConnection) async throws -> [MappedDataset] {
    let rows = try await connection.query(
      "SELECT dataset, title, data_year, vintages FROM warehouse.map_datasets() ORDER BY dataset, data_year DESC")
    var made: [MappedDataset] = []
    for row in rows {
      let name: String = try row.decode("dataset")
      let year = Year(data_year: try row.decode("data_year"), vintages: try row.decode("vintages"))
      if made.last?.dataset == name {
        made[made.count - 1].years.append(year)
      } else {
        made.append(MappedDataset(dataset: name, title: try row.decode("title"), years: [year]))
      }
    }
    return made
  }
}
