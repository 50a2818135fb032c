import ArgumentParser
import Postgres

/// Tries failed tasks again.
struct RetryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry",
    abstract: "Try a failed task again, or all failed tasks of a backfill.",
    discussion: """
      Tasks that failed only because another did are tried again with it.

      EXAMPLES
        aker retry --task 8812
        aker retry --backfill 3
        aker retry --backfill 3 --error-class data --dataset market_jobs
      """)
  @OptionGroup var target: TargetOptions
  @OptionGroup var options: GlobalOptions
  @Option(
    help: ArgumentHelp(
      "Only those that failed so: transient, rate_limited, data, permanent or worker_lost.", valueName: "class"))
  var errorClass: String?
  @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false

  func run() async throws {
    let target = try target.target([.task, .backfill])
    let connection = try await Session.open(options).connectMigrated(migrates: false)
    let count: Int
    switch target {
    case .task(let id):
      count = try await OperatorAction.call("queue.retry_task($1)", [id], connection) ?? 0
    case .backfill(let id, let dataset):
      let failed = try await OperatorAction.count(target, states: ["failed"], errorClass: errorClass, connection)
      try Confirmation.ask("This tries \(failed) failed tasks of \(target.description) again.", yes: yes)
      count =
        try await OperatorAction.call("queue.retry_backfill($1, $2, $3)", [id, errorClass, dataset], connection) ?? 0
    default: throw Failure(.usage, "retry a task, or the failed tasks of a backfill")
    }
    try OperatorAction.report("retried", target, count: count, unit: "tasks will run again", options)
  }
}
