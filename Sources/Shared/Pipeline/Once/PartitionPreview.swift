package import Catalog
internal import Engine
internal import FoundationEssentials
internal import Lake
package import Logging
internal import Postgres
package import Quality

/// One partition built and checked, and nothing written: `aker run --dry-run`.
package struct PartitionPreview: Sendable {
  package var sha256: String
  package var byteCount: Int
  package var rowCount: Int { validation.rowCount ?? 0 }
  package var validation: Validation
  /// JSON objects, in the order of the file.
  package var firstRows: [String]
  package var stepSeconds: [String: Double]

  /// How many rows are shown.
  private static let rowLimit = 10

  /// - Throws: what a real run would throw: `ValidationError`, `EngineFailure`, `FetchError`.
  package static func run(
    _ partition: Partition, spec: DatasetSpec, in environment: PipelineEnvironment, logger: Logger,
    observer: StepObserver? = nil
  ) async throws -> PartitionPreview {
    try await environment.withWorkspace { workspace in
      try await environment.withConnectionIfAny { connection in
        var timer = StepTimer(observer)
        let builder = PartitionBuilder(
          engine: environment.engine, lake: environment.lake, workspace: workspace, inputs: environment.inputs,
          logger: logger)
        let built = try await builder.build(partition, spec: spec, staging: "preview", connection, &timer)
        var script = EngineScript()
        script.needsSpatial = spec.hasGeometry
        script.readPaths = [built.localFile]
        script.add(
          "rows",
          "SELECT * FROM read_parquet(\(SQL.literal(built.localFile)), hive_partitioning = false) LIMIT \(rowLimit);")
        return PartitionPreview(
          sha256: built.sha256, byteCount: built.byteCount, validation: built.validation,
          firstRows: try await environment.engine.run(script).texts("rows"), stepSeconds: timer.seconds)
      }
    }
  }
}
