import Testing
import TestSupport

@testable import Database
import Postgres

@Suite(.database)
struct MigratorTests {
  private let known: Migrator

  init() throws {
    known = try Migrator(directory: PackageRoot.migrations, akerVersion: "0.1.0")
  }

  /// With a migration more.
  private func adding(_ sql: String) -> Migrator {
    var more = known
    more.migrations.append(Migration(version: 9001, name: "added", sql: sql))
    return more
  }

  /// With more functions or views.
  private func repeating(_ sql: String, by version: String = "0.1.0") -> Migrator {
    var more = known
    more.akerVersion = version
    more.repeatable.files.insert(.init(path: "views/added.sql", sql: sql), at: more.repeatable.files.count - 2)
    return more
  }

  @Test func whatIsAppliedIsNotAppliedAgain() async throws {
    let connection = try await TestDatabase.current.connect()
    #expect(try await known.migrate(connection).isEmpty)
    let more = adding("CREATE TABLE added (id int)")
    #expect(try await more.status(connection).filter { $0.appliedAt == nil }.map(\.name) == ["added"])
    #expect(try await more.migrate(connection) == ["9001 added", "functions, views and grants"])
    #expect(try await more.status(connection).allSatisfy { $0.appliedAt != nil && $0.akerVersion == "0.1.0" })
  }

  /// As at the end of a publication, which drops the table that it has filled.
  @Test(arguments: [true, false]) func aTableThatIsDroppedMeanwhileStopsNoGrant(_ migrates: Bool) async throws {
    let (working, connection) = (try await TestDatabase.current.connect(), try await TestDatabase.current.connect())
    try await working.execute("CREATE TABLE warehouse.filled ()")
    try await working.execute("BEGIN")
    try await working.execute("DROP TABLE warehouse.filled")
    let granting = Task { [known] in
      migrates
        ? try await repeating("CREATE VIEW queue.added AS SELECT 1 AS a").migrate(connection)
        : try await known.mendRights(connection)
    }
    try await eventually("it waits for who drops the table") {
      try await !working.query(
        "SELECT FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))"
      ).isEmpty
    }
    try await working.execute("COMMIT")
    #expect(try await granting.value == (migrates ? ["functions, views and grants"] : []))
    await working.close()
    await connection.close()
  }

