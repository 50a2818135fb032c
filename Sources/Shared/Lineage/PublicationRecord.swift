package import FoundationEssentials
internal import Postgres

/// Everything `lake.record_publication` stores about one publication.
package struct PublicationRecord: Sendable {
  /// Who published, under which claim.
  package struct Attempt: Sendable {
    package var taskID: Int64
    package var backfillID: Int64?
    package var leaseToken: Int64
    package var attemptNumber: Int?
    package var workerID: String
    package var host: String
    package var codeVersion: String
    package var startedAt: Date

    package init(
      taskID: Int64, backfillID: Int64?, leaseToken: Int64, attemptNumber: Int?, workerID: String, host: String,
      codeVersion: String, startedAt: Date
    ) {
      self.taskID = taskID
      self.backfillID = backfillID
      self.leaseToken = leaseToken
      self.attemptNumber = attemptNumber
      self.workerID = workerID
      self.host = host
      self.codeVersion = codeVersion
      self.startedAt = startedAt
    }
  }

  package var attempt: Attempt
  package var dataset: String
  package var dataYear: Int
  package var region: String
  package var asOf: String
  package var definitionHash: String
  package var engineVersion: String
  package var outcome: Outcome
  package var rowCount: Int
  package var byteCount: Int
  package var sha256: String
  package var lakePath: String
  package var stagedPath: String
  package var lake: String
  package var inputs: [LineageInput]
  package var change: MeasuredChange?
  package var stepSeconds: [String: Double]

  package enum Outcome: String, Sendable, Codable {
    case published, unchanged
    case lakeOnly = "lake_only"

    /// For people, in a table: what nobody sees was not published.
    package var word: String { self == .lakeOnly ? "kept" : rawValue }

    /// The same in a line. `shown` is the vintage that the warehouse shows.
    package func words(shown: String? = nil) -> String {
      self == .lakeOnly ? "kept in the lake: the warehouse shows \(shown ?? "a newer vintage")" : rawValue
    }
  }

  package init(
    attempt: Attempt, dataset: String, dataYear: Int, region: String, asOf: String, definitionHash: String,
    engineVersion: String, outcome: Outcome, rowCount: Int, byteCount: Int, sha256: String, lakePath: String,
    stagedPath: String, lake: String, inputs: [LineageInput], change: MeasuredChange?, stepSeconds: [String: Double]
  ) {
    self.attempt = attempt
    self.dataset = dataset
    self.dataYear = dataYear
    self.region = region
    self.asOf = asOf
    self.definitionHash = definitionHash
    self.engineVersion = engineVersion
    self.outcome = outcome
    self.rowCount = rowCount
    self.byteCount = byteCount
    self.sha256 = sha256
    self.lakePath = lakePath
    self.stagedPath = stagedPath
    self.lake = lake
    self.inputs = inputs
    self.change = change
    self.stepSeconds = stepSeconds
  }

  private struct Body: Encodable {
    let task_id: Int64
    let backfill_id: Int64?
    let attempt_id: Int64
    let attempt_number: Int?
    let lease_token: Int64
    let row_count: Int
    let byte_count: Int
    let started_at: String
    let data_year: Int
    let dataset: String
    let region: String
    let as_of: String
    let outcome: String
    let definition_hash: String
    let output_sha256: String
    let lake_path: String
    let staged_path: String
    let lake: String
    let worker_id: String
    let host: String
    let code_version: String
    let engine_version: String
    let is_synthetic: Bool
    let change: MeasuredChange?
    let steps: [String: Double]
    let inputs: [LineageInput.Body]
  }

  /// - Parameters:
  ///   - validation: what `quality.record_validation` takes, as JSON.
  ///   - events: OpenLineage events to queue, each as JSON.
  package func json(validation: String, events: [String]) throws -> String {
    let body = Body(
      task_id: attempt.taskID, backfill_id: attempt.backfillID, attempt_id: attempt.leaseToken,
      attempt_number: attempt.attemptNumber, lease_token: attempt.leaseToken, row_count: rowCount,
      byte_count: byteCount, started_at: attempt.startedAt.formatted(.iso8601), data_year: dataYear, dataset: dataset,
      region: region, as_of: asOf, outcome: outcome.rawValue, definition_hash: definitionHash, output_sha256: sha256,
      lake_path: lakePath, staged_path: stagedPath, lake: lake, worker_id: attempt.workerID, host: attempt.host,
      code_version: attempt.codeVersion, engine_version: engineVersion,
      is_synthetic: inputs.contains(where: \.isSynthetic), change: change, steps: stepSeconds,
      inputs: inputs.enumerated().map { $1.body(ordinal: $0 + 1) })
    var json = String(decoding: try JSONEncoder().encode(body), as: UTF8.self)
    // Both are JSON already.
    json.removeLast()
    return json + ",\"validation\":\(validation),\"events\":[\(events.joined(separator: ","))]}"
  }
}

extension PublicationRecord.Outcome: PostgresDecodable {}
