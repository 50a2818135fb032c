import Catalog
import FoundationEssentials
import Quality
import Testing

/// `validation.html`, for whoever wants to know what is wrong with a partition.
@Suite("The page of a validation")
struct ValidationPageTests {
  private func result(
    _ name: CheckName, _ column: String?, _ severity: DatasetCheck.Severity, success: Bool, examples: [String] = []
  ) -> CheckResult {
    var check = DatasetCheck(name: name, column: column, line: 1)
    check.severity = severity
    (check.minimum, check.maximum) = (0, 1000)
    var result = CheckResult(check: check, success: success, message: "\(column ?? "rows"): \(success)")
    (result.elementCount, result.unexpectedCount) = (12_000, success ? 0 : 345)
    result.examples = examples
    return result
  }

  private func page(_ results: [CheckResult], drift: [SchemaDrift] = []) -> String {
    report(results, drift).html()
  }

  private func report(_ results: [CheckResult], _ drift: [SchemaDrift] = []) -> ValidationReport {
    let validation = Validation(
      dataset: "market_income", dataYear: 2012, region: "oh", asOf: "2024-06",
      definitionHash: String(repeating: "a", count: 64), drift: drift, results: results, rowCount: 1_234_567,
      profile: Profile(nulls: [:], levels: [:]))
    return ValidationReport(validation, validatedAt: Date(timeIntervalSince1970: 0))
  }

  @Test(
    "validation.json: no count of what is unexpected without its share, which Great Expectations' pages show beside it")
  func shares() throws {
    struct Report: Decodable {
      struct Result: Decodable {
        struct Figures: Decodable {
          var unexpected_count: Int?
          var unexpected_percent: Double?
        }
        var result: Figures
      }
      var results: [Result]
    }
    var distinct = result(.distinctInSet, "note", .warn, success: false)
    distinct.elementCount = nil
    let json = try report([result(.between, "n", .fail, success: false), distinct]).json()
    let figures = try JSONDecoder().decode(Report.self, from: Data(json.utf8)).results.map(\.result)
    #expect(figures.map(\.unexpected_count) == [345, nil])
    #expect(figures.map { $0.unexpected_percent != nil } == [true, false])
  }

  private func places(_ texts: [String], in page: String) -> [String.Index] {
    texts.compactMap { page.firstRange(of: $0)?.lowerBound }
  }

  @Test("what failed comes first, then what warned, then what passed; figures are grouped, and named in the title")
  func order() {
    let html = page([
      result(.between, "passing", .fail, success: true), result(.between, "warning", .warn, success: false),
      result(.between, "failing", .fail, success: false),
    ])
    let found = places(["<h2>Failed", "failing: false", "<h2>Warnings", "warning: false", "<h2>Passed"], in: html)
    #expect(found.count == 5 && found == found.sorted())
    #expect(html.contains("<title>market_income 2012 oh, as of 2024-06: 1 of 3 checks failed</title>"))
    #expect(html.contains("<dd>1,234,567") && html.contains("<dd>1970-01-01 00:00:00 UTC"))
    #expect(html.contains("min_value\u{A0}<code>0</code>, max_value\u{A0}<code>1000</code>"))
    #expect(html.contains("failing: false (2.88\u{A0}%)") && html.contains("all 12,000 values"))
  }

  @Test(
    "failing rows are a table: columns in their order, numbers to the right, nulls, markup as text, long values cut")
  func examples() throws {
    let long = String(repeating: "x", count: 700)
    let rows = [
      #"{"name":"<b>a & b</b>","amount":-3,"note":null}"#, #"{"name":"\#(long)","amount":20.5,"note":"n"}"#,
    ]
    let html = page([result(.between, "amount", .fail, success: false, examples: rows)])
    let head = try #require(html.firstRange(of: #"<th>name<th class="number">amount<th>note"#))
    #expect(
      html[head.upperBound...].contains(#"<td>&lt;b&gt;a &amp; b&lt;/b&gt;<td class="number">-3<td class="null">null"#))
    #expect(html.contains("2 of 345 rows"))
    #expect(!html.contains(long) && html.contains("x… <i>(700 characters)</i>"))
  }

  @Test("changed columns come before the checks, those that stop the partition first, with what would accept them")
  func drift() {
    func drift(_ kind: SchemaDrift.Kind, _ column: String, _ suggestion: String?) -> SchemaDrift {
      SchemaDrift(
        request: "county", kind: kind, column: column, found: nil, message: "\(column) is \(kind)",
        suggestion: suggestion)
    }
    let html = page(
      [result(.between, "failing", .fail, success: false)],
      drift: [drift(.moved, "first", nil), drift(.extra, "second", nil), drift(.missing, "third", "leave it out")])
    let found = places(
      ["third is missing", "leave it out", "second is extra", "first is moved", "<h2>Failed"], in: html)
    #expect(found.count == 5 && found == found.sorted())
    #expect(html.contains("not published: the columns have changed</p>"))
  }

  @Test("the page needs nothing else: no script, no other file, no address")
  func selfContained() {
    let html = page([result(.matchRegex, "a", .warn, success: false, examples: [#"{"a":"b"}"#])])
    for part in ["<script", "<link", "<img", "src=", "href=", "url(", "@import", "http"] {
      #expect(!html.contains(part), "\(part)")
    }
    #expect(html.contains("passed, with 1 warning</p>"))
  }
}
