import Base
import Console
import Postgres
import Subprocess

/// Keeps workers of this command at a backfill until it has ended, and says why where they cannot end it: no wait of
/// theirs is without an end or a word.
struct WorkerCrew: Sendable {
  let processes: WorkerProcesses
  let session: Session
  let backfillID: Int64

  /// - Returns: why the backfill stands still, or its workers come to nothing; nil when it has ended.
  func work() async throws -> Failure? {
    var fruitless = 0
    while true {
      let finished = try await look().finishedCount
      let failed = LastEnding()
      try await processes.run { ended in
        guard ended.status != .exited(0) else { return }
        await failed.note(ended)
        Terminal.standardError.write("worker local-\(ended.number) ended: \(ended.status); its log: \(ended.log)\n")
      }
      guard let state = try await claimable() else { return nil }
      if let standstill = state.standstill { return failure(standstill) }
      let hasFailed = await failed.ended
      fruitless = state.finishedCount > finished || hasFailed == nil ? 0 : fruitless + 1
      if let hasFailed, fruitless >= Self.mostFruitless {
        return Failure(
          .unavailable,
          "the workers here ended \(fruitless) times without finishing a task, the last time with \(hasFailed.status)",
          advice: "Its log says why: \(hasFailed.log). What is enqueued stays; then go on with: aker-worker --slots 4")
      }
      Terminal.standardError.write("tasks wait, and the workers here have ended: starting them again\n")
      try await Task.sleep(for: Self.pause * (1 << fruitless))
    }
  }

  /// Workers that end at once, such as for a setting of theirs, do so every time.
  private static let mostFruitless = 3
  private static let pause = Duration.seconds(1)

  private actor LastEnding {
    private(set) var ended: WorkerProcesses.Ended?
    func note(_ ended: WorkerProcesses.Ended) { self.ended = ended }
  }

  /// Waits until a worker would find something, or the backfill has ended or stands still. The watch beside this shows
  /// what it waits for.
  ///
  /// - Returns: nil when it has ended.
  private func claimable() async throws -> BackfillState? {
    while true {
      let state = try await look()
      if state.isFinished { return nil }
      if state.isClaimable || state.standstill != nil { return state }
      try await Task.sleep(for: Self.pause)
    }
  }

  /// Looks once, and does what no living worker may be there to do: takes tasks of dead ones away, and puts back what is due.
  private func look() async throws -> BackfillState {
    while true {
      do {
        let connection = try await session.connect()
        let state = try await BackfillState.read(backfillID, connection)
        await connection.close()
        return state
      } catch let error as PostgresError where error.errorClass == .transient {
        // The watch says that the database cannot be reached.
      } catch let failure as Failure where failure.code == .unavailable {
      }
      try await Task.sleep(for: Self.pause)
    }
  }

  private func failure(_ standstill: BackfillState.Standstill) -> Failure {
    let count = standstill.taskCount
    let waits = "\(count.counted("task")) \(count == 1 ? "waits" : "wait")"
    let resume = standstill.resumable.map { "aker resume \($0)" }.joined(separator: "; ")
    return Failure(
      .unsuccessful, "backfill \(backfillID) stands still: \(waits), and nothing will run before somebody acts",
      causes: standstill.causes,
      advice: [
        "what one met: aker task \(standstill.exampleTask)",
        resume.isEmpty ? nil : "when the cause is gone: \(resume)",
        "then go on with: aker-worker --slots 4 --until-empty",
      ].compactMap { $0 }.joined(separator: "\n"))
  }
}
