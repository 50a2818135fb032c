internal import Base
package import Console
internal import FoundationEssentials
internal import Lineage
internal import Queue

/// A task's whole story.
package struct TaskPage: Sendable {
  package var story: TaskStory
  package var log: [TaskLogLine]

  package init(story: TaskStory, log: [TaskLogLine] = []) {
    self.story = story
    self.log = log
  }

  package func html(_ frame: Frame) -> HTML {
    let task = story.task
    let region: HTML = task.region.isEmpty ? .empty : " \(task.region)"
    let heading: HTML =
      "<a href=\"\(frame.site.partition(task.dataset, task.data_year, region: task.region))\">\(task.dataset) \(task.data_year)\(region)</a>"
    let detail: HTML = """
      \(Words.badge(task.state)) task \(task.task_id) of <a href="\(frame.site.backfill(task.backfill_id))">backfill \
      \(task.backfill_id)</a>\(task.note.map { " (\($0))" as HTML }) · vintage \(task.as_of) · \
      attempt \(task.attempt_count) of \(task.max_attempts)\(task.source_id.map { " · source <a href=\"\(frame.site.path("sources"))#\($0)\">\($0)</a>" as HTML })
      """
    return frame.page(
      "Task \(task.task_id)", .tasks,
      """
      \(frame.title(heading, detail, Self.acts(task.task_id, task.state, frame)))\(states)\(cause)\(definitions(frame))\(upstream(frame))\
      \(checks)\(publication)\(attempts)\(logged)\(inputs)
      """)
  }

  /// What can be done to a task now.
  static func acts(_ id: Int64, _ state: TaskState, _ frame: Frame) -> HTML {
    switch state {
    case .failed: frame.button("Retry…", "retry", [("task", "\(id)")], isMain: true)
    case .ready, .blocked:
      "\(frame.button("First…", "prioritize", [("task", "\(id)")]))\(frame.button("Cancel…", "cancel", [("task", "\(id)")]))"
    case .running: frame.button("Cancel…", "cancel", [("task", "\(id)")])
    case .completed, .cancelled: .empty
    }
  }

  private var cause: HTML {
    let task = story.task
    let isBad = task.state == .failed
    let text = task.why ?? task.reason
    let kind: HTML = isBad ? "<p class=\"kind\">\(Words.errorClass(task.error_class))</p>" : .empty
    let last = story.attempts.last { $0.reason != nil }
    let causes: HTML =
      (last?.causes.isEmpty ?? true) || !isBad
      ? .empty : "<ol class=\"causes\">\(last?.causes.map { "<li>\($0)</li>" as HTML } ?? [])</ol>"
    let next: HTML =
      story.next.isEmpty
      ? .empty : "<div class=\"next\"><h2>What to do next</h2>\(story.next.map(Words.advice))</div>"
    guard text != nil || !story.next.isEmpty else { return .empty }
    let said: HTML = text.map(Words.reason) ?? .empty
    let advice: HTML = isBad ? task.advice.map { "<p>\($0)</p>" } ?? .empty : .empty
    return "<section class=\"cause\(isBad ? " bad" as HTML : "")\">\(kind)\(said)\(causes)\(advice)\(next)</section>"
  }

  /// The states that it went through, with their times.
  private var states: HTML {
    var items: [HTML] = ["<li>enqueued \(Words.moment(story.task.created_at))</li>"]
    // Of many attempts the last ones: all of them are told below.
    let shown = story.attempts.suffix(4)
    if story.attempts.count > shown.count { items.append("<li>\(story.attempts.count - shown.count) attempts</li>") }
    for attempt in shown {
      items.append("<li>\(Words.badge(word: "running")) \(Words.moment(attempt.started_at))</li>")
      guard attempt.state != .running else { continue }
      let ended = attempt.seconds.map { Words.moment(attempt.started_at.addingTimeInterval($0)) }
      items.append("<li>\(Words.badge(word: attempt.state.rawValue)) \(ended)</li>")
    }
    let last = story.attempts.last?.state.rawValue
    if last != story.task.state.rawValue { items.append("<li>\(Words.badge(story.task.state)) now</li>") }
    return "<ol class=\"states\" aria-label=\"Its states\">\(items)</ol>"
  }

  /// Where the definition that it failed by is not the one of now, both are offered.
  private func definitions(_ frame: Frame) -> HTML {
    guard let made = story.superseded, let applied = story.task.applied_definition else { return .empty }
    let then = String(made.prefix(12))
    let button = frame.button(
      "Retry by the one it failed by…", "retry", [("task", "\(story.task.task_id)"), ("definition", then)])
    return """
      <ul class="notes"><li><b>There is a newer definition</b>: it failed by <code>\(then)</code>; <code>\
      \(String(applied.prefix(12)))</code> is applied now, and <i>Retry…</i> builds by that. \(button)</li></ul>
      """
  }

  private func upstream(_ frame: Frame) -> HTML {
    guard !story.failed_upstream.isEmpty else { return .empty }
    let rows: [HTML] = story.failed_upstream.map {
      "<tr><td><a href=\"\(frame.site.task($0.task_id))\">\($0.partition)</a></td><td>\(Words.badge($0.state))</td><td class=\"wrap\">\($0.reason)</td></tr>"
    }
    return
      "<section><h2>It waited for</h2>\(Words.table("What it waited for", ["Task", "State", "Reason"], rows))</section>"
  }

  private var checks: HTML {
    guard !story.failed_checks.isEmpty else { return .empty }
    let rows: [HTML] = story.failed_checks.map { check in
      let examples = check.examples.prefix(3).compactMap(\.text).joined(separator: " | ")
      return """
        <tr><td>\(Words.named(check.severity, check.severity == "warn" ? .warned : .failed))</td><td>\(check.check_name)</td>\
        <td>\(check.column_name)</td><td class="wrap">\(check.expected)</td><td class="number">\(check.percent.map { "\($0) %" as HTML })</td>\
        <td class="wrap">\(check.message)\(examples.isEmpty ? .empty : "<br><small>\(examples)</small>" as HTML)</td></tr>
        """
    }
    return """
      <section><h2>Checks that did not pass</h2>\
      \(Words.table("Checks that did not pass", ["Severity", "Check", "Column", "Expected", "Off", "Found"], rows))</section>
      """
  }

  private var publication: HTML {
    guard let made = story.publication else { return .empty }
    let report: HTML = story.report.map { "<dt>Validation report</dt><dd><code>\($0)</code></dd>" } ?? .empty
    return """
      <section><h2>What it published</h2><dl class="facts"><dt>Outcome</dt><dd>\(made.outcome.words(shown: made.shown_as_of))\
      \(made.is_synthetic ? " (synthetic)" as HTML : "")</dd><dt>Rows</dt><dd>\(Words.count(made.row_count))</dd>\
      <dt>Size</dt><dd>\(Words.bytes(made.byte_count))</dd><dt>File</dt><dd><code>\(made.lake_path)</code></dd>\
      <dt>The warehouse shows</dt><dd>\(made.shown_as_of ?? "nothing")</dd>\(report)</dl>\
      \(Self.steps(made.steps.map { ($0.step, $0.seconds, true) }))</section>
      """
  }

  private var attempts: HTML {
    guard !story.attempts.isEmpty else { return .empty }
    let items: [HTML] = story.attempts.reversed().map { attempt in
      let reason: HTML = attempt.reason.map(Words.reason) ?? .empty
      let causes: HTML =
        attempt.causes.isEmpty ? .empty : "<ol class=\"causes\">\(attempt.causes.map { "<li>\($0)</li>" as HTML })</ol>"
      let kind = [Words.errorClass(attempt.error_class), attempt.error ?? ""].filter { !$0.isEmpty }
      let step: HTML = attempt.step.map { " · in step <b>\($0)</b>" } ?? .empty
      let by = [attempt.worker_name, attempt.host].compactMap { $0 }.joined(separator: "@")
      return """
        <li><div class="line">\(Words.badge(word: attempt.state.rawValue)) <b>attempt \(attempt.attempt_number)</b> \
        \(Words.moment(attempt.started_at)) · \(Words.seconds(attempt.seconds)) · \(by)\(step)</div>\
        \(kind.isEmpty ? .empty : "<p class=\"kind\">\(kind.joined(separator: " · "))</p>" as HTML)\(reason)\(causes)\
        \(Self.steps(attempt.steps.map { ($0.step + ($0.detail.map { " · " + $0 } ?? ""), $0.seconds ?? 0, $0.done) }))\
        \(documents(attempt.inputs))\(attempt.definition_hash.map { "<p class=\"small\">by definition <code>\(String($0.prefix(12)))</code></p>" as HTML })</li>
        """
    }
    return "<section><h2>Attempts</h2><ol class=\"attempts\" reversed>\(items)</ol></section>"
  }

  /// Attempt by attempt, the last first.
  private var logged: HTML {
    guard !log.isEmpty else { return .empty }
    let numbers = Set(log.map(\.attempt_number)).sorted(by: >)
    let items: [HTML] = numbers.map { number in
      let lines = log.filter { $0.attempt_number == number }
      let texts: [HTML] = lines.map { "\(Words.moment($0.at)) <b>\($0.level)</b> \($0.text)\n" }
      return """
        <details><summary>attempt \(number): \(lines.count.counted("line"))</summary>\
        <pre class="log" tabindex="0">\(texts)</pre></details>
        """
    }
    return "<section><h2>What they logged</h2>\(items)</section>"
  }

  /// As bars, so that what took long is seen.
  private static func steps(_ steps: [(name: String, seconds: Double, isDone: Bool)]) -> HTML {
    guard !steps.isEmpty else { return .empty }
    let most = max(steps.map(\.seconds).max() ?? 0, 0.001)
    let rows: [HTML] = steps.map { step in
      // The stylesheet has no inline styles: a meter says how long.
      """
      <li><span>\(step.name)</span><meter min="0" max="1000" value="\(Int(step.seconds / most * 1000))" \
      aria-label="\(step.name)"></meter><span class="number">\(step.isDone ? Words.seconds(step.seconds) : "…")</span></li>
      """
    }
    return "<ul class=\"steps\">\(rows)</ul>"
  }

  private func documents(_ inputs: [StoryAttempt.Input]) -> HTML {
    guard !inputs.isEmpty else { return .empty }
    let rows: [HTML] = inputs.map { input in
      """
      <tr><td>\(input.request)</td><td class="wrap">\(Self.link(input.url))</td><td class="number">\(Words.bytes(input.byte_count))</td>\
      <td><code title="\(input.sha256)">\(String((input.sha256 ?? "–").prefix(12)))</code></td>\
      <td>\(input.cache_hit ? "from the cache" : "fetched")</td><td>\(Words.moment(input.fetched_at))</td></tr>
      """
    }
    return """
      <details><summary>\(inputs.count.counted("document"))</summary>\
      \(Words.table("Documents", ["Request", "Address", "Size", "SHA-256", "From", "When"], rows))</details>
      """
  }

  /// Addresses of the web alone can be followed; whatever else is text.
  static func link(_ url: String?) -> HTML {
    guard let url else { return .empty }
    guard url.hasPrefix("https://") || url.hasPrefix("http://") else { return "\(url)" }
    return "<a href=\"\(url)\" rel=\"noreferrer\">\(url)</a>"
  }

  private var inputs: HTML {
    guard !story.inputs.isEmpty else { return .empty }
    let rows: [HTML] = story.inputs.map { input in
      let what: HTML =
        input.upstream_dataset.map { "\($0), publication \(input.upstream_publication ?? 0)" } ?? Self.link(input.url)
      let from = input.cache_hit.map { $0 ? "from the cache" : "fetched" } ?? ""
      return """
        <tr><td>\(input.request_name)</td><td class="wrap">\(what)</td><td class="number">\(Words.bytes(input.byte_count))</td>\
        <td>\(from)</td><td>\(Words.moment(input.fetched_at))</td><td class="wrap">\(input.note)</td></tr>
        """
    }
    return """
      <section><h2>Made from</h2>\
      \(Words.table("What it was made from", ["Request", "What", "Size", "From", "When", "Note"], rows))</section>
      """
  }
}
