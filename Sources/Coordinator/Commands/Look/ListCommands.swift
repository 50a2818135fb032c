import ArgumentParser
import Base
import Console
import Postgres
import Queue

/// All backfills.
struct BackfillsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backfills", abstract: "List backfills, the newest first.",
    discussion: "EXAMPLES\n  aker backfills\n  aker backfills --json")
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let connection = try await Session.open(options).connectToLook()
    let backfills = try await BackfillLine.list(connection)
    if options.json { return try printJSON(backfills) }
    let rows = backfills.map { line in
      [
        "\(line.backfill_id)", line.state.word, line.as_of, "\(line.total)",
        "\(line.completed)", "\(line.failed)", "\(line.running + line.waiting)", line.note ?? "",
      ]
    }
    printTable(
      ["backfill", "state", "as_of", "tasks", "published", "failed", "left", "note"], rows,
      whenEmpty: "there is no backfill yet: aker backfill --help")
    if let failed = backfills.first(where: { $0.failed > 0 }) {
      print("\nwhat failed, and why: aker tasks --backfill \(failed.backfill_id) --state failed")
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
  @Option(help: "Of this backfill.", completion: Names.backfills) var backfill: Int64?
  @Option(help: "blocked, ready, running, completed, failed or cancelled.") var state: String?
  @Option(help: "Of this dataset.", completion: Names.datasets) var dataset: String?
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
    let states = TaskState.allCases.map(\.rawValue)
    if let state, !states.contains(state) {
      throw ValidationError("--state takes \(states.joined(separator: ", ")), not '\(state)'")
    }
    try FailureClass.require(errorClass)
  }

  func run() async throws {
    let connection = try await Session.open(options).connectToLook()
    let tasks = try await TaskLine.list(
      TaskLine.Filter(
        backfill: backfill, state: state.flatMap { TaskState(rawValue: $0) }, dataset: dataset, year: year,
        errorClass: errorClass.flatMap(ErrorClass.init(rawValue:)), withSuperseded: all, warned: warned, limit: limit),
      connection)
    if ids {
      let found = tasks.map(\.task_id)
      if options.json { return try printJSON(found) }
      found.forEach { print($0) }
      return
    }
    if options.json { return try printJSON(tasks) }
    let rows = tasks.map { line in
      [
        "\(line.task_id)", line.partition, line.state.rawValue, "\(line.attempts)", line.error_class?.rawValue ?? "",
        line.warnings > 0 ? "published with \(line.warnings.counted("warning"))" : line.reason ?? "",
      ]
    }
    printTable(
      ["task", "partition", "state", "attempts", "error", "reason"], rows,
      whenEmpty: "no task matches"
        + (all || (state ?? "failed") != "failed" ? "" : " (of what failed and was published since: --all)"))
    let terminal = Terminal.standardOutput
    let summary = FailureSummary(reasons: FailureReasons(tasks))
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
    let connection = try await Session.open(options).connectToLook()
    let workers = try await WorkerLine.list(connection)
    if options.json { return try printJSON(workers) }
    let rows = workers.map { line in
      [
        "\(line.worker_id)", line.name, line.host, line.pid.map { "\($0)" } ?? "",
        line.host_trouble == nil ? line.state : line.state + ", not well", "\(line.slots)",
        "\(line.busy)", String((line.last_heard ?? "").prefix { $0 != "." }),
        line.end_reason ?? line.host_trouble ?? "",
      ]
    }
    printTable(
      ["worker", "name", "host", "pid", "state", "slots", "busy", "last_heard", "reason"], rows,
      whenEmpty: Advice.noWorker.text())
  }
}

/// One sentence about a task.
struct WhyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why", abstract: "Say in one sentence why a task waits, or how it ended.",
    discussion: "EXAMPLES\n  aker why 8812")
  @Argument(help: "The task's id.", completion: Names.tasks) var task: Int64
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let connection = try await Session.open(options).connectToLook()
    let why = try await TaskLine.why(task, connection)
    if options.json { try printJSON(["why": why]) } else { print(why) }
  }
}
