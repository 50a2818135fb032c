import FoundationEssentials
import Postgres
import Base

extension TaskStory {
  /// - Parameter lake: the folder of the lake, for the report's path.
  func rendered(columns: Int, style: Style, unicode: Bool, lake: String) throws -> String {
    var text = StoryText(columns: columns)
    let note = try task.text("note").map { " (\($0))" } ?? ""
    text.lines.append(
      style.bold("task \(id): \(try Self.partition(task)), as of \(try task.decode("as_of", as: String.self))"))
    let attemptCount: Int = try task.decode("attempt_count")
    // Those that a lost worker or a source's limit ended, and those before a retry by hand.
    let uncounted = attempts.count - attemptCount
    let others = uncounted > 0 ? " and \(uncounted) that \(uncounted == 1 ? "does" : "do") not count" : ""
    text.add(
      "\(try state), \(attemptCount) of \(try task.decode("max_attempts", as: Int.self).counted("attempt"))\(others), backfill \(try task.decode("backfill_id", as: Int64.self))\(note)",
      indent: 0)

    text.heading("attempts", style)
    if attempts.isEmpty { text.lines.append("  none yet") }
    var before: PostgresRow?
    for (index, attempt) in attempts.enumerated() {
      try add(attempt, index + 1, after: before, to: &text, style, unicode)
      before = attempt
    }
    // A task that failed because another did has no attempt of its own to tell.
    if attempts.isEmpty, let reason = try task.text("reason") {
      text.add("\(try task.text("error_class").map { "\($0): " } ?? "")\(reason)", indent: 2, style.red)
    }
    if let why = try task.text("why") { text.add(why, indent: 2) }

    if !checks.isEmpty {
      text.heading("checks that did not pass", style)
      for check in checks {
        let column = try check.text("column_name").map { " (\($0))" } ?? ""
        text.add(
          "\(try check.decode("severity", as: String.self))  \(try check.decode("check_name", as: String.self))\(column): \(try check.text("message") ?? "")",
          indent: 2)
        try addRows(of: check, to: &text)
      }
    }
    if let publication {
      let synthetic = try publication.decode("is_synthetic") ? ", from made-up recordings" : ""
      let outcome: String = try publication.decode("outcome")
      let isKept = outcome == "lake_only"
      text.heading(isKept ? "kept" : "published", style)
      let what =
        isKept ? "kept in the lake: the warehouse shows \(try publication.text("shown_as_of") ?? "nothing");" : outcome
      text.add(
        "\(what) as publication \(try publication.decode("publication_id", as: Int64.self)): \(try publication.decode("row_count", as: Int.self).counted("row")), \(ByteCount(try publication.decode("byte_count")).text)\(synthetic)",
        indent: 2)
      if let steps = try publication.text("steps") { text.add(steps, indent: 2) }
      text.lines.append("  file    \(lake)/\(try publication.decode("lake_path", as: String.self))")
      if let report = try reportPath(lake: lake) { text.lines.append("  report  \(report)") }
    }
    try addInputs(to: &text, style)
    text.heading("next", style)
    // Not broken: the half of a command is another command.
    for step in try next() { text.lines.append("  " + step) }
    return text.lines.joined(separator: "\n") + "\n"
  }

  /// The first rows that a check does not like, as the report has them.
  private func addRows(of check: PostgresRow, to text: inout StoryText) throws {
    let rows: [String] = try check.decode("examples")
    for row in rows.prefix(Self.mostExamples) { text.add(row, indent: 6) }
    if rows.count > Self.mostExamples { text.add("and \(rows.count - Self.mostExamples) more", indent: 6) }
  }

  private static let mostExamples = 5

  static func partition(_ row: PostgresRow) throws -> String {
    let region = try row.text("region") ?? ""
    return "\(try row.decode("dataset", as: String.self)) \(try row.decode("data_year", as: Int.self))"
      + (region.isEmpty ? "" : " \(region)")
  }

  // MARK: Attempts

  private struct Step: Decodable {
    var step: String
    var after: Double
    var seconds: Double?
    var done: Bool
    var detail: String?
  }

