package import Catalog
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
      "SELECT dataset_yml, transform_sql FROM catalog.definition WHERE definition_hash = $1 AND dataset = $2",
      [hash, dataset])
    guard let row = rows.first else { throw PipelineError.unknownDefinition(dataset: dataset, hash: hash) }
    let reading = DatasetSpec.read(
      datasetYAML: try row.decode("dataset_yml"), transformSQL: try row.decode("transform_sql"),
      file: "\(dataset)/dataset.yml (\(hash.prefix(12)))")
    guard let spec = reading.spec else { throw DefinitionError(reading.errors) }
    known[hash] = spec
    return spec
  }
}

extension DatasetSpec {
  /// SHA-256 of both files, each preceded by its length and a newline.
  package var definitionHash: String {
    ContentHash.hex(
      of: "\(datasetYAML.utf8.count)\n\(datasetYAML)\(transformSQL.utf8.count)\n\(transformSQL)")
  }
}
