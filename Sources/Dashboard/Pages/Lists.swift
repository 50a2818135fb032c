internal import Base
package import Console
internal import Queue
package import Schedule

/// The pages that are lists.
package enum Lists {
  /// A page of a list that has more.
  static func next(_ address: String?) -> HTML {
    guard let address else { return .empty }
    return "<p class=\"pager\"><a rel=\"next\" href=\"\(address)\">next ›</a></p>"
  }

  // MARK: Backfills

  package static func backfills(_ lines: [BackfillLine], next: String?, _ frame: Frame) -> HTML {
    let rows: [HTML] = lines.map { line in
      let ended = line.completed + line.failed + line.cancelled
      return """
        <tr><td class="number"><a href="\(frame.site.backfill(line.backfill_id))">\(line.backfill_id)</a></td>\
        <td class="wrap"><a href="\(frame.site.backfill(line.backfill_id))">\(line.note ?? "backfill \(line.backfill_id)")</a></td>\
        <td>\(Words.badge(word: line.state.rawValue))</td><td>\(progress(ended, line.total, failed: line.failed))</td>\
        <td class="number">\(line.failed == 0 ? .empty : "<b class=\"red\">\(Words.count(line.failed))</b>" as HTML)</td>\
        <td class="number">\(Words.count(line.running))</td><td class="number">\(Words.count(line.waiting))</td>\
        <td class="number">\(Words.count(line.skipped))</td><td>\(line.as_of)</td><td>\(Words.moment(line.created_at))</td></tr>
        """
    }
    let acts: HTML =
      frame.mayAct
      ? "<a class=\"button main\" href=\"\(frame.site.path("backfills", "new"))\">New backfill</a>" : .empty
    let table =
      rows.isEmpty
      ? Words.nothing("There is no backfill yet.")
      : Words.table(
        "Backfills", ["No.", "What", "State", "Done", "Failed", "Running", "Waiting", "Skipped", "Vintage", "Begun"],
        rows)
    return frame.page(
      "Backfills", .backfills, isWide: true, "\(frame.title("Backfills", .empty, acts))\(table)\(self.next(next))")
  }

  static func progress(_ done: Int, _ total: Int, failed: Int = 0) -> HTML {
    """
    <span class="progress"><progress max="\(max(1, total))" value="\(done)" aria-label="done"></progress>\
    <span class="number">\(Words.count(done))/\(Words.count(total))</span></span>
    """
  }

  // MARK: Tasks

  package struct TaskChoice: Sendable {
    package var backfill: String?
    package var state: String?
    package var dataset: String?
    package var year: String?
    package var errorClass: String?
    package var isWarned: Bool
    package var isAll: Bool

    package init(
      backfill: String?, state: String?, dataset: String?, year: String?, errorClass: String?, isWarned: Bool,
      isAll: Bool
    ) {
      self.backfill = backfill
      self.state = state
      self.dataset = dataset
      self.year = year
      self.errorClass = errorClass
      self.isWarned = isWarned
      self.isAll = isAll
    }
  }

  package static func tasks(_ lines: [TaskLine], _ choice: TaskChoice, next: String?, _ frame: Frame) -> HTML {
    func options(_ values: [String], _ chosen: String?) -> [HTML] {
      [""].map { "<option value=\"\($0)\">any</option>" }
        + values.map {
          "<option value=\"\($0)\"\($0 == chosen ? " selected" as HTML : "")>\($0.replacing("_", with: " "))</option>"
        }
    }
    let filters: HTML = """
      <form class="filters" method="get" action="\(frame.site.path("tasks"))" role="search">
      <label>State <select name="state">\(options(TaskState.allCases.map(\.rawValue), choice.state))</select></label>
      <label>Dataset <input name="dataset" value="\(choice.dataset)" size="16"></label>
      <label>Year <input name="year" value="\(choice.year)" inputmode="numeric" size="5"></label>
      <label>Backfill <input name="backfill" value="\(choice.backfill)" inputmode="numeric" size="5"></label>
      <label>Cause <select name="error_class">\(options(["transient", "rate_limited", "data", "permanent", "worker_lost", "dependency"], choice.errorClass))</select></label>
      <label class="tick"><input type="checkbox" name="warned" value="true"\(choice.isWarned ? " checked" as HTML : "")> with warnings</label>
      <label class="tick"><input type="checkbox" name="all" value="true"\(choice.isAll ? " checked" as HTML : "")> history, too</label>
      <button>Show</button><a href="\(frame.site.path("tasks"))">Show all</a></form>
      """
    var acts: HTML = .empty
    if let backfill = choice.backfill, lines.contains(where: { $0.state == .failed }) {
      acts = frame.button(
        "Retry all of these…", "retry",
        [("backfill", backfill), ("dataset", choice.dataset), ("error_class", choice.errorClass)], isMain: true)
    }
    let table =
      lines.isEmpty
      ? Words.nothing("No task is like this.") : taskTable(lines.map { taskRow($0, frame, withPartition: true) })
    return frame.page(
      "Tasks", .tasks, isWide: true, "\(frame.title("Tasks", .empty, acts))\(filters)\(table)\(self.next(next))")
  }

  static func taskTable(_ rows: [HTML]) -> HTML {
    Words.table("Tasks", ["Task", "Partition", "State", "Why", "Tries", "Vintage", "Backfill", ""], rows)
  }

  static func taskRow(_ line: TaskLine, _ frame: Frame, withPartition: Bool) -> HTML {
    let region = line.region.isEmpty ? "" : " \(line.region)"
    let warned: HTML =
      line.warnings > 0 ? Words.named("\(line.warnings) warnings", .warned) : .empty
    let kind: HTML = line.error_class == nil ? .empty : "<small>\(Words.errorClass(line.error_class))</small> "
    return """
      <tr data-key="\(line.task_id)"><td><a href="\(frame.site.task(line.task_id))">\(line.task_id)</a></td>\
      <td><a href="\(frame.site.partition(line.dataset, line.data_year, region: line.region))">\(line.dataset) \(line.data_year)\(region)</a></td>\
      <td>\(Words.badge(line.state)) \(warned)</td><td class="wrap"><div class="clamp">\(kind)\(line.reason)</div></td><td class="number">\(line.attempts)</td>\
      <td>\(line.as_of)</td><td><a href="\(frame.site.backfill(line.backfill_id))">\(line.backfill_id)</a></td>\
      <td class="acts">\(TaskPage.acts(line.task_id, line.state, frame))</td></tr>
      """
  }

  // MARK: Workers

  /// - Parameter isPaused: whether all work is.
  package static func workers(_ lines: [WorkerLine], isPaused: Bool, _ frame: Frame) -> HTML {
    let living = lines.filter { $0.end_reason == nil }
    let rows: [HTML] = lines.map { line in
      let trouble: HTML? = line.host_trouble.map { "<b class=\"red\">\($0)</b> for \(line.unwell_for ?? "a moment")" }
      let ended: HTML? = line.end_reason.map { "\($0)" }
      return """
        <tr data-key="\(line.worker_id)"><td>\(line.name)</td><td>\(line.host)</td><td>\(Words.badge(word: line.state))</td>\
        <td>\(progress(line.busy, line.slots))</td><td class="number">\(Words.ago(line.last_heard))</td><td>\(Words.moment(line.started_at))</td>\
        <td class="wrap">\(trouble ?? ended ?? .empty)</td><td class="number">\(line.pid.map { "\($0)" as HTML })</td><td>\(line.version)</td></tr>
        """
    }
    let slots = living.reduce(0) { $0 + $1.slots }
    let busy = living.reduce(0) { $0 + $1.busy }
    let table =
      rows.isEmpty
      ? "\(Words.nothing("No worker lives, and none ended within the hour. Start one, here or on another host:"))\(Words.command("aker-worker --slots 4"))"
        as HTML
      : Words.table(
        "Workers", ["Worker", "Host", "State", "Busy", "Last heard", "Since", "Trouble", "Process", "Version"], rows)
    let pause =
      isPaused
      ? frame.button("Resume all work…", "resume", [("queue", "true")], isMain: true)
      : frame.button("Pause all work…", "pause", [("queue", "true")])
    return frame.page(
      "Workers", .workers,
      "\(frame.title("Workers", "\(living.count) alive, \(busy) of \(slots) slots busy", pause))\(table)")
  }

  // MARK: Flows

  package static func flows(_ lines: [FlowLine], _ frame: Frame) -> HTML {
    let rows: [HTML] = lines.map { line in
      let state = line.state
      let isPaused = state?.paused_at != nil
      let trouble: HTML? = (state?.trouble ?? (isPaused ? state?.pause_reason : nil)).map { "\($0)" }
      let last: HTML =
        state?.last_due_at.map {
          "\(Words.moment($0)) \(state?.last_fate ?? "")\(state?.last_reason.map { ": \($0)" as HTML })"
        }
        ?? .empty
      let missed: HTML =
        state.flatMap { $0.missed_count > 0 ? "<br><b class=\"red\">\($0.missed_count) missed</b>" : nil } ?? .empty
      let backfill: HTML =
        (state?.open_backfill_id ?? state?.last_backfill_id).map {
          "<br>backfill <a href=\"\(frame.site.backfill($0))\">\($0)</a>"
        } ?? .empty
      let pause =
        isPaused
        ? frame.button("Resume…", "resume-flow", [("flow", line.name)])
        : frame.button("Pause…", "pause-flow", [("flow", line.name)])
      return """
        <tr data-key="\(line.name)"><td class="wrap"><a href="\(frame.site.path("flows", line.name))"><b>\(line.name)</b></a><br><small>\(line.title)</small></td>\
        <td class="wrap">\(line.schedule_in_words ?? "by hand")<br><small><code>\(line.schedule)</code> \(line.time_zone)</small></td>\
        <td>\(isPaused ? Words.named("paused", .paused) : Words.moment(state?.next_due_at))</td><td class="wrap">\(last)\(backfill)\(missed)\(trouble.map { "<br><b>\($0)</b>" as HTML })</td>\
        <td class="wrap">\(line.datasets.joined(separator: ", "))<br><small>\(years(line))</small></td><td class="acts">\(frame.button("Run now…", "trigger-flow", [("flow", line.name)]))\(pause)</td></tr>
        """
    }
    let table =
      rows.isEmpty
      ? Words.nothing("The catalog has no flows: <code>catalog/flows.yml</code>.")
      : Words.table(
        "Flows", ["Flow", "When", "Next", "Last", "Datasets", ""], rows)
    return frame.page("Flows", .flows, isWide: true, "\(frame.title("Flows"))\(table)")
  }

  /// A flow's due times, the latest first, and what became of each.
  package static func flow(_ name: String, _ line: FlowLine?, _ history: [FlowLedger.Due], _ frame: Frame) -> HTML {
    let rows: [HTML] = history.map { due in
      let backfill: HTML? = due.backfill_id.map { "<a href=\"\(frame.site.backfill($0))\">\($0)</a>" }
      return """
        <tr><td>\(Words.moment(due.due_at))</td><td>\(due.fate.replacing("_", with: " "))</td>\
        <td class="wrap">\(due.reason)</td><td>\(backfill)</td><td>\(due.triggered_by)</td><td>\(Words.moment(due.settled_at))</td></tr>
        """
    }
    let isPaused = line?.state?.paused_at != nil
    let acts: HTML = """
      \(frame.button("Run now…", "trigger-flow", [("flow", name)]))\
      \(frame.button(isPaused ? "Resume…" : "Pause…", isPaused ? "resume-flow" : "pause-flow", [("flow", name)]))
      """
    let detail: HTML? = line.map {
      "\($0.title) · \($0.schedule_in_words.map { words in "\(words), \(line?.time_zone ?? "UTC")" } ?? "by hand")\($0.state?.next_due_at.map { " · next \(Words.moment($0))" as HTML })"
    }
    let table =
      rows.isEmpty
      ? Words.nothing("It was not due yet, since the service knows it.")
      : Words.table("Due times", ["Due", "What became of it", "Why", "Backfill", "By", "Settled"], rows)
    return frame.page(
      "\(name)", .flows,
      "\(frame.title("\(name)", detail ?? .empty, acts))<section><h2>Due times</h2>\(table)</section>")
  }

  /// `3 years ago to last year`.
  private static func years(_ line: FlowLine) -> String {
    func word(_ offset: Int) -> String {
      switch offset {
      case 0: "this year"
      case -1: "last year"
      case ..<0: "\(-offset) years ago"
      default: "in \(offset.counted("year"))"
      }
    }
    return line.first_year == line.last_year
      ? word(line.first_year) : "\(word(line.first_year)) to \(word(line.last_year))"
  }
}
