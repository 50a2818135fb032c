import Base
import Settings
import Console
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
    if enqueuing.dryRun { return try await PlanCommand.show(selection, enqueuing, options) }
    let session = try await Session.open(options)
    // Before anything is enqueued: whatever the workers here would stumble over.
    if enqueuing.workers > 0 { try await requireWorkable(session) }
    let connection = try await session.connectMigrated(migrates: true, needs: .admin)
    let chosen = try await selection.prepare(session.configuration, connection, note: OperatorAction.note)
    try await confirm(chosen, session.configuration, connection)
    let enqueued = try await chosen.enqueue(
      priority: enqueuing.priority, maxRunning: enqueuing.maxRunning, key: enqueuing.key, connection)
    await connection.close()
    try report(enqueued)
    guard enqueued.taskCount > 0, !enqueuing.detach else { return }
    try await watch(session, enqueued.backfillID)
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

  private func confirm(
    _ chosen: ChosenPartitions, _ configuration: AkerConfiguration, _ connection: PostgresConnection
  ) async throws {
    let forecast = try await Plan.read(
      chosen, slots: enqueuing.plannedSlots, maxRunning: enqueuing.maxRunning, detail: false, connection
    ).forecast
    for unmet in forecast.unmet_dependencies { Terminal.standardError.write("warning: \(unmet.text)\n") }
    for note in forecast.quotaNotes { Terminal.standardError.write("note: \(note)\n") }
    let count = forecast.tasks
    if count > 0 {
      let readiness = Readiness(specs: chosen.specs, configuration: configuration)
      for note in try await readiness.notes(startsWorkers: enqueuing.workers > 0, connection) {
        Terminal.standardError.write("warning: \(note)\n")
      }
    }
    if count > Self.largeTaskCount {
      try Confirmation.require("This enqueues \(count.counted("task")).", yes: enqueuing.yes)
    }
  }

  private func report(_ enqueued: EnqueuedBackfill) throws {
    if options.json {
      // What is watched is a stream of lines, of which this is the first.
      if enqueued.taskCount > 0, !enqueuing.detach { return try printJSONLine(enqueued) }
      return try printJSON(enqueued)
    }
    let skipped = enqueued.skippedCount > 0 ? ", \(enqueued.skippedCount) skipped" : ""
    if enqueued.taskCount == 0 {
      print(Advice.nothingToDo.text(["partitions": enqueued.skippedCount.counted("partition")]))
    } else {
      print("backfill \(enqueued.backfillID): \(enqueued.taskCount.counted("task")) enqueued\(skipped)")
    }
  }

  private func watch(_ session: Session, _ backfillID: Int64) async throws {
    let watcher = Watcher(
      session: session, backfillID: backfillID, json: options.json, startsWorkers: enqueuing.workers > 0)
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
