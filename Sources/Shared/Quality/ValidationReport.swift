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
            element_count: result.elementCount, unexpected_count: result.unexpectedCount,
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

  // MARK: HTML

  package func html() -> String {
    let title = Self.escaped("\(validation.partitionName), as of \(validation.asOf)")
    let failed = validation.failedCount
    let verdict =
      validation.success
      ? "passed" : validation.hasFailedDrift ? "not built: the columns have changed" : "\(failed) checks failed"
    var html = """
      <!doctype html>
      <html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
      <title>\(title)</title>
      <style>
      body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#222;background:#fff}
      table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{text-align:left;vertical-align:top;
      padding:.35rem .6rem;border-bottom:1px solid #ddd}th{font-weight:600}
      .pass{color:#176f2c}.fail{color:#b3261e;font-weight:600}.warn{color:#8a5a00;font-weight:600}
      code,pre{font:13px ui-monospace,monospace}pre{margin:.3rem 0;white-space:pre-wrap}
      @media(prefers-color-scheme:dark){body{background:#16181c;color:#ddd}th,td{border-color:#3a3d44}
      .pass{color:#6fd08c}.fail{color:#ff8a80}.warn{color:#ffcc66}}
      </style>
      <h1>\(title)</h1>
      <p><span class="\(validation.success ? "pass" : "fail")">\(Self.escaped(verdict))</span>,
      \(validation.rowCount.map { "\($0) rows, " } ?? "")checked \(time),
      definition <code>\(validation.definitionHash.prefix(12))</code></p>

      """
    if !validation.drift.isEmpty {
      html += "<h2>Columns that came against columns that were declared</h2>\n<table><tr><th>Request<th>Kind<th>What\n"
      for drift in validation.drift {
        let style = drift.isFailure ? "fail" : drift.kind == .extra ? "warn" : "pass"
        let suggestion = drift.suggestion.map { "<br><code>\(Self.escaped($0))</code>" } ?? ""
        html += """
          <tr><td>\(Self.escaped(drift.request))<td class="\(style)">\(drift.kind.rawValue)\
          <td>\(Self.escaped(drift.message))\(suggestion)

          """
      }
      html += "</table>\n"
    }
    html += "<h2>Checks</h2>\n<table><tr><th>Result<th>Check<th>Column<th>Found\n"
    // What failed comes first.
    for result in validation.results.sorted(by: { Self.order($0) < Self.order($1) }) {
      let (style, word) =
        result.success ? ("pass", "passed") : result.isFailure ? ("fail", "failed") : ("warn", "warned")
      let columns = result.check.column.map { [$0] } ?? result.check.columns
      let examples =
        result.examples.isEmpty ? "" : "<pre>\(Self.escaped(result.examples.joined(separator: "\n")))</pre>"
      html += """
        <tr><td class="\(style)">\(word)<td><code>\(result.check.name.rawValue)</code>\
        <td>\(Self.escaped(columns.joined(separator: ", ")))<td>\(Self.escaped(result.message))\(examples)

        """
    }
    return html + "</table>\n</html>\n"
  }

  private static func order(_ result: CheckResult) -> Int { result.isFailure ? 0 : result.isWarning ? 1 : 2 }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }
}
