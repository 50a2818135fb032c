internal import Catalog
internal import FoundationEssentials

/// What `quality.record_validation` takes.
extension Validation {
  private struct Record: Encodable {
    let task_id: Int64?
    let lease_token: Int64?
    let row_count: Int?
    let data_year: Int
    let check_count: Int
    let failed_count: Int
    let warned_count: Int
    let success: Bool
    let drift_failed: Bool
    let dataset: String
    let region: String
    let as_of: String
    let definition_hash: String
    let drift: [SchemaDrift]
    let profile: Profile
    let checks: [Check]
  }

  private struct Check: Encodable {
    let ordinal: Int
    let check_name: String
    let column_name: String?
    let severity: String
    let success: Bool
    let compared: Bool
    let unexpected_count: Int?
    let element_count: Int?
    let message: String
    let arguments: CheckArguments
    let observed: Double?
    let examples: [JSONText]?
  }

  package func recordJSON(taskID: Int64?, leaseToken: Int64?) throws -> String {
    let record = Record(
      task_id: taskID, lease_token: leaseToken, row_count: rowCount, data_year: dataYear,
      check_count: results.count, failed_count: failedCount, warned_count: warnedCount,
      success: success, drift_failed: hasFailedDrift, dataset: dataset, region: region, as_of: asOf,
      definition_hash: definitionHash, drift: drift, profile: profile,
      checks: results.enumerated().map { index, result in
        Check(
          ordinal: index + 1, check_name: result.check.name.rawValue, column_name: result.check.column,
          severity: result.check.severity.rawValue, success: result.success, compared: result.isCompared,
          unexpected_count: result.unexpectedCount, element_count: result.elementCount, message: result.message,
          arguments: CheckArguments(result.check), observed: result.observed,
          examples: result.examples.isEmpty ? nil : result.examples.map(JSONText.init))
      })
    return String(decoding: try JSONEncoder().encode(record), as: UTF8.self)
  }
}
