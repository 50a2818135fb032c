internal import Catalog
internal import Engine
internal import Lake
internal import Lineage
internal import Postgres

/// A partition of another dataset that a transform reads, as `published.<dataset>`.
struct UpstreamPartition {
  var dataset: String
  var file: String
  var publicationID: Int64
  var sha256: String
  var byteCount: Int64
  var isSynthetic: Bool

  /// The newest vintage of each dataset that the definition depends on, for the same year: the same region where both
  /// are split by it, all regions where only the other one is. Of the dataset itself, where it reads what it published
  /// before, every partition.
  ///
  /// Of a dataset that only checks compare with, what there is.
  ///
  /// - Parameter recorded: a publication: what it read then, rather than what is newest.
  static func read(
    for partition: Partition, _ spec: DatasetSpec, lake: any LakeStore, scratch: String, recorded: Int64? = nil,
    _ connection: PostgresConnection?
  ) async throws -> [UpstreamPartition] {
    if spec.dependsOn.isEmpty && spec.comparedDatasets.isEmpty && !spec.readsItself { return [] }
    guard let connection else {
      // A preview without a database: nothing was published before.
      if spec.dependsOn.isEmpty { return [] }
      throw PipelineError.upstreamNeedsDatabase(partition: partition.description, datasets: spec.dependsOn)
    }
    if let recorded { return try await read(recorded, lake, scratch, connection) }
    // Published anew in between, the manifest and the file are of two publications: what is so again is no such moment.
    var before: LakeFileError?
    while true {
      try await settle(partition, spec, lake, connection)
      do {
        return try await newest(for: partition, spec, lake, scratch, connection)
      } catch let error as LakeFileError where error != before {
        before = error
      }
    }
  }

  private static func newest(
    for partition: Partition, _ spec: DatasetSpec, _ lake: any LakeStore, _ scratch: String,
    _ connection: PostgresConnection
  ) async throws -> [UpstreamPartition] {
    var found: [UpstreamPartition] = []
    for dataset in spec.dependsOn + spec.comparedDatasets {
      let rows = try await connection.query(
        """
        SELECT c.dataset, c.path, c.publication_id, c.sha256, c.byte_count, p.is_synthetic
        FROM lake.current c JOIN lineage.publication p USING (publication_id)
        WHERE c.dataset = $1 AND c.data_year = $2 AND (c.region = '' OR $3 = '' OR c.region = $3) ORDER BY c.region
        """, [dataset, partition.dataYear, partition.region])
      if rows.isEmpty && spec.dependsOn.contains(dataset) {
        throw PipelineError.missingUpstream(partition: partition.description, dataset: dataset)
      }
      for row in rows { found.append(try await UpstreamPartition(row, lake, scratch)) }
    }
    if spec.readsItself {
      let rows = try await connection.query(
        """
        SELECT c.dataset, c.path, c.publication_id, c.sha256, c.byte_count, p.is_synthetic
        FROM lake.current c JOIN lineage.publication p USING (publication_id)
        WHERE c.dataset = $1 ORDER BY c.data_year, c.region
        """, [spec.name])
      for row in rows { found.append(try await UpstreamPartition(row, lake, scratch)) }
    }
    return found
  }

  /// A publication commits, and then its file gets its name: until it has, what is there by that name is of the publication
  /// before. Waits for those that have committed by now, and finishes what a worker that is gone or hangs left.
  private static func settle(
    _ partition: Partition, _ spec: DatasetSpec, _ lake: any LakeStore, _ connection: PostgresConnection
  ) async throws {
    let rows = try await connection.query(
      """
      SELECT publication_id FROM lake.manifest
      WHERE state = 'committed' AND (dataset = ANY ($1) AND data_year = $2 OR dataset = $3)
      """,
      [
        spec.dependsOn + spec.comparedDatasets, partition.dataYear, spec.readsItself ? spec.name : nil,
      ])
    if rows.isEmpty { return }
    let publications = try rows.map { try $0.decode("publication_id", as: Int64.self) }
    for _ in 0..<placingPatience {
      let waiting = try await connection.query(
        "SELECT FROM lake.manifest WHERE state = 'committed' AND publication_id = ANY ($1) LIMIT 1", [publications])
      if waiting.isEmpty { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    _ = try await LakeRepair(lake).finishCommitted(connection)
  }

  /// A second in all, where a rename takes milliseconds and a copy in S3 a tenth of a second.
  private static let placingPatience = 50

  /// What a publication read, where the lake still has it as it was.
  private static func read(
    _ publicationID: Int64, _ lake: any LakeStore, _ scratch: String, _ connection: PostgresConnection
  ) async throws -> [UpstreamPartition] {
    let rows = try await connection.query(
      """
      SELECT i.request_name AS dataset, p.lake_path AS path, p.publication_id, p.output_sha256 AS sha256, p.byte_count, p.is_synthetic,
        EXISTS (SELECT FROM lake.manifest m WHERE m.path = p.lake_path AND m.sha256 = p.output_sha256) AS is_kept
      FROM lineage.input i LEFT JOIN lineage.publication p ON p.publication_id = i.input_publication_id
      WHERE i.publication_id = $1 AND i.kind = 'dataset' ORDER BY i.ordinal
      """, [publicationID])
    var found: [UpstreamPartition] = []
    for row in rows {
      guard try row.decode("is_kept", as: Bool.self) else {
        throw PipelineError.notReproducible(
          "\(try row.text("path") ?? "its input of \(try row.text("dataset") ?? "")") was published anew since, or removed: "
            + "the lake keeps one file for each vintage")
      }
      found.append(try await UpstreamPartition(row, lake, scratch))
    }
    return found
  }

  private init(_ row: PostgresRow, _ lake: any LakeStore, _ scratch: String) async throws {
    dataset = try row.decode("dataset")
    file = try await lake.publishedFile(row.decode("path"), sha256: row.decode("sha256"), scratch: scratch)
    publicationID = try row.decode("publication_id")
    sha256 = try row.decode("sha256")
    byteCount = try row.decode("byte_count")
    isSynthetic = try row.decode("is_synthetic")
  }

  var lineage: LineageInput {
    LineageInput(
      requestName: dataset, origin: .dataset(name: dataset, publicationID: publicationID), sha256: sha256,
      byteCount: byteCount, isSynthetic: isSynthetic)
  }
}
