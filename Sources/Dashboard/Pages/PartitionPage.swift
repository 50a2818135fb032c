package import Console
package import Lineage
internal import Queue

/// A year of a dataset, or a region of one: its tasks, what was published of it, and where that came from.
package struct PartitionPage: Sendable {
  package var dataset: String
  package var year: Int
  /// Empty for the year as a whole.
  package var region: String
  package var tasks: [TaskLine]
  /// Whether there are more tasks than these, which nobody counted.
  package var hasMore: Bool
  package var regions: [String]
  package var history: [PublicationLine]
  package var warnings: [WarningLine]
  package var lineage: LineageTree?

  package init(
    dataset: String, year: Int, region: String, tasks: [TaskLine], hasMore: Bool, regions: [String],
    history: [PublicationLine], warnings: [WarningLine], lineage: LineageTree?
  ) {
    self.dataset = dataset
    self.year = year
    self.region = region
    self.tasks = tasks
    self.hasMore = hasMore
    self.regions = regions
    self.history = history
    self.warnings = warnings
    self.lineage = lineage
  }

  /// Rows of the table of tasks.
  private static let mostRows = 200

  private var partition: String { "\(dataset) \(year)" + (region.isEmpty ? "" : " \(region)") }
  private var option: String { region.isEmpty ? "" : " --region \(region)" }

  package func html(_ frame: Frame) -> HTML {
    let parts = region.isEmpty ? "" : " \(region)"
    let heading: HTML = "<a href=\"\(frame.site.dataset(dataset))\">\(dataset)</a> \(year)\(parts)"
    let fields: [(String, String?)] = [("cell", "\(dataset) \(year)")]
    var acts: HTML = .empty
    if tasks.contains(where: { $0.state == .failed }) {
      acts +=
        failed.count == 1
        ? frame.button("Retry…", "retry", [("task", "\(failed[0].task_id)")], isMain: true)
        : frame.button("Retry \(failed.count) failed…", "retry", fields, isMain: true)
    }
    if tasks.contains(where: { TaskState.open.contains($0.state) }) {
      acts += frame.button("Cancel…", "cancel", fields)
    }
    acts += frame.button("Backfill…", "backfill", fields)
    return frame.page(
      partition, .datasets,
      """
      \(frame.title(heading, detail, acts))\(causes(frame))\(taskTable(frame))\(warned)\(published(frame))\
      \(drawing(frame))\(commands)
      """)
  }

  /// Failed, and not history.
  private var failed: [TaskLine] { tasks.filter { $0.state == .failed } }

  private var detail: HTML {
    let counts: [HTML] = TaskState.allCases.compactMap { state in
      let count = tasks.count { $0.state == state }
      return count == 0 ? nil : Words.badge(state, count: count)
    }
    let shown = history.first { $0.warehouse == .shown }
    let told: HTML =
      shown.map { "the warehouse shows vintage \($0.as_of), \(Words.count($0.row_count)) rows" }
      ?? (region.isEmpty && regions.count > 1
        ? "in \(regions.count) regions; what is published is told for each"
        : history.isEmpty ? "nothing is published of it" : "the warehouse shows none of it")
    return "<span class=\"badges\">\(counts)</span> \(told)"
  }

  private func causes(_ frame: Frame) -> HTML {
    let groups = FailureReasons(tasks).groups
    guard !groups.isEmpty else { return .empty }
    let items: [HTML] = groups.map { group in
      let count: HTML = group.count > 1 ? "\(group.count) tasks · " : .empty
      return """
        <div class="failure"><p class="kind">\(count)\(Words.errorClass(group.errorClass))</p>\(Words.reason(group.reason))\
        <p><a href="\(frame.site.task(group.task))">The whole story\(group.count > 1 ? " of one" as HTML : "")</a></p></div>
        """
    }
    return "<section class=\"cause bad\">\(items)</section>"
  }

  private func taskTable(_ frame: Frame) -> HTML {
    guard !tasks.isEmpty else { return Words.nothing("No task was ever enqueued for it.") }
    let rows = tasks.sorted { ($0.state != .failed ? 1 : 0, $1.task_id) < ($1.state != .failed ? 1 : 0, $0.task_id) }
      .prefix(Self.mostRows).map { Lists.taskRow($0, frame, withPartition: regions.count > 1 || region.isEmpty) }
    let left = tasks.count - rows.count
    let address = frame.site.path("tasks", query: [("dataset", dataset), ("year", "\(year)"), ("all", "true")])
    let more: HTML =
      left > 0 || hasMore
      ? """
      <p class="small">\(hasMore ? "More than " as HTML : "")\(Words.count(left)) more are not shown here (what failed comes first). \
      <a href="\(address)">All tasks of \(dataset) \(year)</a></p>
      """ : .empty
    return "<section><h2>Tasks</h2>\(Lists.taskTable(rows))\(more)</section>"
  }

  private var warned: HTML {
    guard !warnings.isEmpty else { return .empty }
    let rows: [HTML] = warnings.map {
      "<tr><td>\($0.region)</td><td>\($0.what)</td><td>\($0.column_name)</td><td class=\"wrap\">\($0.message)</td></tr>"
    }
    return """
      <section><h2>Published with warnings</h2>\
      \(Words.table("Warnings", ["Region", "What", "Column", "Message"], rows))</section>
      """
  }

  private func published(_ frame: Frame) -> HTML {
    let others: HTML =
      regions.count > 1
      ? """
      <p class="regions">Regions: \(regions.map { name -> HTML in
        name == region
          ? "<b>\(name)</b> " : "<a href=\"\(frame.site.partition(dataset, year, region: name))\">\(name)</a> "
      })</p>
      """ : .empty
    guard !history.isEmpty else {
      return others.text.isEmpty ? .empty : "<section><h2>Published</h2>\(others)</section>"
    }
    let rows: [HTML] = history.enumerated().map { index, line in
      // Against the one before it, in time.
      let before = index + 1 < history.count ? history[index + 1].row_count : nil
      let changed = Words.change(before.map { line.row_count - $0 })
      let place: HTML =
        switch line.warehouse {
        case .shown: Words.named("shown", .published)
        case .withdrawn: Words.named("withdrawn", .cancelled)
        case .elsewhere: .empty
        }
      return """
        <tr><td class="number">\(line.publication)</td><td>\(line.as_of)</td><td>\(Words.moment(line.published_at))</td>\
        <td>\(line.outcome.word)</td><td class="number">\(Words.count(line.row_count))</td>\
        <td class="number">\(changed)</td><td>\(place)</td><td><code title="\(line.sha256)">\(String(line.sha256.prefix(12)))</code></td>\
        <td><a href="\(frame.site.task(line.task_id))">\(line.task_id)</a></td>\
        <td><code>\(String(line.definition.prefix(12)))</code>\(line.is_applied == false ? " (before)" as HTML : "")</td></tr>
        """
    }
    return """
      <section><h2>Published</h2>\(others)\(Words.table(
        "Publications", ["No.", "Vintage", "When", "Outcome", "Rows", "Change", "Warehouse", "SHA-256", "Task", "Definition"],
        rows))\(files)</section>
      """
  }

  /// Where in the lake what is shown lies, or what was published last.
  private var files: HTML {
    guard let line = history.first(where: { $0.warehouse == .shown }) ?? history.first else { return .empty }
    return """
      <dl class="facts"><dt>File in the lake</dt><dd><code>\(line.lake_path)</code></dd>\
      <dt>Validation report</dt><dd><code>\(line.report)</code></dd></dl>
      """
  }

  private func drawing(_ frame: Frame) -> HTML {
    guard let lineage else { return .empty }
    return "<section><h2>Where it came from</h2>\(LineageDrawing(lineage).html(frame))</section>"
  }

  private var commands: HTML {
    guard let newest = history.first else { return .empty }
    var lines = [
      "aker reproduce \(dataset) \(year)\(option)", "aker lake history \(dataset) \(year)\(option)",
      "aker validate \(dataset) --years \(year)",
    ]
    if let before = history.dropFirst().first(where: { $0.outcome == .published }), newest.warehouse == .shown {
      lines.append("aker lake rollback \(dataset) \(year)\(option) --to \(before.publication)")
    }
    return "<section><h2>On the command line</h2>\(lines.map { Words.command($0) })</section>"
  }
}
