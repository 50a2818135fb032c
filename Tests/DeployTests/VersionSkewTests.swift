import Base
import FoundationEssentials
import Glibc
import Postgres
import Queue
import TestSupport
import Testing

@testable import Database

/// Programs and structures of different versions, as they meet while hosts are updated one after the other.
@Suite("Versions that meet", .database, .whateverHappens)
struct VersionSkewTests {
  private let database = TestDatabase.current

  /// The next release's migrations, which serve these contracts.
  private func release(serving oldest: Int, to newest: Int) throws -> Migrator {
    var migrator = try Migrator(directory: PackageRoot.migrations, akerVersion: "0.2.0")
    let index = try #require(migrator.repeatable.files.firstIndex { $0.path == "functions/queue/contract.sql" })
    migrator.repeatable.files[index].sql.replace("int4range(1, 1, '[]')", with: "int4range(\(oldest), \(newest), '[]')")
    return migrator
  }

  /// Two tasks, of which this version's worker holds one.
  private func withLease(_ body: (PostgresConnection, _ worker: Int, TaskLease, QueueClient) async throws -> Void)
    async throws
  {
    let connection = try await database.connect()
    try await connection.executeScript(
      """
      INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql)
        VALUES (repeat('a', 64), 'income', '', '');
      INSERT INTO catalog.dataset
        (name, definition_hash, title, first_year, is_split, regions, source_ids, primary_source_id, depends_on)
        VALUES ('income', repeat('a', 64), 'income', 2000, false, '{}', '{s}', 's', '{}');
      SELECT queue.enqueue_backfill('{income}', '{2010,2011}', '2024-06');
      """)
    let client = QueueClient(pool: PostgresPool(database.configuration, maximumCount: 1))
    let worker = try await client.registerWithoutLock(
      WorkerRegistration(name: "w1", host: "host-a", processID: 1, version: "0.1.0", slots: 1))
    let lease = try #require(try await client.claim(workerID: worker, slots: 1).first)
    try await body(connection, worker, lease, client)
    await client.pool.close()
    await connection.close()
  }

  private func complete(_ lease: TaskLease, _ client: QueueClient) async throws -> [Int64] {
    try await client.complete([.init(taskID: lease.taskID, leaseToken: lease.leaseToken, result: nil)])
  }

  @Test func aWorkerOfTheVersionBeforeGoesOnAfterTheMigration() async throws {
    try await withLease { connection, worker, lease, client in
      let applied = try await release(serving: 1, to: 2).migrate(connection)
      #expect(!applied.isEmpty)
      #expect(try await client.tick(workerID: worker, leaseTokens: [lease.leaseToken]).lostTokens == [])
      #expect(try await complete(lease, client) == [])
      let next = try #require(try await client.claim(workerID: worker, slots: 1).first)
      #expect(try await complete(next, client) == [])
      let attempts = try await connection.query("SELECT FROM queue.attempt WHERE error_class IS NOT NULL")
      #expect(attempts.isEmpty)
    }
  }

  @Test func migrateNamesWorkersThatItWouldNotServeAndChangesNothing() async throws {
    try await withLease { connection, _, lease, client in
      await #expect(
        throws: MigrationError.workersNotServed(["w1 (host-a, aker-worker 0.1.0)"], served: "[2,3)")
      ) {
        try await release(serving: 2, to: 2).migrate(connection)
      }
      let served: String = try await connection.one("SELECT queue.contracts()::text AS range").decode("range")
      #expect(served == "[1,2)")
      let lost = try await complete(lease, client)
      #expect(lost == [])
    }
  }

  @Test func drainedWorkersFinishWhatTheyHoldAndAreToldToBeUpdated() async throws {
    try await withLease { connection, worker, lease, client in
      let newer = try release(serving: 2, to: 2)
      async let applied = newer.migrate(connection, drainingFor: .seconds(300)) { _ in }
      let observer = try await database.connect()
      try await eventually("the worker is drained") {
        try await !observer.query("SELECT FROM queue.worker WHERE state = 'draining'").isEmpty
      }
      #expect(try await client.claim(workerID: worker, slots: 1).isEmpty)
      #expect(try await complete(lease, client) == [])
      let done = try await applied
      #expect(!done.isEmpty)
      await #expect(throws: QueueError.self) { _ = try await client.tick(workerID: worker, leaseTokens: []) }
      do {
        _ = try await client.registerWithoutLock(
          WorkerRegistration(name: "w1", host: "host-a", processID: 1, version: "0.1.0", slots: 1))
        Issue.record("a worker that is too old was let in")
      } catch let error as QueueError {
        #expect(
          error.exitStatus == .configuration && error.summary.contains("aker-worker 0.1.0 is too old"), "\(error)")
      }
      // Nothing of it counts against a task.
      #expect(try await observer.query("SELECT FROM queue.attempt WHERE error_class IS NOT NULL").isEmpty)
      await observer.close()
    }
  }

  @Test func aRunningProgramThatIsTooOldEndsWithWhatToDo() async throws {
    let worker = try await Program.start(
      Executable.worker, ["--no-op", "--name", "old"], environment: ["AKER_POSTGIS_DSN": database.dsn])
    let connection = try await database.connect()
    try await eventually(within: .seconds(60), "it registers") {
      try await !connection.query("SELECT FROM queue.worker WHERE state = 'running'").isEmpty
    }
    _ = try await release(serving: 2, to: 2).migrate(connection, drainingFor: .seconds(300)) { _ in }
    let result = try await worker.wait()
    #expect(result.exitCode == 78, "\(result)")
    #expect(result.errorOutput.contains("too old for this database"), "\(result)")
    #expect(result.errorOutput.contains("Install on this host"), "\(result)")
    await connection.close()
  }

  /// What it calls before it registers is gone: that is no reason to ask for a migration.
  @Test func aProgramThatStartsTooLateIsNotTakenForADatabaseThatIsTooOld() async throws {
    let connection = try await database.connect()
    _ = try await release(serving: 2, to: 2).migrate(connection)
    try await connection.executeScript("DROP FUNCTION lake.establish; DROP FUNCTION queue.register_worker")
    let result = try await Program.run(Executable.worker, [], environment: ["AKER_POSTGIS_DSN": database.dsn])
    #expect(result.exitCode == 78, "\(result)")
    #expect(result.errorOutput.contains("too old for this database"), "\(result)")
    await connection.close()
  }

  @Test func aProgramThatIsNewerThanTheStructureSaysWhatToRun() async throws {
    let connection = try await database.connect()
    do {
      _ = try await connection.query("SELECT queue.register_worker('w', 'h', 1, '0.3.0', 1, contract => 3)")
      Issue.record("it was let in")
    } catch let error as PostgresError {
      #expect(error.sqlState == "AK008" && error.hint?.contains("aker migrate") == true, "\(error)")
    }
    await connection.close()
  }
}
