import Base
import Console

/// A snapshot drawn for a terminal of a size: never wider, never taller.
struct Frame {
  var snapshot: Snapshot
  var columns: Int
  var rows: Int
  var style: Style
  var unicode: Bool

  func rendered() -> String {
    var sections: [[String]] = [[title, bar, countsLine] + waitLines]
    // What fails gets a quarter of the rest, workers and sources a sixth each, the grid what is left of it; and what the
    // grid leaves, the others get back.
    let room = max(0, rows - sections[0].count)
    let grid = Grid(snapshot.cells)
    let wholeGrid = gridLines(grid)
    var failureCount = min(failureLines.count, max(2, room / 4))
    var sourceCount = min(sourceLines.count, max(1, room / 6))
    var workerCount = min(workerLines.count, max(1, room / 6))
    func used() -> Int { [failureCount, sourceCount, workerCount].reduce(0) { $0 + ($1 > 0 ? $1 + 1 : 0) } }
    var gridRoom = max(2, room - used() - 1)
    if wholeGrid.count < gridRoom {
      var spare = gridRoom - wholeGrid.count
      gridRoom = wholeGrid.count
      func give(_ count: inout Int, of all: Int) {
        let more = min(spare, all - count)
        count += more
        spare -= more
      }
      give(&workerCount, of: workerLines.count)
      give(&sourceCount, of: sourceLines.count)
      give(&failureCount, of: failureLines.count)
    }
    sections.append(wholeGrid.count <= gridRoom ? wholeGrid : cutGrid(grid, lines: gridRoom))
    sections.append(labelled("workers", workerLines, workerCount))
    sections.append(labelled("sources", sourceLines, sourceCount))
    sections.append(labelled("failures", failureLines, failureCount))
    let used = sections.reduce(0) { $0 + ($1.isEmpty ? 0 : $1.count + 1) }
    sections.append(labelled("warnings", warningLines, min(warningLines.count, max(1, rows - used))))
    let lines = sections.filter { !$0.isEmpty }.joined(separator: [""])
    return lines.prefix(max(1, rows)).joined(separator: "\n")
  }

  private func gridLines(_ grid: Grid) -> [String] {
    guard !grid.datasets.isEmpty else { return [] }
    let lines = grid.rendered(columns: columns, style: style, unicode: unicode).split(separator: "\n").map(String.init)
    return lines + [legend(grid)]
  }

  private func legend(_ grid: Grid) -> String {
    clipped(grid.legend(style: style, unicode: unicode), visible: grid.legend(style: plain, unicode: unicode))
  }

  /// The datasets that matter most now: what failed, what runs, what waits; the others are a row together.
  private func cutGrid(_ grid: Grid, lines: Int) -> [String] {
    func rank(_ dataset: String) -> Int {
      let states = snapshot.cells.filter { $0.dataset == dataset }.map { $0.cell.state }
      if states.contains(.failed) { return 0 }
      if states.contains(.running) { return 1 }
      return states.allSatisfy { [.published, .warned, .other, .skipped, .cancelled].contains($0) } ? 3 : 2
    }
    let ranked = grid.datasets.map { (rank: rank($0), name: $0) }.sorted { ($0.rank, $0.name) < ($1.rank, $1.name) }
    let hasLegend = lines >= Self.leastLinesWithLegend
    // Years may take several blocks of lines: as many datasets are kept as fit with all of them.
    var kept = max(1, min(ranked.count - 1, lines - 2))
    while true {
      let part = self.part(Set(ranked.prefix(kept).map(\.name)), of: ranked.count)
      var shown = part.rendered(columns: columns, style: style, unicode: unicode).split(separator: "\n").map(
        String.init)
      if hasLegend { shown.append(legend(part)) }
      guard shown.count <= lines || kept == 1 else {
        kept -= 1
        continue
      }
      return Array(shown.prefix(max(1, lines)))
    }
  }

  /// Below, a line more of the grid says more than what the glyphs mean.
  private static let leastLinesWithLegend = 6

  /// Some datasets, and all others in one row.
  private func part(_ names: Set<String>, of count: Int) -> Grid {
    let label = "\(unicode ? "…" : "...") \((count - names.count).counted("more dataset"))"
    var others: [Int: GridCell] = [:]
    for (dataset, year, cell) in snapshot.cells where !names.contains(dataset) {
      others[year, default: GridCell()] = others[year, default: GridCell()] + cell
    }
    return Grid(
      snapshot.cells.filter { names.contains($0.dataset) } + others.map { (label, $0.key, $0.value) }, last: label)
  }

  private static let labelWidth = 10

