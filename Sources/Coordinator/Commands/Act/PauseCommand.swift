import Base
import ArgumentParser
import Console
import Postgres

/// Stops claims, at any level; what runs ends as it would.
struct PauseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause",
    abstract: "Let no more tasks start: of a backfill, a dataset, a source, or at all.",
    discussion: """
      Says first how many tasks that holds. What runs ends as it would. Every pause has a reason, which aker why and queue.waiting show.

      EXAMPLES
        aker pause --source bls_qcew --reason "maintenance until 18:00"
        aker pause --backfill 3
        aker pause --queue
      """)
  @OptionGroup var target: TargetOptions
  @OptionGroup var options: GlobalOptions
  @Option(help: "Why; shown to whoever asks why a task waits.") var reason = "paused by operator"

  func run() async throws {
    let target = try target.target([.backfill, .dataset, .source, .queue])
    let connection = try await Session.open(options).connectMigrated(migrates: false, needs: .admin)
    if case .backfill(_, .some) = target {
      throw Failure(.usage, "a dataset is paused in every backfill: leave out --backfill")
    }
    let tasks = try await TargetTasks.read(target, connection)
    OperatorAction.announce(ActPreview.sentence(.pause, target, tasks))
    try await OperatorAction.pause(target, reason: reason, connection)
    try OperatorAction.report(
      "paused", target, count: tasks.waiting,
      "\(TargetTasks.tasks(tasks.waiting, "waiting")) \(tasks.waiting == 1 ? "is" : "are") held", options)
  }
}
