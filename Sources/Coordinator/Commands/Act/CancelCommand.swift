import ArgumentParser
import Console
import Postgres

/// Ends tasks for good.
struct CancelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel",
    abstract:
      "Cancel what has not ended: a task, or all of a backfill, a dataset or a source; what runs is stopped in 2 s.",
    discussion: """
      Says first how many tasks that ends, and asks on a terminal. Nothing of a cancelled attempt is published. What was published before stays.

      EXAMPLES
        aker cancel --backfill 3
        aker cancel --backfill 3 --dataset market_jobs
        aker cancel --source bls_qcew --yes
        aker cancel --task 8812 --reason "wrong vintage"
      """)
  @OptionGroup var target: TargetOptions
  @OptionGroup var options: GlobalOptions
  @Option(help: "Why.") var reason = "cancelled by operator"
  @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false

  func run() async throws {
    let target = try target.target([.task, .backfill, .dataset, .source])
    let connection = try await Session.open(options).connectMigrated(migrates: false, needs: .admin)
    let tasks = try await TargetTasks.read(target, connection)
    let openCount = tasks.waiting + tasks.running
    // Of a task that has ended, the queue says so.
    if target.kind != .task || openCount > 0 {
      // Where nothing is open there is nothing to ask.
      try Confirmation.ask(ActPreview.sentence(.cancel, target, tasks), yes: yes || openCount == 0)
    }
    let count = try await OperatorAction.cancel(target, tasks, reason: reason, connection)
    try OperatorAction.report("cancelled", target, count: count, "\(TargetTasks.tasks(count)) cancelled", options)
  }
}
