internal import AppliedCatalog
package import Catalog
internal import Engine
internal import Lake
package import Logging
internal import Postgres

/// A published partition rebuilt from what is kept of it, the raw inputs and the definition, and compared by hash.
package struct Reproduction: Sendable {
  package var partition: Partition
  package var publishedSHA256: String
  package var rebuiltSHA256: String
  package var publishedRowCount: Int
  package var rebuiltRowCount: Int
  /// DuckDB's version then and now: another one may write other bytes for the same rows.
  package var engineVersionThen: String
  package var engineVersionNow: String

  package var isIdentical: Bool { publishedSHA256 == rebuiltSHA256 }

  /// - Parameter asOf: the newest vintage unless told.
  /// - Throws: `PipelineError.notPublished`, `.notReproducible` when an input is gone from the raw cache.
  package static func run(
    dataset: String, dataYear: Int, region: String = "", asOf: String? = nil, in environment: PipelineEnvironment,
    logger: Logger, observer: StepObserver? = nil
  ) async throws -> Reproduction {
    try await environment.withWorkspace { workspace in
      try await environment.pool.withConnection { connection in
        let rows = try await connection.query(
          """
          SELECT p.* FROM lake.manifest m JOIN lineage.publication p USING (publication_id)
          WHERE m.dataset = $1 AND m.data_year = $2 AND m.region = $3 AND m.as_of = coalesce($4, m.as_of)
          ORDER BY m.as_of DESC LIMIT 1
          """, [dataset, dataYear, region, asOf])
        guard let row = rows.first else {
          throw PipelineError.notPublished("\(dataset) \(dataYear)" + (region.isEmpty ? "" : " \(region)"))
        }
        let partition = Partition(
          dataset: dataset, dataYear: dataYear, region: region, asOf: try row.decode("as_of"))
        let spec = try await DefinitionStore().definition(
          dataset: dataset, hash: row.decode("definition_hash"), connection)
        let recorded = try await RecordedInputs.read(
          publicationID: row.decode("publication_id"), cache: environment.documents, connection)
        var timer = StepTimer(observer)
        let builder = PartitionBuilder(
          engine: environment.engine, lake: environment.lake, workspace: workspace, inputs: recorded,
          logger: logger)
        let built = try await builder.build(
          partition, spec: spec, staging: "reproduction", reproducing: row.decode("publication_id"), connection, &timer)
        return Reproduction(
          partition: partition, publishedSHA256: try row.decode("output_sha256"), rebuiltSHA256: built.sha256,
          publishedRowCount: try row.decode("row_count"), rebuiltRowCount: built.rowCount,
          engineVersionThen: try row.decode("engine_version"),
          engineVersionNow: "DuckDB \(environment.engine.duckdb.version)")
      }
    }
  }
}
