import Base
import Catalog
import Quality

/// What a validation found, check by check.
struct CheckLines {
  struct Check: Encodable {
    var check: String
    var column: String?
    var severity: String
    var success: Bool
    /// False where there was nothing to compare with.
    var compared: Bool
    var message: String
    /// What it was told besides the columns: `min_value 0, mostly 0.95`.
    var expected: String
    var unexpected_count: Int?
    var element_count: Int?
    /// The first rows that failed, as JSON.
    var examples: [JSONText]
  }

  struct Drift: Encodable {
    var request: String
    var kind: String
    var message: String
    var suggestion: String?
  }

  var checks: [Check]
  var drift: [Drift]
  /// Of each check, the first rows that failed.
  private let rows: [[String]]

  init(_ validation: Validation) {
    checks = validation.results.map { result in
      Check(
        check: result.check.name.rawValue,
        column: result.check.column
          ?? (result.check.columns.isEmpty ? nil : result.check.columns.joined(separator: ", ")),
        severity: result.check.severity.rawValue, success: result.success, compared: result.isCompared,
        message: result.message, expected: result.expected.map { "\($0.name) \($0.value)" }.joined(separator: ", "),
        unexpected_count: result.unexpectedCount, element_count: result.elementCount,
        examples: result.examples.map { JSONText($0) })
    }
    rows = validation.results.map(\.examples)
    drift = validation.drift.map {
      Drift(request: $0.request, kind: $0.kind.rawValue, message: $0.message, suggestion: $0.suggestion)
    }
  }

  /// What failed comes first, then what warns.
  ///
  /// - Parameter width: lines are cut to it; nil where nothing limits them.
  func rendered(columns width: Int?, _ style: Style, unicode: Bool) -> String {
    var lines: [String] = []
    for finding in drift {
      lines.append("  \(style.yellow("columns".padded(to: Self.wordWidth)))\(finding.request): \(finding.message)")
    }
    for (check, rows) in zip(checks, rows).sorted(by: { Self.rank($0.0) < Self.rank($1.0) }) {
      let word = Self.word(check).padded(to: Self.wordWidth)
      let colored =
        !check.compared
        ? style.dim(word)
        : check.success ? style.green(word) : check.severity == "fail" ? style.red(word) : style.yellow(word)
      // That none of so many is wrong is what "passed" says.
      let message = check.success && check.unexpected_count == 0 ? "" : ": \(check.message)"
      let text = "\(check.check)\(check.column.map { " (\($0))" } ?? "")\(message)"
      let room = max(20, (width ?? .max) - Self.wordWidth - 2)
      func cut(_ text: String) -> String {
        text.count <= room ? text : String(text.prefix(room - 1)) + (unicode ? "…" : "~")
      }
      guard !check.success else {
        lines.append("  " + colored + cut(text))
        continue
      }
      // What failed is told whole: what was expected, and of which rows it is not so.
      let indent = String(repeating: " ", count: Self.wordWidth + 2)
      let told = Wrapped.lines(text, columns: room) + (check.expected.isEmpty ? [] : ["expected " + check.expected])
      lines.append("  " + colored + told.joined(separator: "\n" + indent))
      lines += rows.prefix(Self.mostRows).map { indent + "  " + cut($0) }
      if rows.count > Self.mostRows {
        lines.append("\(indent)  and \((rows.count - Self.mostRows).counted("more row"))")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// `not compared`, and two spaces.
  private static let wordWidth = 14
  private static let mostRows = 5

  private static func word(_ check: Check) -> String {
    if !check.compared { return "not compared" }
    return check.success ? "passed" : check.severity == "fail" ? "failed" : "warns"
  }

  private static func rank(_ check: Check) -> Int {
    !check.compared ? 3 : check.success ? 2 : check.severity == "fail" ? 0 : 1
  }
}
