/// One attempt at one partition, as OpenLineage sees it: a run of a job.
package struct OpenLineageRun: Sendable {
  package struct Output: Sendable {
    package var version: String
    package var rowCount: Int
    package var byteCount: Int
    package var lake: String
    package var path: String
    package var fields: [(name: String, type: String, description: String)]
    package var assertions: [(name: String, success: Bool, column: String?)]

    package init(
      version: String, rowCount: Int, byteCount: Int, lake: String, path: String,
      fields: [(name: String, type: String, description: String)],
      assertions: [(name: String, success: Bool, column: String?)]
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
