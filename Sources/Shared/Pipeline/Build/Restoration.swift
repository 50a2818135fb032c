internal import AppliedCatalog
internal import Base
internal import Catalog
internal import Engine
internal import FoundationEssentials
internal import Lake
internal import Lineage
internal import Logging
internal import Postgres
internal import Quality

/// What a publication published, made again to the byte: from its file where the lake keeps that, else from its documents
/// by the definition of then.
struct Restoration {
  let publicationID: Int64
  let builder: PartitionBuilder
  let definitions: DefinitionStore
  let engineVersion: String

  /// - Parameter partition: as which it is to be published; its vintage may be another than that of then.
  /// - Throws: `PipelineError.notRestorable` where other bytes came out, or something is no longer kept.
  func build(
    _ partition: Partition, staging: String, _ connection: PostgresConnection, _ timer: inout StepTimer
  ) async throws -> BuiltPartition {
    let row = try await connection.one("SELECT * FROM lake.publication_file($1)", [publicationID])
    let spec = try await definitions.definition(
      dataset: partition.dataset, hash: row.decode("definition_hash"), connection)
    let sha256: String = try row.decode("output_sha256")
    if try row.decode("is_kept") {
      let kept = try await timer.time(.fetch, detail: { $0 == nil ? "its file is not kept" : "its file in the lake" }) {
        try await fromFile(row, spec, partition, staging, connection)
      }
      if let kept { return kept }
    }
    var then = partition
    then.asOf = try row.decode("as_of")
    var built = try await builder.build(
      then, spec: spec, staging: staging, reproducing: publicationID, connection, &timer)
    guard built.sha256 == sha256 else {
      throw PipelineError.notRestorable(
        publicationID: publicationID,
        reason:
          "its documents and its definition give another file now (\(try row.decode("engine_version", as: String.self)) "
          + "then, \(engineVersion) now)")
    }
    built.partition = partition
    // They carry the vintage of then.
    if then.asOf != partition.asOf { built.rowsFile = nil }
    return built
  }

  private func fromFile(
    _ row: PostgresRow, _ spec: DatasetSpec, _ partition: Partition, _ staging: String,
    _ connection: PostgresConnection
  ) async throws -> BuiltPartition? {
    let startedAt = Date()
    let folder = try await builder.workspace.prepareStaging(staging)
    guard let kept = try await builder.lake.localFile(row.decode("lake_path"), scratch: folder + "/kept") else {
      return nil
    }
    // A copy, and not the link: what takes the place of one must not be the other.
    let file = "\(folder)/\(spec.name).parquet"
    try FileCopy.make(of: kept, at: file)
    let content = try await SHA256.hash(ofFile: file)
    guard try content.sha256 == row.decode("output_sha256", as: String.self) else { return nil }
    // Compared with other datasets it was then; what they are now says nothing of it.
    var own = spec
    own.checks = spec.checks.filter { $0.dataset == nil }
    let validation = try await BuildRun(
      spec: own, partition: partition, fetched: [], upstreams: [], engine: builder.engine.spilling(into: folder),
      file: file, context: CheckContext()
    ).checkAgain()
    try ReportFiles.write(ValidationReport(validation, validatedAt: Date()), into: folder)
    return BuiltPartition(
      partition: partition, spec: spec, definitionHash: spec.definitionHash, startedAt: startedAt, staging: staging,
      localFile: file, rowsFile: nil, sha256: content.sha256, byteCount: content.byteCount, validation: validation,
      inputs: try await LineageInput.read(publicationID: publicationID, connection))
  }
}

extension LineageInput {
  /// What a publication was made from, as lineage has it.
  static func read(publicationID: Int64, _ connection: PostgresConnection) async throws -> [LineageInput] {
    let rows = try await connection.query(
      "SELECT * FROM lineage.input WHERE publication_id = $1 ORDER BY ordinal", [publicationID])
    return try rows.map { row in
      let name: String = try row.decode("request_name")
      let origin: Origin
      if let source = try row.text("source_id") {
        origin = .source(
          id: source, url: try row.text("url") ?? "", fetchedAt: try row.decode("fetched_at"),
          status: try row.decode("status", as: Int?.self) ?? 0, cacheHit: true)
      } else {
        origin = .dataset(name: name, publicationID: try row.decode("input_publication_id"))
      }
      let parameters = try row.text("parameters").map {
        try JSONDecoder().decode([String: String].self, from: Data($0.utf8))
      }
      return LineageInput(
        requestName: name, origin: origin, sha256: try row.text("sha256"), byteCount: try row.decode("byte_count"),
        isSynthetic: try row.decode("synthetic"), parameters: parameters ?? [:], note: try row.text("note"))
    }
  }
}
