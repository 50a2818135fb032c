/// A snapshot drawn for a terminal of a size: never wider, never taller.
struct Frame {
  var snapshot: Snapshot
  var columns: Int
  var rows: Int
  var style: Style
  var unicode: Bool

  func rendered() -> String {
    var sections: [[String]] = []
    sections.append([title, bar, countsLine])
    let grid = Grid(snapshot.cells)
    let gridLines = grid.rendered(columns: columns, style: style, unicode: unicode).split(separator: "\n").map(
      String.init)
    let fixed = 3 + 2
    // Failures and what runs get what they need, up to a third of the rest each; the grid gets what is left.
    let room = max(0, rows - fixed)
    let failures = Array(failureLines.prefix(max(2, room / 4)))
    let sources = Array(sourceLines.prefix(max(1, room / 6)))
    let others = failures.count + sources.count + (failures.isEmpty ? 0 : 2) + (sources.isEmpty ? 0 : 2)
    var gridRoom = max(2, room - others - 3)
    let running = Array(runningLines.prefix(max(1, min(room / 3, room - others - min(gridRoom, gridLines.count) - 3))))
    gridRoom = max(2, room - others - running.count - 3)
    if gridLines.count > gridRoom {
      sections.append(
        Array(gridLines.prefix(max(1, gridRoom - 1))) + [style.dim("… \(gridLines.count - gridRoom + 1) more")])
    } else if !gridLines.isEmpty {
      sections.append(
        gridLines + [
          clipped(grid.legend(style: style, unicode: unicode), visible: grid.legend(style: plain, unicode: unicode))
        ])
    }
    if !running.isEmpty { sections.append([style.bold("running")] + running) }
    if !sources.isEmpty { sections.append([style.bold("sources")] + sources) }
    if !failures.isEmpty { sections.append([style.bold("failures")] + failures) }
    let lines = sections.joined(separator: [""])
    return lines.prefix(max(1, rows)).joined(separator: "\n")
  }

  private var plain: Style { Style(showsColor: false) }

  private var title: String {
    let state =
      snapshot.isCancelled
      ? "cancelled" : snapshot.isPaused ? "paused" : snapshot.isFinished ? "finished" : nil
    return style.bold(clip(snapshot.title + (state.map { "  (\($0))" } ?? "")))
  }

  private var bar: String {
    let counts = snapshot.counts
    let width = max(10, min(60, columns - 20))
    guard counts.total > 0 else { return style.dim("nothing to do") }
    let done = counts.completed * width / counts.total
    let failed = min(width - done, (counts.failed + counts.cancelled) * width / counts.total)
    let running = min(width - done - failed, (counts.running * width + counts.total - 1) / counts.total)
    let rest = max(0, width - done - failed - running)
    let (full, half, empty): (Character, Character, Character) = unicode ? ("█", "▒", "·") : ("#", "=", ".")
    let percent = counts.finished * 100 / counts.total
    return style.green(String(repeating: full, count: done)) + style.red(String(repeating: full, count: failed))
      + style.yellow(String(repeating: half, count: running)) + style.dim(String(repeating: empty, count: rest))
      + " \(percent)% of \(counts.total)"
  }

  private var countsLine: String {
    let counts = snapshot.counts
    var parts = ["\(counts.completed) published"]
    if counts.running > 0 { parts.append("\(counts.running) running") }
    if counts.waiting > 0 { parts.append("\(counts.waiting) waiting") }
    if counts.failed > 0 { parts.append("\(counts.failed) failed") }
    if counts.cancelled > 0 { parts.append("\(counts.cancelled) cancelled") }
    if counts.skipped > 0 { parts.append("\(counts.skipped) skipped") }
    if !snapshot.isFinished {
      parts.append("\(snapshot.workerCount) workers, \(snapshot.slotCount) slots")
      if let seconds = snapshot.remainingSeconds { parts.append("about \(Self.duration(seconds)) left") }
    }
    return clip(parts.joined(separator: " · "))
  }

  private var runningLines: [String] {
    snapshot.running.map { task in
      let attempt = task.attempt > 1 ? ", attempt \(task.attempt)" : ""
      return clip("  \(task.partition)  \(Self.duration(task.seconds)) on \(task.worker)\(attempt)")
    }
  }

  private var sourceLines: [String] {
    snapshot.sources.map { clip("  \($0.id)  \($0.note)") }
  }

  private var failureLines: [String] {
    snapshot.failures.map { failure in
      let text = clip(
        "  \(failure.partition)  \(failure.errorClass)\(failure.isFinal ? "" : ", will be retried"): \(failure.reason)")
      return failure.isFinal ? style.red(text) : style.yellow(text)
    }
  }

  private func clip(_ text: String) -> String {
    text.count <= columns ? text : String(text.prefix(max(0, columns - 1))) + (unicode ? "…" : "~")
  }

  /// Coloured text can only be shown whole: cut, it would lose the code that ends the colour.
  private func clipped(_ text: String, visible: String) -> String {
    visible.count <= columns ? text : clip(visible)
  }

  /// For instance `42 s`, `3 min`, `2 h 05 min`.
  static func duration(_ seconds: Int) -> String {
    switch seconds {
    case ..<100: return "\(max(0, seconds)) s"
    case ..<5400: return "\((seconds + 30) / 60) min"
    default:
      let minutes = (seconds + 30) / 60
      let remainder = "\(minutes % 60)"
      return "\(minutes / 60) h \(remainder.count < 2 ? "0" : "")\(remainder) min"
    }
  }
}
