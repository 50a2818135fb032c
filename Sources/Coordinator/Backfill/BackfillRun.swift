import Base
import Configuration
import FoundationEssentials
import Logging
import Pipeline
import Postgres
import Subprocess

/// A backfill from the choice of its partitions to the end of its watch: the work of `aker backfill` and `aker flow run`.
struct BackfillRun {
  var selection: BackfillSelection
  var enqueuing: EnqueueOptions
  var options: GlobalOptions

  /// More tasks than this are asked about first.
  static let largeTaskCount = 10_000

  func run() async throws {
    let session = try await Session.open(options)
    // Before anything is enqueued: whatever the workers here would stumble over.
    if enqueuing.workers > 0, !enqueuing.dryRun { try await requireWorkable(session) }
    if enqueuing.dryRun {
      let connection = try await session.connectMigrated(migrates: session.isEmbedded)
      return try await PlanCommand.run(selection, enqueuing, session, connection, json: options.json)
    }
    let connection = try await session.connectMigrated(migrates: true, needs: .admin)
    let chosen = try await selection.prepare(session, connection)
    try await confirm(chosen, connection)
    let enqueued = try await enqueue(chosen, connection)
    await connection.close()
    try report(enqueued)
    guard enqueued.taskCount > 0, !enqueuing.detach else { return }
    try await watch(session, enqueued.backfillID)
  }

  private struct Enqueued: Encodable {
    var backfillID: Int64
    var taskCount: Int
    var skippedCount: Int
  }

  private func requireWorkable(_ session: Session) async throws {
    let logger = Logger(label: "aker") { _ in SwiftLogNoOpLogHandler() }
    _ = try await PipelineEnvironment.engine(session.configuration, logger: logger)
    let cache = session.configuration.localCachePath
    let probe = cache + "/.writable"
    do {
      try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: true)
      try Data().write(to: URL(filePath: probe))
      try FileManager.default.removeItem(atPath: probe)
    } catch {
      throw Failure(
        .cannotWrite, "the cache folder \(cache) cannot be written",
        advice: "Make it writable, or set AKER_CACHE_PATH to a folder that is.")
    }
  }

  private func confirm(_ chosen: ChosenPartitions, _ connection: PostgresConnection) async throws {
    let forecast = try await PlanForecast.make(
      chosen, slots: enqueuing.plannedSlots, maxRunning: enqueuing.maxRunning, connection)
    for unmet in forecast.unmet_dependencies { Terminal.standardError.write("warning: \(unmet.text)\n") }
    for note in forecast.quotaNotes { Terminal.standardError.write("note: \(note)\n") }
    let count = forecast.tasks
    if count > Self.largeTaskCount {
      try Confirmation.require("This enqueues \(count.counted("task")).", yes: enqueuing.yes)
    }
  }

  private func enqueue(_ chosen: ChosenPartitions, _ connection: PostgresConnection) async throws -> Enqueued {
    do {
      let row = try await connection.query(
        "SELECT * FROM queue.enqueue_backfill($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, allow_future_vintage => $11)",
        chosen.parameters + [
          chosen.partitions.order == .newest, enqueuing.priority, enqueuing.maxRunning, enqueuing.key,
          "\(chosen.note), \(chosen.years)", chosen.partitions.allowFutureVintage,
        ])[0]
      return Enqueued(
        backfillID: try row.decode("backfill_id"), taskCount: try row.decode("enqueued"),
        skippedCount: try row.decode("skipped"))
    } catch let error as PostgresError where error.sqlState?.hasPrefix("AK") == true {
      throw Failure(.usage, error.message, advice: error.hint)
    }
  }

  private func report(_ enqueued: Enqueued) throws {
    if options.json {
      // What is watched is a stream of lines, of which this is the first.
      if enqueued.taskCount > 0, !enqueuing.detach { return try printJSONLine(enqueued) }
      return try printJSON(enqueued)
    }
    let skipped = enqueued.skippedCount > 0 ? ", \(enqueued.skippedCount) skipped" : ""
    if enqueued.taskCount == 0 {
      print(
        "nothing needs to be done: \(enqueued.skippedCount.counted("partition")) skipped (aker backfill --dry-run says why; --force builds them again)"
      )
    } else {
      print("backfill \(enqueued.backfillID): \(enqueued.taskCount.counted("task")) enqueued\(skipped)")
    }
  }

  private func watch(_ session: Session, _ backfillID: Int64) async throws {
    let watcher = Watcher(session: session, backfillID: backfillID, json: options.json)
    let ending = try await withThrowingTaskGroup(of: Watcher.Ending?.self) { group in
      if enqueuing.workers > 0 {
        let crew = WorkerCrew(
          processes: WorkerProcesses(
            count: enqueuing.workers, slots: enqueuing.slots, logDirectory: session.configuration.home + "/log",
            environment: session.workerEnvironment),
          session: session, backfillID: backfillID)
        group.addTask {
          if let failure = try await crew.work() { throw failure }
          return nil
        }
      } else if !options.json {
        print("workers run it: aker-worker --slots 4, here or on other hosts; aker workers lists them")
      }
      group.addTask { try await watcher.watch() }
      var ending: Watcher.Ending?
      while let ended = try await group.next() {
        guard let ended else { continue }  // the workers have ended it, which the watch will see
        ending = ended
        break
      }
      group.cancelAll()
      return ending
    }
    try WatchCommand.conclude(ending ?? .interrupted, backfillID: backfillID, json: options.json)
  }
}
