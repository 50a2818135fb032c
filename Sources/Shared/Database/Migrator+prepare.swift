internal import Postgres

extension Migrator {
  /// What comes before the first migration: a schema for the warehouse's tables, PostGIS, and the table of what was applied.
  func prepare(_ connection: PostgresConnection) async throws {
    if try await connection.query("SELECT FROM pg_namespace WHERE nspname = 'public'").isEmpty {
      try await connection.execute("CREATE SCHEMA IF NOT EXISTS public")
    }
    if try await connection.query("SELECT FROM pg_extension WHERE extname = 'postgis'").isEmpty {
      try await createPostGIS(connection)
    }
    do {
      try await connection.executeScript(Self.table)
    } catch let error as PostgresError where ["23505", "42P07"].contains(error.sqlState) {
      // unique_violation, duplicate_table: another migrator made it in the same moment.
    }
  }

  private func createPostGIS(_ connection: PostgresConnection) async throws {
    do {
      try await connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    } catch let error as PostgresError {
      switch error.sqlState {
      // feature_not_supported, undefined_file: the server's host does not have it.
      case "0A000", "58P01": throw MigrationError.postgisMissing
      case "42501": throw MigrationError.postgisNotAllowed(database: try await database(connection))
      case "23505", "42710": return  // made by another migrator in the same moment
      default: throw error
      }
    }
  }

  private func database(_ connection: PostgresConnection) async throws -> String {
    try await connection.one("SELECT quote_ident(current_database()) AS name").decode("name")
  }

  /// One migrator at a time, by a lock that only roles which may write in the table can take; until the transaction ends.
  func lock(_ transaction: PostgresTransaction) async throws {
    do {
      try await transaction.executeScript(
        """
        SET LOCAL lock_timeout = '\(Self.lockLimit)s';
        LOCK TABLE public.aker_migration IN EXCLUSIVE MODE;
        SET LOCAL lock_timeout = 0;
        """)
    } catch let error as PostgresError where error.sqlState == "55P03" {  // lock_not_available
      throw MigrationError.busy(seconds: Self.lockLimit)
    }
  }

  /// Ten minutes: far more than any migration of an empty database, and than most of a full one.
  private static let lockLimit = 600
}
