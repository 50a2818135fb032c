package import Catalog
internal import FoundationEssentials
package import Postgres

/// Definitions by hash, read from the database once per process: they never change.
package actor DefinitionStore {
  private var known: [String: DatasetSpec] = [:]

  package init() {}

  /// - Throws: `CatalogError.unknownDefinition`; `DefinitionError` for one that this version cannot read.
  package func definition(
    dataset: String, hash: String, _ connection: PostgresConnection
  ) async throws -> DatasetSpec {
    if let spec = known[hash] { return spec }
    let rows = try await connection.query(
      "SELECT dataset_yml, transform_sql, rows_sql FROM catalog.definition WHERE definition_hash = $1 AND dataset = $2",
      [hash, dataset])
    guard let row = rows.first else { throw CatalogError.unknownDefinition(dataset: dataset, hash: hash) }
    let reading = DatasetSpec.read(
      datasetYAML: try row.decode("dataset_yml"), transformSQL: try row.decode("transform_sql"),
      otherSQL: try JSONDecoder().decode(
        [String: String].self, from: Data(row.decode("rows_sql", as: String.self).utf8)),
      file: "\(dataset)/dataset.yml (\(hash.prefix(12)))")
    guard let spec = reading.spec else { throw DefinitionError(reading.errors) }
    known[hash] = spec
    return spec
  }
}
