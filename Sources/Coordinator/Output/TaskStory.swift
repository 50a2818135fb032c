import Postgres

/// All that is known of a task, in the order in which it happened, and what comes next.
struct TaskStory {
  let id: Int64
  let json: String
  private let task: PostgresRow
  private let attempts: [PostgresRow]
  private let checks: [PostgresRow]
  private let publication: PostgresRow?
  private let inputs: [PostgresRow]

  /// - Returns: nil where there is no such task.
  static func read(_ id: Int64, _ connection: PostgresConnection) async throws -> TaskStory? {
    let results = try await connection.pipeline([
      PostgresStatement(
        """
        SELECT t.dataset, t.data_year, t.region, t.as_of, t.state::text AS state, t.attempt_count, t.max_attempts,
          t.backfill_id, b.note, t.error_class, t.reason, t.detail ->> 'advice' AS advice, t.source_id,
          CASE WHEN t.state IN ('ready', 'blocked') THEN queue.why(t.task_id) END AS why
        FROM queue.task t JOIN queue.backfill b USING (backfill_id) WHERE t.task_id = $1
        """, [id]),
      PostgresStatement(
        """
        SELECT attempt_number, state, worker_name, host, to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS started_at,
          extract(epoch FROM ran_for)::float8 AS seconds, error_class, reason, detail ->> 'advice' AS advice,
          detail ->> 'error' AS error_type
        FROM queue.attempt WHERE task_id = $1 ORDER BY attempt_id
        """, [id]),
      PostgresStatement(
        """
        SELECT c.check_name, c.column_name, c.severity, c.message
        FROM quality.check_result c WHERE NOT c.success AND c.validation_id = (
          SELECT v.validation_id FROM quality.validation v WHERE v.task_id = $1 ORDER BY v.validation_id DESC LIMIT 1)
        ORDER BY c.severity, c.ordinal
        """, [id]),
      PostgresStatement(
        """
        SELECT publication_id, outcome, row_count, byte_count, lake_path, is_synthetic,
          (SELECT string_agg(s.key || ' ' || to_char(s.value::float8, 'FM999990.00') || ' s', ', ' ORDER BY array_position(
            ARRAY['fetch', 'build', 'examine', 'load', 'publish', 'place'], s.key)) FROM jsonb_each_text(steps) s) AS steps
        FROM lineage.publication WHERE task_id = $1 ORDER BY publication_id DESC LIMIT 1
        """, [id]),
      PostgresStatement(
        """
        SELECT i.request_name, i.source_id, i.url, i.byte_count, i.cache_hit, i.note,
          to_char(i.fetched_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS fetched_at, u.dataset AS upstream, u.publication_id AS of
        FROM lineage.input i LEFT JOIN lineage.publication u ON u.publication_id = i.input_publication_id
        WHERE i.publication_id = (SELECT max(publication_id) FROM lineage.publication WHERE task_id = $1) ORDER BY i.ordinal
        """, [id]),
      PostgresStatement(
        """
        SELECT jsonb_pretty(to_jsonb(t) || jsonb_build_object(
          'attempts', (SELECT jsonb_agg(to_jsonb(a) ORDER BY a.attempt_id) FROM queue.attempt a WHERE a.task_id = t.task_id),
          'publication', (SELECT to_jsonb(p) FROM lineage.publication p WHERE p.task_id = t.task_id ORDER BY p.publication_id DESC LIMIT 1),
          'inputs', (SELECT jsonb_agg(to_jsonb(i) ORDER BY i.ordinal) FROM lineage.input i
            WHERE i.publication_id = (SELECT max(publication_id) FROM lineage.publication WHERE task_id = t.task_id)),
          'failed_checks', (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.ordinal) FROM quality.check_result c
            WHERE NOT c.success AND c.validation_id = (SELECT max(validation_id) FROM quality.validation v WHERE v.task_id = t.task_id))
        )) AS json FROM queue.task t WHERE t.task_id = $1
        """, [id]),
    ])
    guard let task = results[0].first, let json = results[5].first else { return nil }
    return TaskStory(
      id: id, json: try json.decode("json"), task: task, attempts: results[1], checks: results[2],
      publication: results[3].first, inputs: results[4])
  }

  private var partition: String {
    get throws {
      let region = try task.text("region") ?? ""
      return "\(try task.decode("dataset", as: String.self)) \(try task.decode("data_year", as: Int.self))"
        + (region.isEmpty ? "" : " \(region)")
    }
  }

