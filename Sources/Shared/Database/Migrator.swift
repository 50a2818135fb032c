package import FoundationEssentials
package import Postgres

/// Brings a database's structure up to date with `migrations/`: forward only, each in a transaction, one migrator at a
/// time, checksums compared first.
package struct Migrator: Sendable {
  package var migrations: [Migration]

  package init(directory: String) throws {
    migrations = try Migration.read(directory: directory)
  }

  package init(migrations: [Migration]) {
    self.migrations = migrations
  }

  package struct Status: Sendable {
    package var version: Int
    package var name: String
    /// Nil while it is pending.
    package var appliedAt: Date?
  }

  /// Serializes migrators of one database. The number says nothing but itself: "aker" in ASCII.
  static let advisoryLock: Int64 = 0x616B_6572

  /// Applies what is pending.
  ///
  /// - Returns: the migrations applied now, in order; empty when there was nothing to do.
  /// - Throws: `MigrationError` on drift, on a newer database, or when one fails (those before it stay applied).
  package func migrate(_ connection: PostgresConnection) async throws -> [Migration] {
    try await connection.execute("SELECT pg_advisory_lock($1)", [Self.advisoryLock])
    do {
      let applied = try await applyPending(connection)
      try await connection.execute("SELECT pg_advisory_unlock($1)", [Self.advisoryLock])
      return applied
    } catch {
      // The lock goes with the session if this fails too.
      _ = try? await connection.execute("SELECT pg_advisory_unlock($1)", [Self.advisoryLock])
      throw error
    }
  }

  /// Each known migration, and when it was applied. Writes nothing.
  ///
  /// - Throws: `MigrationError` on drift or a newer database.
  package func status(_ connection: PostgresConnection) async throws -> [Status] {
    let applied = try await verified(connection)
    return migrations.map { Status(version: $0.version, name: $0.name, appliedAt: applied[$0.version]) }
  }

  private func applyPending(_ connection: PostgresConnection) async throws -> [Migration] {
    try await connection.executeScript(
      """
      CREATE TABLE IF NOT EXISTS public.aker_migration (
        version int PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT clock_timestamp());
      COMMENT ON TABLE public.aker_migration IS 'Migrations applied to this database; written by aker migrate only.';
      """)
    let applied = try await verified(connection)
    let pending = migrations.filter { applied[$0.version] == nil }
    for migration in pending { try await apply(migration, connection) }
    return pending
  }

  private func apply(_ migration: Migration, _ connection: PostgresConnection) async throws {
    do {
      try await connection.transaction { connection in
        try connection.executeScript(migration.sql)
        try connection.execute(
          "INSERT INTO public.aker_migration (version, name, checksum) VALUES ($1, $2, \(Self.checksum("$3")))",
          [migration.version, migration.name, migration.sql])
      }
    } catch let error as PostgresError where !error.isConnectionFailure {
      // 0A000, 58P01: 'extension "postgis" is not available', 'could not open extension control file'.
      if ["0A000", "58P01"].contains(error.sqlState), error.message.contains("postgis") {
        throw MigrationError.postgisMissing
      }
      let line = error.position.map { position in
        1 + migration.sql.unicodeScalars.prefix(position - 1).count { $0 == "\n" }
      }
      throw MigrationError.failed(
        version: migration.version, name: migration.name, line: line, reason: error.summary)
    }
  }

  /// Compares what is applied with what is known.
  private func verified(_ connection: PostgresConnection) async throws -> [Int: Date] {
    let tables = try await connection.query("SELECT to_regclass('public.aker_migration') IS NOT NULL AS present")
    guard try tables[0].decode("present", as: Bool.self) else { return [:] }
    let known = Dictionary(uniqueKeysWithValues: migrations.map { ($0.version, $0) })
    let rows = try await connection.query(
      "SELECT version, name, checksum, applied_at FROM public.aker_migration ORDER BY version")
    var applied: [Int: Date] = [:]
    for row in rows {
      let version: Int = try row.decode("version")
      guard let migration = known[version] else {
        throw MigrationError.databaseIsNewer(database: version, known: migrations.last?.version ?? 0)
      }
      let checksum = try await connection.query(
        "SELECT \(Self.checksum("$1")) AS checksum", [migration.sql])
      guard try checksum[0].decode("checksum", as: String.self) == row.decode("checksum") else {
        throw MigrationError.drift(version: version, name: migration.name)
      }
      applied[version] = try row.decode("applied_at", as: Date.self)
    }
    if let newest = applied.keys.max(),
      let late = migrations.first(where: { $0.version < newest && applied[$0.version] == nil })
    {
      throw MigrationError.outOfOrder(version: late.version, name: late.name, applied: newest)
    }
    return applied
  }

  private static func checksum(_ parameter: String) -> String {
    "encode(sha256(convert_to(\(parameter)::text, 'UTF8')), 'hex')"
  }
}
