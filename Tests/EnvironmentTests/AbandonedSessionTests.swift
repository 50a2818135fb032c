import Database
import Postgres
import TestSupport
import Testing

/// A session that loads rows for a lease that is over is ended where no superuser is about: the database's owner is an
/// ordinary login, and so is each host's worker.
@Suite(.whateverHappens)
struct AbandonedSessionTests {
  /// What lets the owner of the queue's functions end a session of a worker's login.
  enum Right: String, CaseIterable {
    case none = ""
    case signal = "GRANT pg_signal_backend TO OWNER"
    case membership = "GRANT HOST TO OWNER"
  }

  @Test(arguments: Right.allCases) func itIsEndedByWhoMayAndElseNamed(_ right: Right) async throws {
    let database = TestDatabase.named("abandoned_\(right)", on: try await TestCluster.shared)
    try await database.drop()
    let superuser = try await database.cluster.connect()
    let (owner, host) = ("\(database.name)_owner", "\(database.name)_host")
    try await superuser.executeScript("CREATE ROLE \(owner) LOGIN; CREATE ROLE \(host) LOGIN")
    try await superuser.execute("CREATE DATABASE \(database.name) OWNER \(owner)")
    let inside = try await database.connect()
    try await inside.execute("CREATE EXTENSION postgis")
    await inside.close()
    // Roles are the server's: made here by an administrator, as docs/deploy.md says.
    for role in ["aker_admin", "aker_operator", "aker_worker", "aker_monitor", "aker_reader"] {
      try await superuser.executeScript(
        "DO $$ BEGIN CREATE ROLE \(role) NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    }
    try await superuser.execute("GRANT aker_worker TO \(host)")
    try await superuser.executeScript(
      right.rawValue.replacing("OWNER", with: owner).replacing("HOST", with: host))
    do {
      try await abandon(right, database, owner: owner, host: host)
    } catch {
      try await clean(database, superuser, owner: owner, host: host)
      throw error
    }
    try await clean(database, superuser, owner: owner, host: host)
  }

  private func clean(
    _ database: TestDatabase, _ superuser: PostgresConnection, owner: String, host: String
  ) async throws {
    try await database.drop()
    try await superuser.executeScript("DROP ROLE \(owner); DROP ROLE \(host)")
    await superuser.close()
  }

  private func login(_ name: String, _ database: TestDatabase) async throws -> PostgresConnection {
    try await PostgresConnection.connect(
      PostgresConfiguration(dsn: "host=\(database.cluster.directory) user=\(name) dbname=\(database.name)"))
  }

  private func abandon(_ right: Right, _ database: TestDatabase, owner: String, host: String) async throws {
    let operation = try await login(owner, database)
    _ = try await Migrator(directory: PackageRoot.migrations, akerVersion: "test").migrate(operation)
    try await operation.executeScript(
      """
      INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql)
        VALUES (repeat('a', 64), 'income', '', '');
      INSERT INTO catalog.dataset
        (name, definition_hash, title, first_year, is_split, regions, source_ids, primary_source_id, depends_on)
        VALUES ('income', repeat('a', 64), 'income', 2000, false, '{}', '{s}', 's', '{}');
      INSERT INTO catalog.dataset_column (dataset, ordinal, name, type, is_key, description)
        VALUES ('income', 1, 'place', 'text', true, 'Where.');
      SELECT warehouse.apply_table('income', '{place}');
      SELECT queue.enqueue_backfill('{income}', '{2001}', '2024-06');
      """)
    let worker = try await login(host, database)
    let id: Int = try await worker.one("SELECT queue.register_worker('w', 'h', 1, 'v', 1) AS id").decode("id")
    let lease = try await worker.one("SELECT task_id, lease_token FROM queue.claim($1, 1)", [id])
    let attempt: [(any PostgresEncodable)?] = [
      try lease.decode("task_id", as: Int64.self), try lease.decode("lease_token", as: Int64.self),
    ]
    _ = try await worker.query("SELECT warehouse.prepare_partition('income', 2001, '', $1, $2)", attempt)
    let table: String = try await worker.one(
      "SELECT warehouse.create_staging('income', 2001, '', $1, $2) AS name", attempt
    ).decode("name")

    let (more, end) = AsyncStream<Never>.makeStream()
    let loading = Task {
      try await worker.copyIn("COPY warehouse.\"\(table)\" (data_year, as_of, place) FROM STDIN (FORMAT csv)") {
        writer in
        try await writer.write("2001,2024-06,a\n")
        for await _ in more {}
      }
    }
    let copying = """
      SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY warehouse%' AND state = 'active'
      """
    let look = try await database.connect()
    try await eventually("rows are on their way") { try await look.query(copying).count == 1 }
    try await operation.execute("SELECT queue.cancel_backfill(1)")
    // As another host's worker, which every worker does now and then.
    let other = try await login(host, database)
    _ = try await other.query("SELECT queue.reap()")
    if right == .none {
      // It is named once every worker must have looked.
      try await look.execute(
        """
        UPDATE queue.outcome SET started_at = started_at - interval '1 minute',
          finished_at = finished_at - interval '1 minute'
        """)
      #expect(try await look.query(copying).count == 1)
      let stuck: String = try await other.one(
        "SELECT string_agg(reason, ' ') AS reason FROM queue.stuck WHERE reason LIKE '%lease is over%'"
      ).decode("reason")
      #expect(stuck.contains("GRANT pg_signal_backend TO"), "\(stuck)")
    } else {
      try await eventually("it is ended") { try await look.query(copying).isEmpty }
    }
    end.finish()
    let result = await loading.result
    if right != .none { #expect(throws: PostgresError.self) { try result.get() } }
    try await eventually("nothing is left") {
      _ = try await other.query("SELECT warehouse.drop_orphans()")
      return try await look.query("SELECT FROM warehouse.staging").isEmpty
    }
    for connection in [operation, worker, other, look] { await connection.close() }
  }
}
