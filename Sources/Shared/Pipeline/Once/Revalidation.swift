internal import AppliedCatalog
internal import Catalog
internal import Engine
internal import FoundationEssentials
internal import Lake
internal import Postgres
package import Quality

/// The checks of today's definition over what is published: `aker validate`.
package enum Revalidation {
  /// Validates each partition of the dataset, newest vintage, and stores the results.
  /// - Parameter years: all unless told.
  package static func run(
    dataset: String, years: [Int]? = nil, in environment: PipelineEnvironment
  ) async throws -> [Validation] {
    try await environment.withWorkspace { workspace in
      try await environment.pool.withConnection { connection in
        let rows = try await connection.query(
          """
          SELECT c.data_year, c.region, c.as_of, c.path, c.sha256, d.definition_hash
          FROM lake.current c JOIN catalog.dataset d ON d.name = c.dataset
          WHERE c.dataset = $1 AND (cardinality($2::int[]) = 0 OR c.data_year = ANY ($2::int[]))
          ORDER BY c.data_year, c.region
          """, [dataset, years ?? []])
        if rows.isEmpty { throw PipelineError.notPublished(dataset) }
        let definitions = DefinitionStore()
        let scratch = try await workspace.prepareStaging("validation")
        var validations: [Validation] = []
        for row in rows {
          let spec = try await definitions.definition(dataset: dataset, hash: row.decode("definition_hash"), connection)
          let partition = Partition(
            dataset: dataset, dataYear: try row.decode("data_year"), region: try row.decode("region"),
            asOf: try row.decode("as_of"))
          let file = try await environment.lake.publishedFile(
            row.decode("path"), sha256: row.decode("sha256"), scratch: scratch)
          let validation = try await BuildRun(
            spec: spec, partition: partition, fetched: [],
            upstreams: try await UpstreamPartition.read(
              for: partition, spec, lake: environment.lake, scratch: scratch, connection),
            engine: environment.engine.spilling(into: scratch), file: file,
            context: try await PartitionBuilder.comparison(for: partition, spec, connection)
          ).checkAgain()
          try await connection.execute(
            "SELECT quality.record_validation($1::jsonb)",
            [try validation.recordJSON(taskID: nil, leaseToken: nil)])
          validations.append(validation)
        }
        return validations
      }
    }
  }
}
