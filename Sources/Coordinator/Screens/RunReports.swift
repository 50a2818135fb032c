import Catalog
import Lineage
import Pipeline
import Quality

/// What `aker run --dry-run --json` prints.
struct PreviewReport: Encodable {
  var dataset: String
  var data_year: Int
  var region: String
  var as_of: String
  var dry_run = true
  var success = true
  var note: String?
  var steps: [StepLines.Line]
  var row_count: Int
  var byte_count: Int
  var sha256: String
  var checks: [CheckLines.Check]
  var drift: [CheckLines.Drift]
  var first_rows: [JSONText]

  init(_ partition: Partition, _ preview: PartitionPreview, _ steps: [StepLines.Line], note: String?) {
    (dataset, data_year, region, as_of) = (partition.dataset, partition.dataYear, partition.region, partition.asOf)
    self.note = note
    self.steps = steps
    (row_count, byte_count, sha256) = (preview.rowCount, preview.byteCount, preview.sha256)
    let lines = CheckLines(preview.validation)
    (checks, drift) = (lines.checks, lines.drift)
    first_rows = preview.firstRows.map(JSONText.init)
  }
}

/// What `aker run --json` prints of a partition whose checks failed.
struct FailedReport: Encodable {
  var dataset: String
  var data_year: Int
  var region: String
  var as_of: String
  var success = false
  var steps: [StepLines.Line]
  var row_count: Int?
  var checks: [CheckLines.Check]
  var drift: [CheckLines.Drift]

  init(_ partition: Partition, _ validation: Validation, _ steps: [StepLines.Line]) {
    (dataset, data_year, region, as_of) = (partition.dataset, partition.dataYear, partition.region, partition.asOf)
    self.steps = steps
    row_count = validation.rowCount
    let lines = CheckLines(validation)
    (checks, drift) = (lines.checks, lines.drift)
  }
}

/// What `aker run --json` prints.
struct RunReport: Encodable {
  var dataset: String
  var data_year: Int
  var region: String
  var as_of: String
  var dry_run = false
  var success = true
  var steps: [StepLines.Line]
  var task_id: Int64
  var publication_id: Int64
  var outcome: PublicationRecord.Outcome
  var row_count: Int
  var byte_count: Int
  var sha256: String
  var lake_path: String
  var is_synthetic: Bool
  var warnings: [String]

  init(_ partition: Partition, _ published: PartitionRun.Published, _ steps: [StepLines.Line]) {
    (dataset, data_year, region, as_of) = (partition.dataset, partition.dataYear, partition.region, partition.asOf)
    self.steps = steps
    (task_id, publication_id, outcome) = (published.taskID, published.publicationID, published.outcome)
    (row_count, byte_count, sha256) = (published.rowCount, published.byteCount, published.sha256)
    (lake_path, is_synthetic, warnings) = (published.lakePath, published.isSynthetic, published.warnings)
  }
}
