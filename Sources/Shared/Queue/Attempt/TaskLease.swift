package import FoundationEssentials
package import Logging
package import Postgres

/// One worker's time-limited claim on one task: what to build, and the token that fences all that the attempt writes.
package struct TaskLease: Sendable, Equatable {
  package let taskID: Int64
  /// From one ever-growing sequence. It names the attempt and fences it: see docs/queue.md.
  package let leaseToken: Int64
  /// Counts from 1; a try that was given back (released, throttled, worker lost) is not counted.
  package let attemptNumber: Int
  package let maxAttempts: Int
  package let backfillID: Int64
  package let dataset: String
  package let dataYear: Int
  /// Empty where the dataset is not split by region.
  package let region: String
  /// The vintage to publish, `YYYY-MM`.
  package let asOf: String
  /// Which definition to run, in `catalog.definition`.
  package let definitionHash: String
  /// The sources the dataset asks, the primary first.
  package let sourceIDs: [String]
  /// Both by the database's clock: use their difference, not this host's time of day.
  package let startedAt: Date
  package let deadline: Date

  package var attemptID: Int64 { leaseToken }

  /// How long the attempt may run, to the millisecond.
  package var timeLimit: Duration { .milliseconds((deadline.timeIntervalSince(startedAt) * 1000).rounded()) }

  /// `market_income 2021` or `amenities 2021 TX`: how messages call the partition.
  package var partitionName: String { "\(dataset) \(dataYear)" + (region.isEmpty ? "" : " \(region)") }

  package init(
    taskID: Int64, leaseToken: Int64, attemptNumber: Int, maxAttempts: Int, backfillID: Int64, dataset: String,
    dataYear: Int, region: String, asOf: String, definitionHash: String, sourceIDs: [String], startedAt: Date,
    deadline: Date
  ) {
    self.taskID = taskID
    self.leaseToken = leaseToken
    self.attemptNumber = attemptNumber
    self.maxAttempts = maxAttempts
    self.backfillID = backfillID
    self.dataset = dataset
    self.dataYear = dataYear
    self.region = region
    self.asOf = asOf
    self.definitionHash = definitionHash
    self.sourceIDs = sourceIDs
    self.startedAt = startedAt
    self.deadline = deadline
  }

  /// What every log line about the attempt carries.
  package var logMetadata: Logger.Metadata {
    ["partition": "\(partitionName)", "task": "\(taskID)", "attempt": "\(leaseToken)"]
  }

  /// A row of `queue.claim`.
  package init(_ row: PostgresRow) throws {
    var times = Times()
    try self.init(row, &times)
  }

  /// The tasks of one claim started at one time: a row's times are parsed only where they differ from the last row's.
  struct Times {
    fileprivate var started: (text: String, date: Date)?
    fileprivate var deadline: (text: String, date: Date)?

    fileprivate static func date(_ row: PostgresRow, _ column: String, _ last: inout (text: String, date: Date)?) throws
      -> Date
    {
      let text: String = try row.decode(column)
      if let last, last.text == text { return last.date }
      let date: Date = try row.decode(column)
      last = (text, date)
      return date
    }
  }

  init(_ row: PostgresRow, _ times: inout Times) throws {
    try self.init(
      taskID: row.decode("task_id"), leaseToken: row.decode("lease_token"), attemptNumber: row.decode("attempt_number"),
      maxAttempts: row.decode("max_attempts"), backfillID: row.decode("backfill_id"), dataset: row.decode("dataset"),
      dataYear: row.decode("data_year"), region: row.decode("region"), asOf: row.decode("as_of"),
      definitionHash: row.decode("definition_hash"), sourceIDs: row.decode("source_ids"),
      startedAt: Times.date(row, "started_at", &times.started),
      deadline: Times.date(row, "deadline_at", &times.deadline))
  }

  static func all(_ rows: [PostgresRow]) throws -> [TaskLease] {
    var times = Times()
    return try rows.map { try TaskLease($0, &times) }
  }
}