  /// - Parameter lake: the folder of the lake, for the report's path.
  func rendered(columns: Int, style: Style, unicode: Bool, lake: String) throws -> String {
    var lines: [String] = []
    func add(_ text: String, indent: Int, _ color: (String) -> String = { $0 }) {
      for line in Wrapped.lines(text, columns: max(40, columns - indent)) {
        lines.append(String(repeating: " ", count: indent) + color(line))
      }
    }
    let state: String = try task.decode("state")
    lines.append(style.bold("task \(id): \(try partition), as of \(try task.decode("as_of", as: String.self))"))
    let note = try task.text("note").map { " (\($0))" } ?? ""
    add(
      "\(state), \(try task.decode("attempt_count", as: Int.self)) of \(try task.decode("max_attempts", as: Int.self)) attempts, backfill \(try task.decode("backfill_id", as: Int64.self))\(note)",
      indent: 0)

    lines += ["", style.bold("attempts")]
    if attempts.isEmpty { lines.append("  none yet") }
    for attempt in attempts {
      let seconds = try attempt.decode("seconds", as: Double?.self).map { StepLines.shown($0) } ?? ""
      let place = "\(try attempt.text("worker_name") ?? "?")@\(try attempt.text("host") ?? "?")"
      add(
        "\(try attempt.decode("attempt_number", as: Int.self))  \(try attempt.decode("state", as: String.self))  \(try attempt.text("started_at") ?? "") UTC, \(seconds) on \(place)",
        indent: 2)
      guard let reason = try attempt.text("reason") else { continue }
      let type = try attempt.text("error_type").map { " (\($0))" } ?? ""
      add("\(try attempt.text("error_class").map { "\($0): " } ?? "")\(reason)\(type)", indent: 5, style.red)
      if let advice = try attempt.text("advice") { add("\(unicode ? "→" : ">") \(advice)", indent: 5) }
    }
    // A task that failed because another did has no attempt of its own to tell.
    if attempts.isEmpty, let reason = try task.text("reason") {
      add("\(try task.text("error_class").map { "\($0): " } ?? "")\(reason)", indent: 2, style.red)
    }
    if let why = try task.text("why") { add(why, indent: 2) }

    if !checks.isEmpty {
      lines += ["", style.bold("checks that did not pass")]
      for check in checks {
        let column = try check.text("column_name").map { " (\($0))" } ?? ""
        add(
          "\(try check.decode("severity", as: String.self))  \(try check.decode("check_name", as: String.self))\(column): \(try check.text("message") ?? "")",
          indent: 2)
      }
    }
    if let publication {
      let synthetic = try publication.decode("is_synthetic") ? ", from made-up recordings" : ""
      lines += ["", style.bold("published")]
      add(
        "\(try publication.decode("outcome", as: String.self)) as publication \(try publication.decode("publication_id", as: Int64.self)): \(try publication.decode("row_count", as: Int.self)) rows, \(ByteCount(try publication.decode("byte_count")).text)\(synthetic)",
        indent: 2)
      if let steps = try publication.text("steps") { add(steps, indent: 2) }
      let path: String = try publication.decode("lake_path")
      let folder = "\(lake)/\(path.split(separator: "/").dropLast().joined(separator: "/"))"
      lines.append("  file    \(lake)/\(path)")
      lines.append("  report  \(folder)/validation.html")
    }
    if !inputs.isEmpty {
      lines += ["", style.bold("made from")]
      for input in inputs.prefix(Self.mostInputs) { try add(Self.line(input), indent: 2) }
      if inputs.count > Self.mostInputs { lines.append("  and \(inputs.count - Self.mostInputs) more: aker lineage") }
    }
    lines += ["", style.bold("next")]
    for step in try next(state) { add(step, indent: 2) }
    return lines.joined(separator: "\n") + "\n"
  }

  /// More than a screen of documents is a list for aker lineage.
  private static let mostInputs = 12

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

  /// What an operator does now, with the command.
  private func next(_ state: String) throws -> [String] {
    let dataset: String = try task.decode("dataset")
    let year: Int = try task.decode("data_year")
    let region = try task.text("region").flatMap { $0.isEmpty ? nil : " --region \($0)" } ?? ""
    let retry = "aker retry --task \(id)"
    switch state {
    case "completed": return ["where it came from: aker lineage \(dataset) \(year)\(region)"]
    case "running": return ["stop it: aker cancel --task \(id)"]
    case "cancelled": return ["enqueue it again: aker backfill \(dataset) --years \(year)"]
    case "failed": break
    default: return ["before all others: aker prioritize --task \(id)", "not at all: aker cancel --task \(id)"]
    }
    switch try task.text("error_class") {
    case "data":
      return [
        "look at it without publishing: aker run \(dataset) --year \(year)\(region) --dry-run",
        "when the source has corrected its data: \(retry)",
        "when the definition is to follow: change catalog/datasets/\(dataset), aker catalog check, then aker backfill \(dataset) --years \(year) --only failed",
      ]
    case "dependency": return ["the task that it waited for is named above; retried, it takes this one along"]
    case "worker_lost":
      return ["see where it ends: aker run \(dataset) --year \(year)\(region) --dry-run", "then: \(retry)"]
    case "transient", "rate_limited":
      let source = try task.text("source_id").map { "how the source is doing: aker sources \($0)" }
      return [source, "then: \(retry)"].compactMap { $0 }
    default: return ["when its cause is gone: \(retry)"]
    }
  }
}
