import FoundationEssentials
import Postgres
import TestSupport

/// A call on the queue: see `explore.call` in explore.sql.
struct Step: Hashable, CustomStringConvertible {
  var operation: String
  /// A worker's place, a task or a backfill.
  var argument: Int64 = 0
  /// With the oldest lease that was ever given for the task, rather than the latest.
  var isOldest = false

  var description: String { "\(operation) \(argument)\(isOldest ? " by its oldest lease" : "")" }
  /// As explore.sql reads it.
  var call: String { "\(operation) \(argument) \(isOldest)" }
}

/// A small world: two workers, three tasks, a source that one task may ask at a time, a task that waits for another.
enum Scene: String, CaseIterable {
  /// What waits, and what it waits for, belong to one backfill.
  case within
  /// They belong to two.
  case across

  /// Tasks and backfills have the same numbers in every new database.
  static let tasks: [Int64] = [1, 2, 3]
  static let backfills: [Int64] = [1, 2]

  func make(_ database: TestDatabase) async throws -> PostgresConnection {
    let connection = try await database.connect()
    // What is small and asked often: no plan is worth compiling, or making again for each value.
    try await connection.executeScript("SET jit = off; SET plan_cache_mode = force_generic_plan")
    try await connection.executeScript(
      String(contentsOfFile: PackageRoot.path + "/Tests/ExplorationTests/explore.sql", encoding: .utf8))
    let definition = String(repeating: "a", count: 64)
    for (name, upstream) in [("a", "{}"), ("b", "{a}")] {
      try await connection.execute(
        "INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql) VALUES ($1, $2, '', '')",
        [String(definition.dropLast()) + (name == "a" ? "a" : "b"), name])
      try await connection.execute(
        """
        INSERT INTO catalog.dataset
          (name, definition_hash, title, first_year, source_ids, primary_source_id, depends_on)
        VALUES ($1, $2, $1, 2000, ARRAY[$1 || '_source'], $1 || '_source', $3::text::text[])
        """, [name, String(definition.dropLast()) + (name == "a" ? "a" : "b"), upstream])
    }
    // So that the first task to be claimed is the first, and the second has its source.
    let backfills =
      self == .within
      ? [("{a,b}", "{2001}"), ("{a}", "{2002}")] : [("{a}", "{2001}"), ("{b}", "{2001}"), ("{a}", "{2002}")]
    try await connection.executeScript(
      """
      UPDATE queue.setting SET breaker_threshold = 0, max_attempts = 2, max_lost_workers = 2, max_throttles = 2,
        retry_base_interval = '1 hour', retry_cap_interval = '1 hour', lease_interval = '30 minutes';
      SELECT queue.configure_source('a_source', 1);
      SELECT explore.register(1), explore.register(2);
      """)
    for (index, (datasets, years)) in backfills.enumerated() {
      _ = try await connection.query(
        "SELECT * FROM queue.enqueue_backfill('\(datasets)', '\(years)', '2024-06', backfill_key => '\(index + 1)')")
    }
    _ = try await connection.query("SELECT queue.tidy()")
    return connection
  }

  /// Sequences that lead to states in which something can meet: a task that is leased, was leased before, has failed, was
  /// completed, was lost.
  static let prefixes: [[Step]] = [
    [], [claim(1)],
    [claim(1), Step(operation: "release", argument: 1)] + again,
    [claim(1), Step(operation: "complete", argument: 1), claim(2)],
    [claim(1), Step(operation: "fail_data", argument: 1), Step(operation: "tidy")],
    [claim(1), Step(operation: "lose", argument: 1)] + again,
    [claim(1), Step(operation: "throttle", argument: 1), Step(operation: "hurry")] + again,
    [claim(1), Step(operation: "fail", argument: 1), Step(operation: "hurry")] + again,
  ]

  private static func claim(_ place: Int64) -> Step { Step(operation: "claim", argument: place) }
  /// The first task once more, by the other worker: by its time alone another would come first.
  private static let again = [Step(operation: "prioritize_task", argument: 1), claim(2)]

  /// What calls that were rolled back left behind would slow down all that follow.
  static func vacuum(_ connection: PostgresConnection) async throws {
    for table in [
      "ready", "delayed", "blocked", "lease", "outcome", "progress", "progress_delta", "worker", "backfill", "lane",
    ] { try await connection.execute("VACUUM queue.\(table)") }
  }

  /// What can be tried in a state: with a lease, only for tasks that ever had one.
  static func steps(in state: String) -> [Step] {
    var steps = [1, 2].flatMap { [Step(operation: "claim", argument: $0), Step(operation: "lose", argument: $0)] }
    steps += [Step(operation: "claim_two", argument: 1), Step(operation: "stop", argument: 1)]
    let lines = state.split(separator: "\n")
    for task in tasks {
      let line = lines.first { $0.hasPrefix("\(task) ") } ?? ""
      let held = line.last?.wholeNumberValue ?? 0
      for operation in ["fence", "complete", "fail", "fail_data", "throttle", "release", "give_back", "snooze"] {
        if held > 0 { steps.append(Step(operation: operation, argument: task)) }
        if held > 1 { steps.append(Step(operation: operation, argument: task, isOldest: true)) }
      }
      if line.contains(" lease ") { steps.append(Step(operation: "overdue", argument: task)) }
      for operation in ["cancel_task", "retry_task", "prioritize_task"] {
        steps.append(Step(operation: operation, argument: task))
      }
    }
    for backfill in backfills {
      for operation in [
        "cancel_backfill", "retry_backfill", "pause_backfill", "resume_backfill", "prioritize_backfill",
        "enqueue_again",
      ] { steps.append(Step(operation: operation, argument: backfill)) }
    }
    for operation in ["hurry", "tidy", "pause_source", "resume_source", "prune"] {
      steps.append(Step(operation: operation))
    }
    return steps
  }
}
