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
  /// are split by it, all regions where only the other one is.
  static func read(
    for partition: Partition, _ spec: DatasetSpec, lake: any LakeStore, scratch: String,
    _ connection: PostgresConnection?
  ) async throws -> [UpstreamPartition] {
    if spec.dependsOn.isEmpty { return [] }
    guard let connection else {
      throw PipelineError.upstreamNeedsDatabase(partition: partition.description, datasets: spec.dependsOn)
    }
    var found: [UpstreamPartition] = []
    for dataset in spec.dependsOn {
      let rows = try await connection.query(
        """
        SELECT c.path, c.publication_id, c.sha256, c.byte_count, p.is_synthetic
        FROM lake.current c JOIN lineage.publication p USING (publication_id)
        WHERE c.dataset = $1 AND c.data_year = $2 AND (c.region = '' OR $3 = '' OR c.region = $3) ORDER BY c.region
        """, [dataset, partition.dataYear, partition.region])
      for row in rows {
        let path: String = try row.decode("path")
        guard let file = try await lake.localFile(path, scratch: scratch) else {
          throw PipelineError.missingUpstream(partition: partition.description, dataset: dataset)
        }
        found.append(
          UpstreamPartition(
            dataset: dataset, file: file, publicationID: try row.decode("publication_id"),
            sha256: try row.decode("sha256"), byteCount: try row.decode("byte_count"),
            isSynthetic: try row.decode("is_synthetic")))
      }
      if rows.isEmpty { throw PipelineError.missingUpstream(partition: partition.description, dataset: dataset) }
    }
    return found
  }

  var lineage: LineageInput {
    LineageInput(
      requestName: dataset, origin: .dataset(name: dataset, publicationID: publicationID), sha256: sha256,
      byteCount: byteCount, isSynthetic: isSynthetic)
  }
}
