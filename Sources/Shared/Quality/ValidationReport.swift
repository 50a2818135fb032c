internal import Catalog
package import FoundationEssentials

/// A validation as files: `validation.json`, in the shape of Great Expectations' validation result, and
/// `validation.html`, which needs nothing else.
package struct ValidationReport: Sendable {
  private let validation: Validation
  private let validatedAt: Date

  package init(_ validation: Validation, validatedAt: Date) {
    self.validation = validation
    self.validatedAt = validatedAt
  }

  // MARK: JSON

  private struct Suite: Encodable {
    let success: Bool
    let statistics: Statistics
    let results: [Result]
    let suite_name: String
    let meta: Meta
    let suite_parameters: [String: String] = [:]
  }

  private struct Statistics: Encodable {
    let evaluated_expectations: Int
    let successful_expectations: Int
    let unsuccessful_expectations: Int
    let success_percent: Double?
  }

  private struct Result: Encodable {
    let success: Bool
    let expectation_config: Configuration
    let result: Figures
    let exception_info = ExceptionInfo()
    let meta: [String: String] = [:]
  }

  private struct Configuration: Encodable {
    let type: String
    let kwargs: CheckArguments
    let meta: [String: String]
    let severity: String
  }

  private struct Figures: Encodable {
    let element_count: Int?
    let unexpected_count: Int?
    let unexpected_percent: Double?
    let partial_unexpected_list: [JSONText]?
    let observed_value: Double?
    let details: [String: String]
  }

  private struct ExceptionInfo: Encodable {
    let raised_exception = false
    let exception_message: String? = nil
    let exception_traceback: String? = nil

    enum CodingKeys: CodingKey { case raised_exception, exception_message, exception_traceback }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(raised_exception, forKey: .raised_exception)
      try container.encodeNil(forKey: .exception_message)
      try container.encodeNil(forKey: .exception_traceback)
    }
  }

  private struct Meta: Encodable {
    let run_id: [String: String]
    let active_batch_definition: [String: String]
    let validation_time: String
    let definition_hash: String
    let row_count: Int?
    let schema_drift: [SchemaDrift]
  }

  package func json() throws -> String {
    let results = validation.results
    let passed = results.count(where: \.success)
    let suite = Suite(
      success: validation.success,
      statistics: Statistics(
        evaluated_expectations: results.count, successful_expectations: passed,
        unsuccessful_expectations: results.count - passed,
        success_percent: results.isEmpty ? nil : 100 * Double(passed) / Double(results.count)),
      results: results.map { result in
        Result(
          success: result.success,
          expectation_config: Configuration(
            type: result.check.name.rawValue, kwargs: CheckArguments(result.check),
            meta: ["severity": result.check.severity.rawValue],
            severity: result.check.severity == .fail ? "critical" : "warning"),
          result: Figures(
            // Its renderers want a share with each count; distinct values are no share of anything.
            element_count: result.elementCount,
            unexpected_count: result.elementCount == nil ? nil : result.unexpectedCount,
            unexpected_percent: result.unexpectedPercent,
            partial_unexpected_list: result.elementCount == nil ? nil : result.examples.map(JSONText.init),
            observed_value: result.observed, details: ["message": result.message]))
      },
      suite_name: validation.dataset,
      meta: Meta(
        run_id: ["run_name": validation.partitionName, "run_time": time],
        active_batch_definition: [
          "data_asset_name": validation.dataset, "data_year": "\(validation.dataYear)", "region": validation.region,
          "as_of": validation.asOf,
        ],
        validation_time: time, definition_hash: validation.definitionHash, row_count: validation.rowCount,
        schema_drift: validation.drift))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(suite), as: UTF8.self) + "\n"
  }

  private var time: String { validatedAt.formatted(.iso8601) }

  package func html() -> String { ValidationPage(validation: validation, time: time).html }
}
