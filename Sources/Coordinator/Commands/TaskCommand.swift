import ArgumentParser
import Postgres

/// The whole story of a task.
struct TaskCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "task", abstract: "Tell a task's whole story: its attempts, what each met, and what to do next.",
    discussion: "EXAMPLES\n  aker task 8812\n  aker task 8812 --json")
  @Argument(help: "The task's id.") var task: Int64
  @OptionGroup var options: GlobalOptions

  private static let attempts = """
    SELECT attempt_id, attempt_number, state, worker_name, host, date_trunc('milliseconds', started_at) AS started_at,
      date_trunc('milliseconds', ran_for) AS ran_for, error_class, reason
    FROM queue.attempt WHERE task_id = $1 ORDER BY attempt_id
    """

  func run() async throws {
    let connection = try await Session.open(options).connectMigrated(migrates: false)
    if options.json {
      return try await printQuery(
        connection,
        "SELECT t.*, (SELECT jsonb_agg(to_jsonb(a)) FROM (\(Self.attempts)) a) AS attempts FROM queue.task t WHERE t.task_id = $1",
        [task], json: true, whenEmpty: "")
    }
    let rows = try await connection.query(
      "SELECT *, state::text AS state_name, jsonb_pretty(detail) AS detail_text, jsonb_pretty(result) AS result_text FROM queue.task WHERE task_id = $1",
      [task])
    guard let row = rows.first else {
      throw Failure(.usage, "there is no task \(task)", advice: "aker tasks lists them.")
    }
    let style = Style(.standardOutput)
    let region = try row.text("region") ?? ""
    let state: String = try row.decode("state_name")
    print(
      style.bold(
        "task \(task): \(try row.decode("dataset", as: String.self)) \(try row.decode("data_year", as: Int.self))\(region.isEmpty ? "" : " \(region)"), as of \(try row.decode("as_of", as: String.self))"
      ))
    print(
      "\(state), \(try row.decode("attempt_count", as: Int.self)) of \(try row.decode("max_attempts", as: Int.self)) attempts, backfill \(try row.decode("backfill_id", as: Int64.self))\n"
    )
    try await printQuery(connection, Self.attempts, [task], json: false, whenEmpty: "no attempt yet")
    if let reason = try row.text("reason") {
      print("\n" + style.bold("\(try row.text("error_class") ?? "reason"): ") + reason)
    }
    if let detail = try row.text("detail_text") { print(detail) }
    if let result = try row.text("result_text") { print("\n" + style.bold("result") + "\n" + result) }
    print("\n" + style.bold("next: ") + Self.next(state, task))
  }

  private static func next(_ state: String, _ task: Int64) -> String {
    switch state {
    case "failed": "when its cause is gone: aker retry --task \(task)"
    case "completed": "where it came from: aker lineage DATASET YEAR"
    case "running": "stop it: aker cancel --task \(task)"
    case "cancelled": "enqueue it again with aker backfill"
    default: "why it waits: aker why \(task); before all others: aker prioritize --task \(task)"
    }
  }
}