  /// Roles belong to the server: another database's migration grants them to one another at the same moment.
  @Test func databasesOfOneServerAreBroughtUpToDateAtOnce() async throws {
    let cluster = try await TestCluster.start(durability: .none)
    let other = try await cluster.connect()
    try await other.execute("CREATE DATABASE at_once")
    for role in ["admin", "operator", "worker", "reader", "monitor"] {
      try await other.execute("CREATE ROLE aker_\(role)")
    }
    let watching = try await cluster.connect()
    let migrating = try await other.withTransaction { transaction in
      try await transaction.execute("GRANT aker_reader TO aker_operator")
      let migrating = Task {
        let connection = try await cluster.connect(database: "at_once")
        defer { Task { await connection.close() } }
        return try await known.migrate(connection)
      }
      try await eventually("it waits for the other") {
        try await !watching.query(
          "SELECT FROM pg_stat_activity WHERE datname = 'at_once' AND wait_event_type = 'Lock'"
        ).isEmpty
      }
      return migrating
    }
    #expect(try await migrating.value.last == "functions, views and grants")
    let granted = try await other.query(
      """
      SELECT r.rolname || ' to ' || m.rolname AS words FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid
        JOIN pg_roles m ON m.oid = a.member WHERE r.rolname LIKE 'aker_%' ORDER BY 1
      """)
    #expect(
      try granted.map { try $0.decode("words", as: String.self) }
        == ["aker_operator to aker_admin", "aker_reader to aker_operator"])
    await other.close()
    await watching.close()
  }

  @Test func anEditedMigrationIsRefused() async throws {
    let connection = try await TestDatabase.current.connect()
    var edited = known
    edited.migrations[0].sql += "\n-- edited"
    await #expect(
      throws: MigrationError.drift(version: edited.migrations[0].version, name: edited.migrations[0].name)
    ) {
      try await edited.migrate(connection)
    }
  }

  @Test func whatANewerAkerAppliedIsLeftAlone() async throws {
    let connection = try await TestDatabase.current.connect()
    let newer = repeating("CREATE VIEW queue.added AS SELECT 1 AS one", by: "0.10.0")
    _ = try await newer.migrate(connection)
    var older = known
    older.akerVersion = "0.9.2"
    await #expect(throws: MigrationError.databaseIsNewer(by: "0.10.0", this: "0.9.2")) {
      try await older.migrate(connection)
    }
    // The other way round is an upgrade.
    older.akerVersion = "0.11.0"
    #expect(try await older.migrate(connection) == ["functions, views and grants"])
    #expect(try await connection.query("SELECT to_regclass('queue.added')::text AS added")[0].text("added") == nil)
  }

  @Test func aMigrationThatIsNotKnownIsRefused() async throws {
    let connection = try await TestDatabase.current.connect()
    _ = try await adding("SELECT 1").migrate(connection)
    await #expect(throws: MigrationError.databaseIsNewer(by: "0.1.0", this: "0.1.0")) {
      try await known.migrate(connection)
    }
  }

  @Test func aDatabaseOfAnUnreleasedBuildIsRefused() async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.execute("ALTER TABLE aker_migration DROP COLUMN aker_version")
    await #expect(throws: MigrationError.unreleased) { try await known.migrate(connection) }
  }

  @Test func aFailingFileRollsAllBackAndNamesItsLine() async throws {
    let connection = try await TestDatabase.current.connect()
    var broken = adding("CREATE TABLE added (id int);")
    broken.repeatable.files.insert(
      .init(path: "functions/broken.sql", sql: "SELECT 1;\nSELECT\n  nothing_such;"), at: 0)
    let error = await #expect(throws: MigrationError.self) { try await broken.migrate(connection) }
    guard case .failed("functions/broken.sql", 3, _) = error else {
      Issue.record("unexpected: \(String(describing: error))")
      return
    }
    #expect(try await connection.query("SELECT to_regclass('added')::text AS added")[0].text("added") == nil)
    #expect(try await known.migrate(connection).isEmpty)
  }

  @Test func migratorsAtOnceApplyEachMigrationOnce() async throws {
    let database = TestDatabase.current
    let migrator = adding("CREATE TABLE added AS SELECT 1 AS id")
    let applied = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask { try await migrator.migrate(database.connect()).count }
      }
      return try await group.reduce(0, +)
    }
    #expect(applied == 2)
  }

  @Test func aChangedSignatureReplacesTheFunctionAndItsOldOneIsGone() async throws {
    let connection = try await TestDatabase.current.connect()
    let first = repeating("CREATE FUNCTION queue._added(a int) RETURNS int LANGUAGE sql AS 'SELECT a';")
    _ = try await first.migrate(connection)
    let second = repeating(
      "CREATE FUNCTION queue._added(a int, b text DEFAULT '') RETURNS text LANGUAGE sql AS 'SELECT b || a';")
    #expect(try await second.migrate(connection) == ["functions, views and grants"])
    #expect(try await connection.query("SELECT queue._added(1) AS a")[0].text("a") == "1")
    // The columns of a view change their order and type, which CREATE OR REPLACE refuses.
    _ = try await repeating("CREATE VIEW queue.added AS SELECT 1 AS a, 2 AS b").migrate(connection)
    _ = try await repeating("CREATE VIEW queue.added AS SELECT 'x' AS b").migrate(connection)
    #expect(try await connection.query("SELECT b FROM queue.added")[0].text("b") == "x")
  }

  @Test func whatOthersBuiltOnViewsAndFunctionsIsKept() async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.executeScript(
      """
      CREATE ROLE grafana; CREATE SCHEMA mine;
      GRANT SELECT ON queue.task TO grafana; GRANT EXECUTE ON FUNCTION queue.why TO grafana WITH GRANT OPTION;
      CREATE VIEW mine.reason WITH (security_invoker) AS SELECT task_id, queue.why(task_id) AS reason FROM queue.task;
      COMMENT ON VIEW mine.reason IS 'mine'; GRANT SELECT ON mine.reason TO grafana;
      CREATE VIEW mine.deeper AS SELECT r.* FROM mine.reason r JOIN queue.running USING (task_id);
      """)
    let rights = """
      SELECT concat_ws(' | ', pg_get_viewdef('mine.reason'), pg_get_viewdef('mine.deeper'),
        has_table_privilege('grafana', 'queue.task', 'SELECT'),
        has_function_privilege('grafana', 'queue.why(bigint)', 'EXECUTE WITH GRANT OPTION'),
        has_table_privilege('grafana', 'mine.reason', 'SELECT'), obj_description('mine.reason'::regclass),
        (SELECT reloptions FROM pg_class WHERE oid = 'mine.reason'::regclass)) AS all
      """
    let before = try await connection.query(rights)[0].text("all")
    _ = try await repeating("CREATE VIEW queue.added AS SELECT 1 AS a").migrate(connection)
    #expect(try await connection.query(rights)[0].text("all") == before)
    try await connection.executeScript("DROP OWNED BY grafana; DROP ROLE grafana")
  }

  @Test func whatCannotBePutBackStopsTheMigration() async throws {
    let connection = try await TestDatabase.current.connect()
    let more = repeating("CREATE VIEW queue.added AS SELECT 1 AS a")
    try await connection.execute("CREATE MATERIALIZED VIEW kept AS SELECT count(*) FROM queue.task")
    let stopped = await #expect(throws: MigrationError.self) { try await more.migrate(connection) }
    #expect(stopped?.summary.contains("kept") == true, "\(String(describing: stopped?.summary))")
    #expect(try await connection.query("SELECT count FROM kept").count == 1)

    // A view of somebody's on a column that goes away is named, with what to do.
    try await connection.execute("DROP MATERIALIZED VIEW kept")
    _ = try await more.migrate(connection)
    try await connection.execute("CREATE VIEW kept AS SELECT a FROM queue.added")
    let named = await #expect(throws: MigrationError.self) { try await known.migrate(connection) }
    #expect(named?.summary.contains("view public.kept reads what is there no longer") == true)
    #expect(try await connection.query("SELECT a FROM kept").count == 1)
  }

  @Test func noFunctionOfOursIsOpenToEverybody() async throws {
    let connection = try await TestDatabase.current.connect()
    let open = try await connection.query(
      """
      SELECT p.oid::regprocedure::text AS function FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname IN ('queue', 'catalog', 'lineage', 'quality', 'lake', 'warehouse', 'review', 'schedule', 'service')
        AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                    WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE')
      """)
    #expect(try open.map { try $0.decode("function", as: String.self) } == [])
  }

  @Test func everySecurityDefinerFunctionPinsItsSearchPath() async throws {
    let connection = try await TestDatabase.current.connect()
    let unpinned = try await connection.query(
      """
      SELECT p.oid::regprocedure::text AS function FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname IN ('queue', 'catalog', 'lineage', 'quality', 'lake', 'warehouse', 'review', 'schedule', 'service') AND p.prosecdef
        AND NOT EXISTS (SELECT FROM unnest(p.proconfig) setting WHERE setting LIKE 'search_path=%')
      """)
    #expect(try unpinned.map { try $0.decode("function", as: String.self) } == [])
  }

  /// `grants.sql` may be run by hand at any time, after a restore without roles' rights for one.
  @Test func grantsCanSimplyBeRunAgain() async throws {
    let connection = try await TestDatabase.current.connect()
    let rights = """
      SELECT string_agg(p.oid::regprocedure || ' ' || p.proacl::text, ', ' ORDER BY p.oid) AS all FROM pg_proc p
      WHERE p.pronamespace IN ('queue'::regnamespace, 'lake'::regnamespace, 'warehouse'::regnamespace)
      """
    let before = try await connection.query(rights)[0].text("all")
    try await connection.executeScript(
      "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA queue FROM aker_worker; GRANT EXECUTE ON FUNCTION queue.prune TO PUBLIC")
    let grants = try #require(known.repeatable.files.first { $0.path == "grants.sql" })
    try await connection.executeScript(grants.sql)
    let sorted: (String?) -> [Character] = { ($0 ?? "").sorted() }
    #expect(sorted(try await connection.query(rights)[0].text("all")) == sorted(before))
  }
}
