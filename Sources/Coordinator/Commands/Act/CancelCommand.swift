import ArgumentParser
import Console
import Postgres
import Queue

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
      // Of nothing, nobody is asked.
      try Confirmation.ask("This cancels \(tasks.openText).", yes: yes || openCount == 0)
    }
    let count: Int
    switch target {
    // One that has ended stays as it is: what failed of it can be tried again.
    case .backfill(_, nil) where openCount == 0: count = 0
    case .backfill(let id, nil):
      count = try await OperatorAction.call("queue.cancel_backfill($1, $2)", [id, reason], connection) ?? 0
    case .task(let id):
      try await OperatorAction.call("queue.cancel_task($1, $2)", [id, reason], connection)
      count = 1
    default:
      let open = try await TargetTasks.ids(target, states: TaskState.open, connection)
      count = try await OperatorAction.callEach(open, "queue.cancel_task($1, $2)", [reason], connection)
    }
    // A backfill of which nothing is left has ended, also where no worker is there to notice.
    try await OperatorAction.call("queue.tidy()", [], connection)
    try OperatorAction.report("cancelled", target, count: count, "\(TargetTasks.tasks(count)) cancelled", options)
  }
}