  /// The first lines, after a label; the last says how many are left out.
  private func labelled(_ label: String, _ lines: [String], _ count: Int) -> [String] {
    guard count > 0, !lines.isEmpty else { return [] }
    var shown = Array(lines.prefix(count))
    if lines.count > count, count > 1 {
      shown[count - 1] = style.dim("\(unicode ? "…" : "...") \(lines.count - count + 1) more")
    }
    let indent = String(repeating: " ", count: Self.labelWidth)
    return shown.enumerated().map { ($0 == 0 ? style.bold(label.padded(to: Self.labelWidth)) : indent) + $1 }
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
    let failed = counts.finished * width / counts.total - done
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
    var parts =
      counts.kept < counts.completed || counts.kept == 0 ? ["\(counts.completed - counts.kept) published"] : []
    if counts.kept > 0 {
      parts.append("\(counts.kept) kept in the lake: the warehouse shows \(snapshot.shownAsOf ?? "a newer vintage")")
    }
    if counts.running > 0 { parts.append("\(counts.running) running") }
    if counts.waiting > 0 { parts.append("\(counts.waiting) waiting") }
    if counts.failed > 0 { parts.append("\(counts.failed) failed") }
    if counts.cancelled > 0 { parts.append("\(counts.cancelled) cancelled") }
    if counts.skipped > 0 { parts.append("\(counts.skipped) skipped") }
    if !snapshot.isFinished {
      if let seconds = snapshot.remainingSeconds { parts.append("about \(readableDuration(seconds)) left") }
      parts.append("\(snapshot.workerCount.counted("worker")), \(snapshot.slotCount.counted("slot"))")
    }
    return clip(parts.joined(separator: " · "))
  }

  /// What is waited for while nothing runs.
  private var waitLines: [String] {
    snapshot.isFinished ? [] : snapshot.waits.map { style.yellow(clip("waits  \($0)")) }
  }

  /// None once it has ended: what they do now is no part of it.
  private var workerLines: [String] {
    guard !snapshot.isFinished else { return [] }
    return snapshot.workers.map { worker in
      let tasks = worker.tasks.map { task in
        "\(task.partition) \(readableDuration(task.seconds))" + (task.attempt > 1 ? " (attempt \(task.attempt))" : "")
      }
      let elsewhere = worker.busy - worker.tasks.count
      let others = elsewhere > 0 ? ["\(elsewhere) of other backfills"] : []
      let what = worker.isDraining ? "draining" : worker.busy == 0 ? "idle" : ""
      let parts = [what.isEmpty ? nil : what].compactMap { $0 } + tasks + others
      return labelledClip("\(worker.name)  \(worker.busy)/\(worker.slots)  " + parts.joined(separator: ", "))
    }
  }

  private var sourceLines: [String] {
    let width = snapshot.sources.map(\.id.count).max() ?? 0
    return snapshot.sources.filter { !snapshot.isFinished || $0.note != nil }.map { source in
      var parts = [source.id.padded(to: width)]
      if !snapshot.isFinished {
        let limit = source.limit.map { " of \(Self.rate($0))/s" } ?? ""
        if let rate = source.rate { parts.append("\(Self.rate(rate))/s\(limit)") }
        if source.running > 0 { parts.append("\(source.running) running") }
      }
      if let quota = source.dailyQuota { parts.append("\(source.requestsToday) of \(quota) today") }
      if let note = source.note { parts.append(note) }
      let text = labelledClip(parts.joined(separator: "  "))
      return source.note == nil ? text : style.yellow(text)
    }
  }

  /// One digit after the point, where there is something.
  private static func rate(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
  }

  private var failureLines: [String] {
    snapshot.failureGroups.map { group in
      let years = group.firstYear == group.lastYear ? "\(group.firstYear)" : "\(group.firstYear)-\(group.lastYear)"
      let which =
        group.count > 1
        ? "\(years), \(group.count.counted("task"))" : years + (group.region.isEmpty ? "" : " \(group.region)")
      let text = labelledClip(
        "\(group.taskID)  \(group.dataset) \(which)  \(group.errorClass.rawValue)\(group.isFinal ? "" : ", will be retried"): \(group.reason)"
      )
      return group.isFinal ? style.red(text) : style.yellow(text)
    }
  }

  /// What was published all the same, once it has ended.
  private var warningLines: [String] {
    snapshot.warningGroups.map { group in
      let years = group.firstYear == group.lastYear ? "\(group.firstYear)" : "\(group.firstYear)-\(group.lastYear)"
      let count = group.count > 1 ? ", \(group.count.counted("partition"))" : ""
      return style.yellow(labelledClip("\(group.dataset) \(years)\(count)  \(group.what): \(group.message)"))
    }
  }

  private func labelledClip(_ text: String) -> String { clip(text, to: columns - Self.labelWidth) }

  private func clip(_ text: String) -> String { clip(text, to: columns) }

  private func clip(_ text: String, to width: Int) -> String {
    let text = OutsideText.line(text)
    return text.count <= width ? text : String(text.prefix(max(0, width - 1))) + (unicode ? "…" : "~")
  }

  /// Coloured text can only be shown whole: cut, it would lose the code that ends the colour.
  private func clipped(_ text: String, visible: String) -> String {
    visible.count <= columns ? text : clip(visible)
  }
}
