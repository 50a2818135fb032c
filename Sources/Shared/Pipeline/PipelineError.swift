package import Base

/// What the pipeline itself refuses.
package enum PipelineError: ClassifiedError, Equatable {
  case notPublished(String)
  case missingUpstream(partition: String, dataset: String)
  case missingExtension(dataset: String, name: String)
  case notReproducible(String)
  /// Other bytes came out than a publication had.
  case notRestorable(publicationID: Int64, reason: String)
  /// A file that was published is not in the lake.
  case missingFile(String)
  /// What a command had prepared no longer fits: the partition was published or withdrawn since.
  case changedMeanwhile(String)
  case noDatabase
  case upstreamNeedsDatabase(partition: String, datasets: [String])
  case notEnqueued(partition: String, reason: String)
  /// Rows of the documents by the preparation's count, and by DuckDB's.
  case miscounted(partition: String, request: String, expected: Int, read: Int)
  case tooManyRows(partition: String, request: String, limit: Int)

  package var errorClass: ErrorClass {
    switch self {
    case .missingUpstream: .transient
    case .miscounted: .data
    case .noDatabase, .upstreamNeedsDatabase, .notEnqueued, .changedMeanwhile: .transient
    default: .permanent
    }
  }

  package var exitStatus: ExitStatus {
    switch self {
    case .notPublished: .usage
    case .tooManyRows, .miscounted: .data
    case .missingExtension, .noDatabase, .upstreamNeedsDatabase: .unavailable
    case .missingUpstream, .notEnqueued, .changedMeanwhile: .transient
    case .notReproducible, .notRestorable, .missingFile: .unsuccessful
    }
  }

  package var summary: String {
    switch self {
    case .notPublished(let partition): "\(partition) has not been published"
    case .missingUpstream(let partition, let dataset):
      "\(partition) reads \(dataset), whose partition is not in the lake"
    case .missingExtension(let dataset, let name): "\(dataset) needs DuckDB's extension \(name), which is not installed"
    case .notReproducible(let reason): "it cannot be rebuilt from what is kept: \(reason)"
    case .notRestorable(let id, let reason): "publication \(id) cannot be restored exactly: \(reason)"
    case .missingFile(let path): "\(path) is not in the lake as it was published"
    case .changedMeanwhile(let partition): "\(partition) was changed by somebody else meanwhile; nothing was done"
    case .noDatabase: "this needs the database"
    case .upstreamNeedsDatabase(let partition, let datasets):
      "\(partition) reads \(datasets.joined(separator: " and ")), and without the database it is not known where it is"
    case .miscounted(let partition, let request, let expected, let read):
      "\(partition): request '\(request)' has \(expected.counted("row")) in its documents, of which \(read) were read"
    case .tooManyRows(let partition, let request, let limit):
      "\(partition): request '\(request)' selects more than \(limit.counted("row")), each of which would be asked for by itself"
    case .notEnqueued(let partition, let reason): "\(partition) cannot be built now: \(reason)"
    }
  }

  package var advice: String? {
    switch self {
    case .notReproducible: nil
    case .miscounted:
      "Nothing was published. Keep the documents (aker task names them), and report it: this is a fault of the reader."
    case .notRestorable: "Its documents by today's definition: the same command with --with-current-definition."
    case .missingFile: "aker lake repair --verify says how it is rebuilt."
    case .changedMeanwhile: "aker lake history shows what it is now; then the same command again."
    case .noDatabase: "aker doctor says what is missing."
    case .upstreamNeedsDatabase: "Start it (aker database start), or set AKER_POSTGIS_DSN."
    case .tooManyRows: "Upload them in groups (upload), or take a part each time (LIMIT in its SQL)."
    case .notEnqueued: "aker status shows what is under way."
    case .notPublished: "Run aker backfill for it."
    case .missingUpstream(_, let dataset): "Backfill \(dataset) for the same year first, or run aker lake repair."
    case .missingExtension: "Run scripts/setup, which installs it into .aker/tools."
    }
  }
}
