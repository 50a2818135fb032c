package import Lineage

/// One attempt at one partition, as OpenLineage sees it: a run of a job.
package struct OpenLineageRun: Sendable {
  /// An input column that a column is made of.
  package struct FieldSource: Sendable {
    /// Nil for a published dataset.
    package var sourceID: String?
    /// The request, or the dataset.
    package var name: String
    package var column: String

    package init(sourceID: String?, name: String, column: String) {
      self.sourceID = sourceID
      self.name = name
      self.column = column
    }
  }

  package struct Field: Sendable {
    package var name: String
    package var type: String
    package var description: String
    package var sources: [FieldSource]

    package init(name: String, type: String, description: String, sources: [FieldSource]) {
      self.name = name
      self.type = type
      self.description = description
      self.sources = sources
    }
  }

  package struct Assertion: Sendable {
    package var name: String
    package var success: Bool
    package var column: String?
    package var isFatal: Bool

    package init(name: String, success: Bool, column: String?, isFatal: Bool) {
      self.name = name
      self.success = success
      self.column = column
      self.isFatal = isFatal
    }
  }

  package struct Output: Sendable {
    package var version: String
    package var rowCount: Int
    package var byteCount: Int
    package var lake: String
    package var path: String
    package var fields: [Field]
    package var assertions: [Assertion]

    package init(
      version: String, rowCount: Int, byteCount: Int, lake: String, path: String, fields: [Field],
      assertions: [Assertion]
    ) {
      self.version = version
      self.rowCount = rowCount
      self.byteCount = byteCount
      self.lake = lake
      self.path = path
      self.fields = fields
      self.assertions = assertions
    }
  }

  package var taskID: Int64
  package var leaseToken: Int64
  package var backfillID: Int64?
  package var dataset: String
  package var dataYear: Int
  package var region: String
  package var asOf: String
  package var codeVersion: String
  package var inputs: [LineageInput] = []
  package var output: Output?
  package var errorMessage: String?

  package init(
    taskID: Int64, leaseToken: Int64, backfillID: Int64?, dataset: String, dataYear: Int, region: String, asOf: String,
    codeVersion: String
  ) {
    self.taskID = taskID
    self.leaseToken = leaseToken
    self.backfillID = backfillID
    self.dataset = dataset
    self.dataYear = dataYear
    self.region = region
    self.asOf = asOf
    self.codeVersion = codeVersion
  }
}
