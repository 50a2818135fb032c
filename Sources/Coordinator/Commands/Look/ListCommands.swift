import ArgumentParser
import Postgres

/// All backfills.
struct BackfillsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backfills", abstract: "List backfills, the newest first.",
    discussion: "EXAMPLES\n  aker backfills\n  aker backfills --json")
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let connection = try await Session.open(options).connectMigrated(migrates: false)
    try await printQuery(
      connection,
      """
      SELECT backfill_id, note, as_of, state, total, completed, failed, running, ready + blocked AS waiting, cancelled, skipped,
        date_trunc('second', created_at) AS created_at
      FROM queue.backfill_progress ORDER BY backfill_id DESC LIMIT 100
      """, json: options.json, whenEmpty: "there is no backfill yet: aker backfill --help",
      table: """
        backfill_id AS backfill, replace(state, '_with_failures', '') AS state, as_of, total AS tasks, completed AS published,
        failed, running + waiting AS left, note
        """)
    if options.json { return }
    let failed = try await connection.query(
      "SELECT max(backfill_id) AS backfill_id FROM queue.backfill_progress WHERE failed > 0")
    if let backfill = try failed.first?.decode("backfill_id", as: Int64?.self) {
      print("\nwhat failed, and why: aker tasks --backfill \(backfill) --state failed")
    }
  }
}

/// Tasks, filtered.
struct TasksCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tasks", abstract: "List tasks, filtered: what failed, and why; what runs; what waits.",
    discussion: """
      Of those that failed, each reason is told once below the list, with the commands that come next. What failed and was \
      published since, or is tried by a later backfill, is left out: --all lists that, too.

      EXAMPLES
        aker tasks --state failed
        aker tasks --backfill 3 --error-class data
        aker tasks --dataset market_income --year 2012 --json
        aker tasks --backfill 3 --warned
        aker task $(aker tasks --state failed --ids --limit 1)
      """)
  @Option(help: "Of this backfill.") var backfill: Int64?
  @Option(help: "blocked, ready, running, completed, failed or cancelled.") var state: String?
  @Option(help: "Of this dataset.") var dataset: String?
  @Option(help: "Of this year.") var year: Int?
  @Option(
    help: ArgumentHelp("transient, rate_limited, data, permanent, worker_lost or dependency.", valueName: "class"))
  var errorClass: String?
  @Flag(help: "Only those that were published with warnings.") var warned = false
  @Option(help: "At most so many.") var limit = 200
  @Flag(help: "Also those that failed and whose partition was published since, or has a later task.") var all = false
  @Flag(help: "Print nothing but their numbers, for other commands.") var ids = false
  @OptionGroup var options: GlobalOptions

  func validate() throws {
    let states = ["blocked", "ready", "running", "completed", "failed", "cancelled"]
    if let state, !states.contains(state) {
      throw ValidationError("--state takes \(states.joined(separator: ", ")), not '\(state)'")
    }
    try FailureClass.require(errorClass)
  }

  func run() async throws {
    let connection = try await Session.open(options).connectMigrated(migrates: false)
    // A misspelt name is not an empty list, which would read as good news.
    if let backfill { try await TargetTasks.requireExistence(.backfill(backfill, dataset: nil), connection) }
    if let dataset { try await TargetTasks.requireExistence(.dataset(dataset), connection) }
    let sql = """
      SELECT task_id, backfill_id, dataset, data_year, region, as_of, state, attempt_count AS attempts, error_class, reason,
        coalesce((result ->> 'warnings')::int, 0) AS warnings
      FROM queue.task
      WHERE ($1::bigint IS NULL OR backfill_id = $1) AND ($2::text IS NULL OR state::text = $2)
        AND ($3::text IS NULL OR dataset = $3) AND ($4::int IS NULL OR data_year = $4)
        AND ($5::text IS NULL OR error_class = $5)
        AND ($7 OR state <> 'failed' OR NOT queue.is_superseded(task_id))
        AND (NOT $8 OR (result ->> 'warnings')::int > 0)
      ORDER BY task_id LIMIT $6
      """
    let parameters: [(any PostgresEncodable)?] = [
      backfill, state, dataset, year, errorClass, limit, all, warned,
    ]
    if ids {
      let found = try await connection.query("SELECT task_id FROM (\(sql)) found", parameters)
        .map { try $0.decode("task_id", as: Int64.self) }
      if options.json { return try printJSON(found) }
      found.forEach { print($0) }
      return
    }
    try await printQuery(
      connection, sql, parameters, json: options.json,
      whenEmpty: "no task matches"
        + (all || (state ?? "failed") != "failed" ? "" : " (of what failed and was published since: --all)"),
      table: """
        task_id AS task, dataset || ' ' || data_year || CASE WHEN region = '' THEN '' ELSE ' ' || region END AS partition,
        state, attempts, error_class AS error,
        CASE WHEN warnings > 0 THEN 'published with ' || warnings || CASE warnings WHEN 1 THEN ' warning' ELSE ' warnings' END
          ELSE reason END AS reason
        """)
    if options.json { return }
    let summary = try await FailureSummary.read(sql, parameters, connection)
    let terminal = Terminal.standardOutput
    terminal.write(summary.rendered(columns: terminal.columnLimit ?? .max, style: Style(terminal)))
  }
}

/// Workers.
struct WorkersCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "workers", abstract: "List living workers, and those that ended in the last hour, with the reason.",
    discussion: "EXAMPLES\n  aker workers\n  aker workers --json")
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let connection = try await Session.open(options).connectMigrated(migrates: false)
    try await printQuery(
      connection,
      "SELECT worker_id, name, host, pid, version, state, slots, busy, last_heard, started_at, end_reason FROM queue.workers",
      json: options.json, whenEmpty: "no worker is alive: start one with aker-worker --slots 4",
      table: "worker_id AS worker, name, host, pid, state, slots, busy, last_heard, end_reason")
  }
}

/// One sentence about a task.
struct WhyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why", abstract: "Say in one sentence why a task waits, or how it ended.",
    discussion: "EXAMPLES\n  aker why 8812")
  @Argument(help: "The task's id.") var task: Int64
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let connection = try await Session.open(options).connectMigrated(migrates: false)
    do {
      let row = try await connection.query("SELECT queue.why($1) AS why", [task])[0]
      let why = try row.text("why") ?? "it just changed state; ask again"
      if options.json { try printJSON(["why": why]) } else { print(why) }
    } catch let error as PostgresError where error.sqlState?.hasPrefix("AK") == true {
      throw Failure(.usage, error.message, advice: "aker tasks lists them.")
    }
  }
}
