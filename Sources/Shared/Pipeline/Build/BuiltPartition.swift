package import Catalog
package import FoundationEssentials
package import Lineage
package import Quality

/// A partition that was built and passed its checks, staged and not yet published.
package struct BuiltPartition: Sendable {
  package var partition: Partition
  package var spec: DatasetSpec
  package var definitionHash: String
  package var startedAt: Date
  /// The staging folder, relative to the lake.
  package var staging: String
  /// The Parquet file on this host.
  package var localFile: String
  /// The same rows as COPY reads them, where they are few.
  package var rowsFile: String?
  package var sha256: String
  package var byteCount: Int
  package var validation: Validation
  package var inputs: [LineageInput]

  package var rowCount: Int { validation.rowCount ?? 0 }
}
