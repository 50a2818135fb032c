import Testing
import TestSupport

@testable import Database
import Postgres

@Suite(.database)
struct MigratorTests {
  private let known: [Migration]

  init() throws {
    known = try Migrator(directory: PackageRoot.migrations).migrations
  }

  private func migration(_ version: Int, _ sql: String) -> Migration {
    Migration(version: version, name: "added", sql: sql)
  }

  @Test func whatIsAppliedIsNotAppliedAgain() async throws {
    let connection = try await TestDatabase.current.connect()
    #expect(try await Migrator(migrations: known).migrate(connection).isEmpty)
    let more = Migrator(migrations: known + [migration(9001, "CREATE TABLE added (id int)")])
    #expect(try await more.migrate(connection).map(\.version) == [9001])
    #expect(try await more.status(connection).allSatisfy { $0.appliedAt != nil })
  }

  @Test func anEditedMigrationIsRefused() async throws {
    let connection = try await TestDatabase.current.connect()
    var edited = known
    edited[0].sql += "\n-- edited"
    await #expect(throws: MigrationError.drift(version: edited[0].version, name: edited[0].name)) {
      try await Migrator(migrations: edited).migrate(connection)
    }
  }

  @Test func aNewerDatabaseIsRefused() async throws {
    let connection = try await TestDatabase.current.connect()
    _ = try await Migrator(migrations: known + [migration(9001, "SELECT 1")]).migrate(connection)
    await #expect(throws: MigrationError.databaseIsNewer(database: 9001, known: known.last!.version)) {
      try await Migrator(migrations: known).migrate(connection)
    }
  }

  @Test func aFailingMigrationIsRolledBackAndNamesItsLine() async throws {
    let connection = try await TestDatabase.current.connect()
    let broken = migration(9001, "CREATE TABLE added (id int);\nSELECT\n  nothing_such;")
    let error = await #expect(throws: MigrationError.self) {
      try await Migrator(migrations: known + [broken]).migrate(connection)
    }
    guard case .failed(9001, "added", 3, _) = error else {
      Issue.record("unexpected: \(String(describing: error))")
      return
    }
    #expect(try await connection.query("SELECT to_regclass('added')::text AS added")[0].text("added") == nil)
  }

  @Test func migratorsAtOnceApplyEachMigrationOnce() async throws {
    let database = TestDatabase.current
    let migrator = Migrator(migrations: known + [migration(9001, "CREATE TABLE added AS SELECT 1 AS id")])
    let applied = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask { try await migrator.migrate(database.connect()).count }
      }
      return try await group.reduce(0, +)
    }
    #expect(applied == 1)
  }

  @Test func noFunctionOfOursIsOpenToEverybody() async throws {
    let connection = try await TestDatabase.current.connect()
    let open = try await connection.query(
      """
      SELECT p.oid::regprocedure::text AS function FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname IN ('queue', 'catalog', 'lineage', 'quality', 'lake')
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
      WHERE n.nspname IN ('queue', 'catalog', 'lineage', 'quality', 'lake') AND p.prosecdef
        AND NOT EXISTS (SELECT FROM unnest(p.proconfig) setting WHERE setting LIKE 'search_path=%')
      """)
    #expect(try unpinned.map { try $0.decode("function", as: String.self) } == [])
  }
}
