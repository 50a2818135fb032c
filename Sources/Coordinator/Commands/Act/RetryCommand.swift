import ArgumentParser
import Postgres

/// Tries failed tasks again.
struct RetryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry",
    abstract: "Try a failed task again, or all failed tasks of a backfill, a dataset or a source.",
    discussion: """
      Says first how many tasks that are, and asks on a terminal. Of a dataset or a source, what a later backfill tried again \
      is left alone, and so is everywhere what another open backfill builds already. Tasks that failed only because another did are tried again with it.

      EXAMPLES
        aker retry --task 8812
        aker retry --backfill 3
        aker retry --backfill 3 --error-class data --dataset market_jobs
        aker retry --source bls_qcew --error-class transient
      """)
  @OptionGroup var target: TargetOptions
  @OptionGroup var options: GlobalOptions
  @Option(
    help: ArgumentHelp(
      "Only those that failed so: transient, rate_limited, data, permanent or worker_lost.", valueName: "class"))
  var errorClass: String?
  @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false

  func validate() throws {
    try FailureClass.require(errorClass)
  }

  func run() async throws {
    let target = try target.target([.task, .backfill, .dataset, .source])
    let connection = try await Session.open(options).connectMigrated(migrates: false, needs: .admin)
    // Of one backfill, all; of a dataset or a source, in whichever backfill it was tried last.
    let newest = target.kind == .dataset || target.kind == .source
    let tasks = try await TargetTasks.read(target, errorClass: errorClass, newest: newest, connection)
    let count: Int
    switch target {
    case .task(let id):
      if tasks.failed > 0 {
        OperatorAction.announce("This tries task \(id) again, and those that failed only because it did.")
      }
      count = try await OperatorAction.call("queue.retry_task($1)", [id], connection) ?? 0
    case .backfill(let id, let dataset):
      try confirm(tasks)
      count =
        try await OperatorAction.call("queue.retry_backfill($1, $2, $3)", [id, errorClass, dataset], connection) ?? 0
    default:
      try confirm(tasks)
      let failed = try await TargetTasks.ids(
        target, states: ["failed"], errorClass: errorClass, newest: newest, connection)
      count = try await OperatorAction.callEach(failed, "queue.retry_task($1)", [], connection)
    }
    if target.kind != .task,
      let held = try await TargetTasks.heldElsewhere(target, errorClass: errorClass, newest: newest, connection)
    {
      OperatorAction.announce(held + ".")
    }
    let living = try await connection.query("SELECT FROM queue.worker WHERE state = 'running' LIMIT 1")
    if count > 0, living.isEmpty {
      OperatorAction.announce("No worker is alive: they wait for one, such as aker-worker --slots 4.")
    }
    try OperatorAction.report("retried", target, count: count, "\(TargetTasks.tasks(count)) will run again", options)
  }

  /// Of nothing, nobody is asked.
  private func confirm(_ tasks: TargetTasks) throws {
    try Confirmation.ask("This tries again \(tasks.failedText).", yes: yes || tasks.failed == 0)
  }
}
