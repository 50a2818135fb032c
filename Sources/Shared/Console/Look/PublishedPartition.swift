package import Postgres

/// What is published, asked by partition.
package struct PublishedPartition: Sendable {
  package var dataset: String
  package var year: Int
  package var region: String

  package init(dataset: String, year: Int, region: String) {
    self.dataset = dataset
    self.year = year
    self.region = region
  }

  /// Datasets of which anything is published, by name.
  package static func datasets(_ session: some PostgresSession) async throws -> [String] {
    try await session.query("SELECT DISTINCT dataset FROM lake.current ORDER BY dataset")
      .map { try $0.decode("dataset") }
  }

  /// Regions of the year that were ever published; an empty one is a dataset that is not split.
  package func regions(_ session: some PostgresSession) async throws -> [String] {
    try await session.query(
      "SELECT DISTINCT region FROM lineage.publication WHERE dataset = $1 AND data_year = $2 ORDER BY 1",
      [dataset, year]
    ).map { try $0.decode("region") }
  }

  /// Those that the lake keeps, the newest first.
  package func vintages(_ session: some PostgresSession) async throws -> [String] {
    try await session.query(
      "SELECT as_of FROM lake.manifest WHERE dataset = $1 AND data_year = $2 AND region = $3 ORDER BY as_of DESC",
      [dataset, year, region]
    ).map { try $0.decode("as_of") }
  }

  /// Every publication, the newest first.
  package func history(_ session: some PostgresSession) async throws -> [PublicationLine] {
    try await session.query(PublicationLine.sql, [dataset, year, region]).map { try PublicationLine($0) }
  }
}
