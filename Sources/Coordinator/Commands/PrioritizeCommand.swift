import ArgumentParser
import Postgres

/// Changes the order of what waits.
struct PrioritizeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prioritize",
    abstract: "Put a task before all others, or give a backfill's tasks another priority.",
    discussion: """
      Higher runs first; waiting counts too, so that nothing starves.

      EXAMPLES
        aker prioritize --task 8812
        aker prioritize --backfill 3 --priority 10
        aker prioritize --backfill 3 --dataset market_jobs --priority 10
      """)
  @OptionGroup var target: TargetOptions
  @OptionGroup var options: GlobalOptions
  @Option(help: "From -100 to 100.") var priority = 10

  func validate() throws {
    try EnqueueOptions.requirePriority(priority)
  }

  func run() async throws {
    let target = try target.target([.task, .backfill])
    let connection = try await Session.open(options).connectMigrated(migrates: false)
    let waiting = try await OperatorAction.count(target, states: ["blocked", "ready"], connection)
    switch target {
    case .task(let id): try await OperatorAction.call("queue.prioritize_task($1)", [id], connection)
    case .backfill(let id, let dataset):
      try await OperatorAction.call("queue.prioritize_backfill($1, $2, $3)", [id, priority, dataset], connection)
    default: throw Failure(.usage, "prioritize a task, or a backfill's tasks")
    }
    try OperatorAction.report("prioritized", target, count: waiting, unit: "waiting tasks", options)
  }
}
