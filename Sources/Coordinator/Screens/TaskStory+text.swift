import Base
import Console
import FoundationEssentials
import Lineage
import Queue

extension TaskStory {
  /// - Parameter lake: the folder of the lake, for the file's path.
  func rendered(columns: Int, style: Style, unicode: Bool, lake: String) -> String {
    var text = StoryText(columns: columns)
    addHead(to: &text, style)
    text.heading("attempts", style)
    if attempts.isEmpty { text.lines.append("  none yet") }
    var before: StoryAttempt?
    for (index, attempt) in attempts.enumerated() {
      add(attempt, index + 1, after: before, to: &text, style, unicode)
      before = attempt
    }
    // A task that failed because another did has no attempt of its own to tell.
    if attempts.isEmpty, let reason = task.reason {
      text.add("\(task.error_class.map { "\($0.rawValue): " } ?? "")\(reason)", indent: 2, style.red)
    }
    if let why = task.why { text.add(why, indent: 2) }
    addChecks(to: &text, style)
    if let publication { add(publication, to: &text, style, lake: lake) }
    addInputs(to: &text, style)
    text.heading("next", style)
    // Not broken: the half of a command is another command.
    for step in next { text.lines.append("  " + step) }
    return text.lines.joined(separator: "\n") + "\n"
  }

  private func addHead(to text: inout StoryText, _ style: Style) {
    let note = task.note.map { " (\($0))" } ?? ""
    text.lines.append(style.bold("task \(task.task_id): \(task.partition), as of \(task.as_of)"))
    // Those that a lost worker or a source's limit ended, and those before a retry by hand.
    let uncounted = attempts.count - task.attempt_count
    let others = uncounted > 0 ? " and \(uncounted) that \(uncounted == 1 ? "does" : "do") not count" : ""
    let counted = "\(task.attempt_count) of \(task.max_attempts.counted("attempt"))"
    text.add("\(task.state.rawValue), \(counted)\(others), backfill \(task.backfill_id)\(note)", indent: 0)
  }

  // MARK: Checks

  private static let mostExamples = 5

  private func addChecks(to text: inout StoryText, _ style: Style) {
    if failed_checks.isEmpty { return }
    text.heading("checks that did not pass", style)
    for check in failed_checks {
      let column = check.column_name.map { " (\($0))" } ?? ""
      text.add("\(check.severity)  \(check.check_name)\(column): \(check.message ?? "")", indent: 2)
      if let expected = check.expected { text.add("expected \(expected)", indent: 6) }
      if let percent = check.percent { text.add("found    \(percent) % not as expected, such as", indent: 6) }
      // The first rows that the check does not like, as the report has them.
      for row in check.examples.prefix(Self.mostExamples) { text.add(row.json, indent: 6) }
      let more = check.examples.count - Self.mostExamples
      if more > 0 { text.add("and \(more) more", indent: 6) }
    }
  }

  // MARK: What was published

  private func add(_ publication: StoryPublication, to text: inout StoryText, _ style: Style, lake: String) {
    let synthetic = publication.is_synthetic ? ", from made-up recordings" : ""
    let isKept = publication.outcome == .lakeOnly
    text.heading(isKept ? "kept" : "published", style)
    let what = publication.outcome.words(shown: publication.shown_as_of ?? "nothing") + (isKept ? ";" : "")
    let size = "\(publication.row_count.counted("row")), \(ByteCount(publication.byte_count).text)"
    text.add("\(what) as publication \(publication.publication_id): \(size)\(synthetic)", indent: 2)
    if !publication.steps.isEmpty {
      text.add(
        publication.steps.map { "\($0.step) \(StepLines.shown($0.seconds))" }.joined(separator: ", "), indent: 2)
    }
    text.lines.append("  file    \(lake)/\(publication.lake_path)")
    if let report { text.lines.append("  report  \(report)") }
  }

  // MARK: Attempts

