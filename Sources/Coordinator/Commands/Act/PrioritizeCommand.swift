import Base
import ArgumentParser
import Console
import Postgres

/// Changes the order of what waits.
struct PrioritizeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prioritize",
    abstract:
      "Put a task before all others, or give the waiting tasks of a backfill, a dataset or a source another priority.",
    discussion: """
      Says first how many tasks that moves. Higher runs first; waiting counts too, so that nothing starves.

      EXAMPLES
        aker prioritize --task 8812
        aker prioritize --backfill 3 --priority 10
        aker prioritize --backfill 3 --dataset market_jobs --priority 10
        aker prioritize --dataset market_jobs --priority 20
      """)
  @OptionGroup var target: TargetOptions
  @OptionGroup var options: GlobalOptions
  @Option(parsing: .unconditional, help: "From -100 to 100.") var priority = 10

  func validate() throws {
    try EnqueueOptions.requirePriority(priority)
  }

  func run() async throws {
    let target = try target.target([.task, .backfill, .dataset, .source])
    let connection = try await Session.open(options).connectMigrated(migrates: false, needs: .admin)
    let tasks = try await TargetTasks.read(target, connection)
    OperatorAction.announce(ActPreview.sentence(.prioritize, target, tasks, priority: priority))
    try await OperatorAction.prioritize(target, priority, connection)
    try OperatorAction.report(
      "prioritized", target, count: tasks.waiting, TargetTasks.tasks(tasks.waiting, "waiting"), options)
  }
}
