import Base
import ArgumentParser
import Console
import Postgres

/// Ends a pause.
struct ResumeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "End a pause, and close the circuit breaker that may have caused it.",
    discussion: """
      Says first how many tasks that frees. A pause at another level stays: resuming a backfill does not resume a source that it needs.

      EXAMPLES
        aker resume --backfill 3
        aker resume --dataset market_jobs     # after its data error was fixed
        aker resume --source bls_qcew --cool-down
      """)
  @OptionGroup var target: TargetOptions
  @OptionGroup var options: GlobalOptions
  @Flag(help: "For a source: end its cool-down too.") var coolDown = false

  func run() async throws {
    let target = try target.target([.backfill, .dataset, .source, .queue])
    let connection = try await Session.open(options).connectMigrated(migrates: false, needs: .admin)
    if case .backfill(_, .some) = target {
      throw Failure(.usage, "a dataset is resumed in every backfill: leave out --backfill")
    }
    let tasks = try await TargetTasks.read(target, connection)
    OperatorAction.announce(ActPreview.sentence(.resume, target, tasks))
    try await OperatorAction.resume(target, endingCoolDown: coolDown, connection)
    try OperatorAction.report(
      "resumed", target, count: tasks.waiting,
      "\(TargetTasks.tasks(tasks.waiting)) \(tasks.waiting == 1 ? "waits" : "wait")", options)
  }
}
