import Catalog
import Quality

/// What a validation found, check by check.
struct CheckLines {
  struct Check: Encodable {
    var check: String
    var column: String?
    var severity: String
    var success: Bool
    var message: String
    var unexpected_count: Int?
    var element_count: Int?
  }

  struct Drift: Encodable {
    var request: String
    var kind: String
    var message: String
    var suggestion: String?
  }

  var checks: [Check]
  var drift: [Drift]

  init(_ validation: Validation) {
    checks = validation.results.map { result in
      Check(
        check: result.check.name.rawValue,
        column: result.check.column
          ?? (result.check.columns.isEmpty ? nil : result.check.columns.joined(separator: ", ")),
        severity: result.check.severity.rawValue, success: result.success, message: result.message,
        unexpected_count: result.unexpectedCount, element_count: result.elementCount)
    }
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
    for check in checks.sorted(by: { Self.rank($0) < Self.rank($1) }) {
      let word = (check.success ? "passed" : check.severity == "fail" ? "failed" : "warns").padded(to: Self.wordWidth)
      let colored = check.success ? style.green(word) : check.severity == "fail" ? style.red(word) : style.yellow(word)
      // That none of so many is wrong is what "passed" says.
      let message = check.success && check.unexpected_count == 0 ? "" : ": \(check.message)"
      let text = "\(check.check)\(check.column.map { " (\($0))" } ?? "")\(message)"
      let room = max(20, (width ?? .max) - Self.wordWidth - 2)
      lines.append("  " + colored + (text.count <= room ? text : String(text.prefix(room - 1)) + (unicode ? "…" : "~")))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static let wordWidth = 9

  private static func rank(_ check: Check) -> Int { check.success ? 2 : check.severity == "fail" ? 0 : 1 }
}