  private func add(
    _ attempt: StoryAttempt, _ number: Int, after before: StoryAttempt?, to text: inout StoryText, _ style: Style,
    _ unicode: Bool
  ) {
    let seconds = attempt.seconds.map { StepLines.shown($0) } ?? ""
    let place = "\(attempt.worker_name ?? "?")@\(attempt.host ?? "?")"
    let definition = (attempt.definition_hash ?? "?").prefix(12)
    let started = attempt.started_at.shown(to: .second)
    text.add(
      "\(number)  \(attempt.state.rawValue)  \(started) UTC, \(seconds) on \(place), definition \(definition)",
      indent: 2)
    for step in attempt.steps {
      text.add(Self.line(step, attempt.state), indent: 5, step.done ? { $0 } : style.red)
    }
    if attempt.steps.isEmpty, attempt.state == .workerLost {
      text.add("its worker told no step: it died within a second or so of this attempt's start", indent: 5)
    }
    guard let reason = attempt.reason else { return }
    // Five attempts that met the same tell it once.
    let isKnown = before?.causes == attempt.causes
    let error = ErrorLines(
      label: attempt.error_class.map { "\($0.rawValue): " } ?? "",
      summary: reason + (attempt.error.map { " (\($0))" } ?? ""), causes: isKnown ? [] : attempt.causes,
      advice: attempt.advice)
    text.lines += error.rendered(columns: text.columns - 5, style: style, unicode: unicode)
      .map { "     " + $0 }
  }

  private static func line(_ step: StoryAttempt.Step, _ state: AttemptState) -> String {
    if step.done {
      return "\(step.step) \(StepLines.shown(step.seconds ?? 0))" + (step.detail.map { ": \($0)" } ?? "")
    }
    switch state {
    case .running: return "\(step.step) since \(StepLines.shown(step.after)) after its start"
    // Nobody was left to say how long.
    case .workerLost: return "\(step.step) begun \(StepLines.shown(step.after)) after its start; it ended here"
    default: return "\(step.step) \(StepLines.shown(step.seconds ?? 0)); it ended here"
    }
  }

  // MARK: Inputs

  /// More than a screen of documents is a list for aker lineage.
  private static let mostInputs = 12

  private func addInputs(to text: inout StoryText, _ style: Style) {
    var lines = inputs.map(Self.line)
    var heading = "made from"
    if lines.isEmpty, let attempt = attempts.last {
      heading = "what the last attempt read"
      lines = attempt.inputs.map(Self.line)
    }
    guard !lines.isEmpty else { return }
    text.heading(heading, style)
    for line in lines.prefix(Self.mostInputs) { text.add(line, indent: 2) }
    if lines.count > Self.mostInputs {
      let command = inputs.isEmpty ? "task \(task.task_id) --json" : "lineage"
      text.lines.append("  and \(lines.count - Self.mostInputs) more: aker \(command)")
    }
  }

  private static func line(_ input: StoryAttempt.Input) -> String {
    let name = "\(input.request) from \(input.source)"
    guard input.sha256 != nil else { return "\(name): the source does not offer it: \(input.url)" }
    let time = input.fetched_at.prefix(16).replacing("T", with: " ")
    let cache = input.cache_hit ? ", from the cache" : ""
    return "\(name): \(ByteCount(input.byte_count).text), fetched \(time) UTC\(cache): \(input.url)"
  }

  private static func line(_ input: StoryInput) -> String {
    if let upstream = input.upstream_dataset, let publication = input.upstream_publication {
      return "\(upstream), publication \(publication)"
    }
    let name = "\(input.request_name ?? "?") from \(input.source_id ?? "?")"
    if let note = input.note { return "\(name): \(note)" }
    let fetched = input.fetched_at?.shown() ?? "?"
    let cache = input.cache_hit == true ? ", from the cache" : ""
    return "\(name): \(ByteCount(input.byte_count ?? 0).text), fetched \(fetched) UTC\(cache)"
  }
}

/// Lines that are wrapped to a width, indented.
private struct StoryText {
  var lines: [String] = []
  let columns: Int

  init(columns: Int) {
    self.columns = columns
  }

  mutating func heading(_ text: String, _ style: Style) {
    lines += ["", style.bold(text)]
  }

  mutating func add(_ text: String, indent: Int, _ color: (String) -> String = { $0 }) {
    for line in Wrapped.lines(text, columns: max(40, columns - indent)) {
      lines.append(String(repeating: " ", count: indent) + color(line))
    }
  }
}
