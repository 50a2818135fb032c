internal import Base
package import Postgres

/// Whether a backfill goes on, for whoever keeps workers at it.
package struct BackfillState: Sendable {
  package var isFinished: Bool
  /// Whether a worker would find something now, of any backfill.
  package var isClaimable: Bool
  /// Tasks that have ended, in whatever way.
  package var finishedCount: Int
  package var standstill: Standstill?

  /// Why nothing of it will run before somebody acts.
  package struct Standstill: Sendable {
    package var taskCount: Int
    /// Why how many of them wait.
    package var causes: [String]
    /// What each cause is ended by: `--source bls_qcew`, as `aker resume` takes it.
    package var resumable: [String]
    package var exampleTask: Int64
  }

  /// Looks once, and does what no living worker may be there to do: takes tasks of dead ones away, and puts back what is due.
  package static func read(_ backfillID: Int64, _ connection: PostgresConnection) async throws -> BackfillState {
    let isClaimable: Bool = try await connection.one("SELECT claimable FROM queue.tick()").decode("claimable")
    let progress = try await connection.oneOrNone(
      "SELECT state, completed + failed + cancelled AS finished FROM queue.backfill_progress WHERE backfill_id = $1",
      [backfillID])
    // One that was pruned meanwhile.
    guard let progress else { return BackfillState(isFinished: true, isClaimable: isClaimable, finishedCount: 0) }
    var state = BackfillState(
      isFinished: try progress.decode("state", as: BackfillLine.State.self).isOver, isClaimable: isClaimable,
      finishedCount: try progress.decode("finished"))
    if !state.isFinished, !state.isClaimable {
      state.standstill = try Standstill(
        try await connection.query("SELECT * FROM queue.standstill($1)", [backfillID]))
    }
    return state
  }
}

extension BackfillState.Standstill {
  fileprivate init?(_ rows: [PostgresRow]) throws {
    guard let first = rows.first else { return nil }
    self.init(taskCount: 0, causes: [], resumable: [], exampleTask: try first.decode("task_id"))
    for row in rows {
      let tasks: Int = try row.decode("tasks")
      taskCount += tasks
      causes.append("\(tasks.counted("task")): \(try row.text("reason") ?? "")")
      if let resume = try row.text("resume"), !resumable.contains(resume) { resumable.append(resume) }
    }
  }
}
