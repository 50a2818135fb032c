import ArgumentParser
import Catalog
import FoundationEssentials
import Logging
import Pipeline
import Postgres
import Subprocess
import Telemetry

/// The main command.
struct BackfillCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backfill",
    abstract: "Cut datasets × years into tasks, enqueue them, and watch until they have ended.",
    discussion: """
      Workers on any host run the tasks; --workers starts some here for as long as this command watches. Ctrl-C stops \
      watching, not the backfill. What is published already is skipped, with the reason; --force builds it again.

      Exits with 1 when tasks failed.

      EXAMPLES
        aker backfill market_income --years 2009-2020 --workers 2
        aker backfill market_income --years 2009-2023 --as-of 2024-06 --detach
        aker backfill --all --years 2015-2020 --only stale
        aker backfill market_income --years 2020 --dry-run
      """)

  @OptionGroup var backfill: BackfillOptions
  @OptionGroup var options: GlobalOptions

  @Option(help: "Priority, from -100 to 100; higher runs first.")
  var priority = 0

  @Option(help: "Tasks of this backfill that may run at once, over all hosts.")
  var maxRunning: Int?

  @Option(help: ArgumentHelp("Name for the request: the same key again adds only what is new.", valueName: "key"))
  var key: String?

  @Option(help: "Workers to start on this host while watching.")
  var workers = 0

  @Option(help: "Tasks that each of those workers runs at a time.")
  var slots = 2

  @Flag(help: "Only show what would be enqueued.")
  var dryRun = false

  @Flag(help: "Enqueue and return, without watching.")
  var detach = false

  @Flag(name: .shortAndLong, help: "Do not ask before a large backfill.")
  var yes = false

  /// More tasks than this are asked about first.
  static let largeTaskCount = 10_000

  func validate() throws {
    guard workers >= 0, slots > 0 else { throw ValidationError("--workers and --slots must be positive") }
    guard !(detach && workers > 0) else {
      throw ValidationError("--workers end with the watch: leave out --detach, or start aker-worker yourself")
    }
  }

  func run() async throws {
    let session = try await Session.open(options)
    // Before anything is enqueued: whatever the workers here would stumble over.
    if workers > 0, !dryRun { try await requireWorkable(session) }
    let connection = try await session.connectMigrated(migrates: true)
    let specs = try await backfill.prepare(session, connection)
    if dryRun { return try await PlanCommand.show(backfill, specs, connection, json: options.json) }
    try await confirm(specs, connection)
    let enqueued = try await enqueue(specs, connection)
    await connection.close()
    try report(enqueued)
    guard enqueued.taskCount > 0, !detach else { return }
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
    let cache = session.configuration.cachePath
    guard !cache.contains("://") else { return }
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

  private func confirm(_ specs: [DatasetSpec], _ connection: PostgresConnection) async throws {
    let rows = try await connection.query(
      "SELECT count(*) AS count FROM queue.plan_backfill($1, $2, $3, $4, $5) WHERE action = 'enqueue'",
      backfill.parameters(specs))
    let count: Int = try rows[0].decode("count")
    if count > Self.largeTaskCount {
      try Confirmation.require("This enqueues \(count) tasks.", yes: yes)
    }
  }

  private func enqueue(_ specs: [DatasetSpec], _ connection: PostgresConnection) async throws -> Enqueued {
    let note = backfill.all ? "all datasets" : specs.map(\.name).joined(separator: ", ")
    do {
      let row = try await connection.query(
        "SELECT * FROM queue.enqueue_backfill($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        backfill.parameters(specs) + [
          backfill.order == .newest, priority, maxRunning, key, "\(note), \(backfill.years.description)",
        ])[0]
      return Enqueued(
        backfillID: try row.decode("backfill_id"), taskCount: try row.decode("enqueued"),
        skippedCount: try row.decode("skipped"))
    } catch let error as PostgresError where error.sqlState?.hasPrefix("AK") == true {
      throw Failure(.usage, error.message, advice: error.hint)
    }
  }

  private func report(_ enqueued: Enqueued) throws {
    if options.json { return try printJSON(enqueued) }
    let skipped = enqueued.skippedCount > 0 ? ", \(enqueued.skippedCount) skipped" : ""
    if enqueued.taskCount == 0 {
      print(
        "nothing needs to be done: \(enqueued.skippedCount) partitions skipped (aker backfill --dry-run says why; --force builds them again)"
      )
    } else {
      print("backfill \(enqueued.backfillID): \(enqueued.taskCount) tasks enqueued\(skipped)")
    }
  }

  private func watch(_ session: Session, _ backfillID: Int64) async throws {
    let watcher = Watcher(session: session, backfillID: backfillID)
    let ending = try await withThrowingTaskGroup(of: Watcher.Ending?.self) { group in
      if workers > 0 {
        let processes = WorkerProcesses(
          count: workers, slots: slots, logDirectory: session.configuration.home + "/log",
          environment: session.workerEnvironment)
        group.addTask {
          try await processes.run { ended in
            guard ended.status != .exited(0) else { return }
            Terminal.standardError.write("worker local-\(ended.number) ended: \(ended.status); its log: \(ended.log)\n")
          }
          return nil
        }
      } else if !options.json {
        print("workers run it: aker-worker --slots 4, here or on other hosts; aker workers lists them")
      }
      group.addTask { try await watcher.watch() }
      var ending: Watcher.Ending?
      while let ended = try await group.next() {
        guard let ended else { continue }  // the workers found nothing more to do
        ending = ended
        break
      }
      group.cancelAll()
      return ending
    }
    try WatchCommand.conclude(ending ?? .interrupted, backfillID: backfillID)
  }
}
