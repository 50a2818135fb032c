import ArgumentParser
import Postgres

/// Ends tasks for good.
struct CancelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel",
    abstract: "Cancel a task, or all of a backfill that has not ended; what runs is stopped within two seconds.",
    discussion: """
      Nothing of a cancelled attempt is published. What was published before stays.

      EXAMPLES
        aker cancel --backfill 3
        aker cancel --task 8812 --reason "wrong vintage"
      """)
  @OptionGroup var target: TargetOptions
  @OptionGroup var options: GlobalOptions
  @Option(help: "Why.") var reason = "cancelled by operator"
  @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false

  func run() async throws {
    let target = try target.target([.task, .backfill])
    let connection = try await Session.open(options).connectMigrated(migrates: false)
    let count: Int
    switch target {
    case .backfill(let id, nil):
      let open = try await OperatorAction.count(target, states: ["blocked", "ready", "running"], connection)
      let running = try await OperatorAction.count(target, states: ["running"], connection)
      try Confirmation.ask("This cancels \(open) tasks of backfill \(id), \(running) of them running.", yes: yes)
      count = try await OperatorAction.call("queue.cancel_backfill($1, $2)", [id, reason], connection) ?? 0
    case .task(let id):
      try await OperatorAction.call("queue.cancel_task($1, $2)", [id, reason], connection)
      count = 1
    default: throw Failure(.usage, "cancel a whole backfill, or single tasks")
    }
    try OperatorAction.report("cancelled", target, count: count, unit: "tasks cancelled", options)
  }
}