  private func add(
    _ attempt: PostgresRow, _ number: Int, after before: PostgresRow?, to text: inout StoryText, _ style: Style,
    _ unicode: Bool
  ) throws {
    let seconds = try attempt.decode("seconds", as: Double?.self).map { StepLines.shown($0) } ?? ""
    let place = "\(try attempt.text("worker_name") ?? "?")@\(try attempt.text("host") ?? "?")"
    let state: String = try attempt.decode("state")
    text.add(
      "\(number)  \(state)  \(try attempt.text("started_at") ?? "") UTC, \(seconds) on \(place), definition \((try attempt.text("definition_hash") ?? "?").prefix(12))",
      indent: 2)
    let steps = try JSONDecoder().decode([Step].self, from: Data(try attempt.decode("steps", as: String.self).utf8))
    for step in steps { text.add(Self.line(step, state), indent: 5, step.done ? { $0 } : style.red) }
    if steps.isEmpty, state == "worker_lost" {
      text.add("its worker told no step: it died within a second or so of this attempt's start", indent: 5)
    }
    guard let reason = try attempt.text("reason") else { return }
    let type = try attempt.text("error_type").map { " (\($0))" } ?? ""
    let causes: [String] = try attempt.decode("causes")
    // Five attempts that met the same tell it once.
    let isKnown = try before.map { try $0.decode("causes", as: [String].self) == causes } ?? false
    let error = ErrorLines(
      label: try attempt.text("error_class").map { "\($0): " } ?? "", summary: reason + type,
      causes: isKnown ? [] : causes, advice: try attempt.text("advice"))
    text.lines += error.rendered(columns: text.columns - 5, style: style, unicode: unicode)
      .map { "     " + $0 }
  }

  private static func line(_ step: Step, _ state: String) -> String {
    if step.done {
      return "\(step.step) \(StepLines.shown(step.seconds ?? 0))" + (step.detail.map { ": \($0)" } ?? "")
    }
    switch state {
    case "running": return "\(step.step) since \(StepLines.shown(step.after)) after its start"
    // Nobody was left to say how long.
    case "worker_lost": return "\(step.step) begun \(StepLines.shown(step.after)) after its start; it ended here"
    default: return "\(step.step) \(StepLines.shown(step.seconds ?? 0)); it ended here"
    }
  }

  // MARK: Inputs

  /// More than a screen of documents is a list for aker lineage.
  private static let mostInputs = 12

  private struct Input: Decodable {
    var request: String
    var source: String
    var url: String
    var fetched_at: String
    var byte_count: Int64
    var sha256: String?
    var cache_hit: Bool
  }

  private func addInputs(to text: inout StoryText, _ style: Style) throws {
    var lines = try inputs.map(Self.line)
    var heading = "made from"
    if lines.isEmpty, let attempt = attempts.last {
      heading = "what the last attempt read"
      lines = try JSONDecoder().decode([Input].self, from: Data(try attempt.decode("inputs", as: String.self).utf8))
        .map { input in
          let name = "\(input.request) from \(input.source)"
          guard input.sha256 != nil else { return "\(name): the source does not offer it: \(input.url)" }
          let time = input.fetched_at.prefix(16).replacing("T", with: " ")
          return
            "\(name): \(ByteCount(input.byte_count).text), fetched \(time) UTC\(input.cache_hit ? ", from the cache" : ""): \(input.url)"
        }
    }
    guard !lines.isEmpty else { return }
    text.heading(heading, style)
    for line in lines.prefix(Self.mostInputs) { text.add(line, indent: 2) }
    if lines.count > Self.mostInputs {
      text.lines.append(
        "  and \(lines.count - Self.mostInputs) more: aker \(inputs.isEmpty ? "task \(id) --json" : "lineage")")
    }
  }

  private static func line(_ input: PostgresRow) throws -> String {
    if let upstream = try input.text("upstream") {
      return "\(upstream), publication \(try input.decode("of", as: Int64.self))"
    }
    let name = "\(try input.decode("request_name", as: String.self)) from \(try input.text("source_id") ?? "?")"
    if let note = try input.text("note") { return "\(name): \(note)" }
    let size = ByteCount(try input.decode("byte_count", as: Int64?.self) ?? 0).text
    let cache = try input.decode("cache_hit") ? ", from the cache" : ""
    return "\(name): \(size), fetched \(try input.text("fetched_at") ?? "?") UTC\(cache)"
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
