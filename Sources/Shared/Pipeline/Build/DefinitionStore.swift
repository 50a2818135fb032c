package import Catalog
internal import FoundationEssentials
internal import Lake
package import Postgres

/// Definitions by hash, read from the database once per process: they never change.
package actor DefinitionStore {
  private var known: [String: DatasetSpec] = [:]

  package init() {}

  /// - Throws: `PipelineError.unknownDefinition`; `DefinitionError` for one that this version cannot read.
  package func definition(
    dataset: String, hash: String, _ connection: PostgresConnection
  ) async throws -> DatasetSpec {
    if let spec = known[hash] { return spec }
    let rows = try await connection.query(
      "SELECT dataset_yml, transform_sql, rows_sql FROM catalog.definition WHERE definition_hash = $1 AND dataset = $2",
      [hash, dataset])
    guard let row = rows.first else { throw PipelineError.unknownDefinition(dataset: dataset, hash: hash) }
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

extension DatasetSpec {
  /// SHA-256 of both files, each preceded by its length and a newline; then of the further SQL files in the order of their
  /// names, each preceded by that and its length.
  package var definitionHash: String {
    ContentHash.hex(
      of: "\(datasetYAML.utf8.count)\n\(datasetYAML)\(transformSQL.utf8.count)\n\(transformSQL)"
        + otherSQL.sorted { $0.key < $1.key }.map { "\($0)\n\($1.utf8.count)\n\($1)" }.joined())
  }
}
