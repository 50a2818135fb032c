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
    OperatorAction.announce(
      target.kind == .task
        ? "This puts \(target.description) before all others."
        : "This gives \(tasks.text(waiting: "waiting")) the priority \(priority).")
    switch target {
    case .task(let id): try await OperatorAction.call("queue.prioritize_task($1)", [id], connection)
    case .backfill(let id, let dataset):
      try await OperatorAction.call("queue.prioritize_backfill($1, $2, $3)", [id, priority, dataset], connection)
    case .dataset(let name):
      try await prioritize("l.dataset = $1", name, connection)
    case .source(let id):
      try await prioritize("$1 = ANY (l.source_ids)", id, connection)
    case .queue: throw Failure(.usage, "of the whole queue, there is nothing that it could be put before")
    }
    try OperatorAction.report(
      "prioritized", target, count: tasks.waiting, TargetTasks.tasks(tasks.waiting, "waiting"), options)
  }

  /// In every open backfill.
  private func prioritize(_ condition: String, _ name: String, _ connection: PostgresConnection) async throws {
    let lanes = try await connection.query(
      "SELECT l.backfill_id, l.dataset FROM queue.lane l WHERE l.closed_at IS NULL AND \(condition) ORDER BY l.lane_id",
      [name])
    for lane in lanes {
      try await OperatorAction.call(
        "queue.prioritize_backfill($1, $2, $3)",
        [try lane.decode("backfill_id", as: Int64.self), priority, try lane.decode("dataset", as: String.self)],
        connection)
    }
  }
}
