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
    lines += [
      "", style.bold("next"), "  the whole story of one, with its causes and what to do: aker task \(example.task)",
    ]
    let target = reasons.backfill.map { "--backfill \($0)" } ?? "--task \(example.task)"
    lines.append("  when the cause is gone: aker retry \(target)")
    return lines.joined(separator: "\n") + "\n"
  }
}
