import Glibc
import Logging
import Postgres
import Queue
import ServiceLifecycle
import Base
import Telemetry
import TestSupport
import Testing

@testable import Worker

/// A worker's real loop in this process, on the test's database, and tasks for it.
struct WorkerScene {
  let database: TestDatabase
  let connection: PostgresConnection

  static func make(years: ClosedRange<Int>, on database: TestDatabase = .current) async throws -> WorkerScene {
    let scene = WorkerScene(database: database, connection: try await database.connect())
    try await scene.connection.executeScript(
      """
      INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql)
        VALUES (repeat('a', 64), 'income', '', '');
      INSERT INTO catalog.dataset
        (name, definition_hash, title, first_year, is_split, regions, source_ids, primary_source_id, depends_on)
        VALUES ('income', repeat('a', 64), 'income', 2000, false, '{}', '{s}', 's', '{}');
      UPDATE queue.setting SET retry_base_interval = '1 millisecond', retry_cap_interval = '1 millisecond';
      """)
    try await scene.connection.execute(
      "SELECT queue.enqueue_backfill('{income}', $1::int[], '2024-06')", [Array(years)])
    return scene
  }

  static let applicationName = "aker-worker-scene"

  /// Runs a worker while `body` does; then stops it as SIGTERM would.
  func withWorker(
    _ handler: ScriptedHandler, slots: Int = 2, drainTimeout: Duration = .seconds(20),
    waitLimit: Duration = .seconds(600), answerLimit: Duration = .seconds(30),
    _ body: () async throws -> Void
  ) async throws {
    var configuration = database.configuration
    configuration.applicationName = Self.applicationName
    var settings = WorkerService.Settings(
      slots: slots, name: "w1", host: "host-a", version: "test", filter: .init(), drainTimeout: drainTimeout,
      endsWhenEmpty: false)
    settings.waitLimit = waitLimit
    settings.answerLimit = answerLimit
    settings.retryInterval = (shortest: .milliseconds(2), longest: .milliseconds(20))
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let worker = WorkerService(
      settings: settings, database: configuration, handler: handler, redaction: Redaction(secrets: []), logger: logger)
    let group = ServiceGroup(services: [worker], gracefulShutdownSignals: [], logger: logger)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      do {
        try await body()
      } catch {
        await group.triggerGracefulShutdown()
        throw error
      }
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
  }

  func completedCount() async throws -> Int {
    try await count("SELECT count(*) AS n FROM queue.task WHERE state = 'completed'")
  }

  func count(_ sql: String) async throws -> Int {
    try await connection.query(sql)[0].decode("n")
  }

  func text(_ sql: String) async throws -> String? {
    try await connection.query(sql).first?.decode("text")
  }

  /// Stops the server's side of every session of the worker, as it is where its disk hangs: connections live, locks are
  /// held, and no answer comes.
  ///
  /// - Returns: the processes, for `SIGCONT`.
  func freezeSessions() async throws -> [Int32] {
    var frozen: [Int32] = []
    let mine = """
      FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1
      """
    try await eventually(within: .seconds(30), "all are idle when they are stopped") {
      frozen = try await connection.query("SELECT pid \(mine)", [Self.applicationName]).map { try $0.decode("pid") }
      for process in frozen { kill(process, SIGSTOP) }
      let rows = try await connection.query(
        "SELECT count(*) FILTER (WHERE state = 'idle') AS idle, count(*) AS n \(mine)", [Self.applicationName])
      let (idle, count): (Int, Int) = (try rows[0].decode("idle"), try rows[0].decode("n"))
      if idle == frozen.count, count == frozen.count, !frozen.isEmpty { return true }
      for process in frozen { kill(process, SIGCONT) }
      return false
    }
    return frozen
  }

  /// Cuts every session of the worker.
  func cutSessions() async throws {
    try await connection.execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1",
      [Self.applicationName])
  }
}
