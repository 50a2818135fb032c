import Base
import Console

/// Below a list of tasks: why the failed ones failed, in full and each reason once, and the commands that come next. A
/// table has no room for reasons.
struct FailureSummary {
  let reasons: FailureReasons

  /// More reasons than this are read one by one.
  private static let mostGroups = 8

  /// Empty where none failed.
  func rendered(columns: Int, style: Style) -> String {
    guard let example = reasons.groups.first else { return "" }
    var lines = ["", style.bold("why")]
    for group in reasons.groups.prefix(Self.mostGroups) {
      let count = group.count == 1 ? "" : ", \(group.count.counted("task"))"
      let text = "\(group.dataset)\(count): \(group.errorClass.rawValue): \(group.reason)"
      lines += Wrapped.lines(text, columns: max(40, columns - 2)).map { "  " + style.red($0) }
    }
    if reasons.groups.count > Self.mostGroups {
      lines.append("  and \((reasons.groups.count - Self.mostGroups).counted("more reason"))")
    }
    let values = ["task": "\(example.task)", "backfill": "\(reasons.backfill ?? 0)"]
    let retry: Advice = reasons.backfill == nil ? .retryOne : .retryBackfill
    lines += ["", style.bold("next")] + [Advice.wholeStory, retry].map { "  " + $0.text(values) }
    return lines.joined(separator: "\n") + "\n"
  }
}
