import Console
import FoundationEssentials
import Postgres

/// Follows a backfill until it ends: redrawn in place on a terminal, a line per change elsewhere. Ctrl-C stops watching,
/// and nothing else.
struct Watcher: Sendable {
  let session: Session
  let backfillID: Int64
  /// Whether to write a JSON object a line instead, on a terminal too.
  var json = false
  /// Whether workers are started with it.
  var startsWorkers = false

  enum Ending: Sendable {
    case finished(Snapshot)
    case interrupted
  }

  /// - Returns: how it ended; the last frame stays on the screen.
  func watch() async throws -> Ending {
    try await withThrowingTaskGroup(of: Ending.self) { group in
      group.addTask { .finished(try await follow()) }
      group.addTask {
        await Interruption.wait()
        return .interrupted
      }
      let ending = try await group.next()!
      group.cancelAll()
      return ending
    }
  }

  /// Twice a second: as often as a person reads.
  private static let interval = Duration.milliseconds(500)

  private var display: any Display {
    if json { return JSONDisplay() }
    return Terminal.standardOutput.isInteractive ? TerminalDisplay() : LineDisplay()
  }

  private func follow() async throws -> Snapshot {
    let display = display
    let reader = SnapshotReader(backfillID: backfillID, startsWorkers: startsWorkers)
    var meter = RateMeter()
    var connection = try await session.connect(.any)
    do {
      while true {
        do {
          var snapshot = try await reader.read(connection)
          meter.measure(&snapshot.sources)
          display.show(snapshot)
          if snapshot.isFinished {
            display.end(snapshot)
            await connection.close()
            return snapshot
          }
        } catch let error as PostgresError where error.isConnectionFailure {
          display.note("the database cannot be reached; trying again: \(error.message)")
          try await Task.sleep(for: .seconds(1))
          if let again = try? await session.connect(.any) { connection = again }
        }
        try await Task.sleep(for: Self.interval)
      }
    } catch {
      display.abandon()
      throw error
    }
  }
}

/// Where a watch is shown.
protocol Display {
  func show(_ snapshot: Snapshot)
  func note(_ text: String)
  func end(_ snapshot: Snapshot)
  /// The watch ends before the backfill does.
  func abandon()
}
