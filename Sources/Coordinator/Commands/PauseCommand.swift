import ArgumentParser
import Postgres

/// Stops claims, at any level; what runs ends as it would.
struct PauseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause",
    abstract: "Let no more tasks start: of a backfill, a dataset, a source, or at all.",
    discussion: """
      What runs ends as it would. Every pause has a reason, which aker why and queue.waiting show.

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
    let connection = try await Session.open(options).connectMigrated(migrates: false)
    let waiting = try await OperatorAction.count(target, states: ["blocked", "ready"], connection)
    switch target {
    case .backfill(let id, nil):
      try await OperatorAction.call("queue.pause_backfill($1, $2)", [id, reason], connection)
    case .backfill: throw Failure(.usage, "a dataset is paused in every backfill: leave out --backfill")
    case .dataset(let name): try await OperatorAction.call("queue.pause_dataset($1, $2)", [name, reason], connection)
    case .source(let id): try await OperatorAction.call("queue.pause_source($1, $2)", [id, reason], connection)
    case .queue, .task: try await OperatorAction.call("queue.pause_queue($1)", [reason], connection)
    }
    try OperatorAction.report("paused", target, count: waiting, unit: "waiting tasks are held", options)
  }
}
