package import FoundationEssentials
package import Postgres

/// Brings a database's structure up to date with `migrations/`: forward only, one migrator at a time, all that is
/// pending in one transaction.
///
/// Tables stand in versioned files, which are applied once and never edited afterwards. Functions, views and grants
/// stand in repeatable files, which are all applied again after the versioned ones whenever one of them changed
/// (docs/decisions/0020-repeatable-sql.md).
package struct Migrator: Sendable {
  package var migrations: [Migration]
  package var repeatable: RepeatableMigrations
  /// The version of this aker. What a newer one applied is left alone.
  package var akerVersion: String

  package init(directory: String, akerVersion: String) throws {
    self.init(
      migrations: try Migration.read(directory: directory),
      repeatable: try RepeatableMigrations.read(directory: directory), akerVersion: akerVersion)
  }

  package init(migrations: [Migration], repeatable: RepeatableMigrations, akerVersion: String) {
    self.migrations = migrations
    self.repeatable = repeatable
    self.akerVersion = akerVersion
  }

  /// One line of `aker migrate --status`.
  package struct Status: Sendable {
    /// Nil for functions, views and grants, which have none.
    package var version: Int?
    package var name: String
    /// Nil while it is pending.
    package var appliedAt: Date?
    /// Which aker applied it; nil while it is pending.
    package var akerVersion: String?
  }

  /// The row of `aker_migration` that stands for the repeatable files.
  static let repeatableVersion = 0

  /// Applies what is pending.
  ///
  /// - Returns: what was applied now, in order, by name; empty when there was nothing to do.
  /// - Throws: `MigrationError` on drift, on a newer database, or when a file fails. Nothing was changed then.
  package func migrate(_ connection: PostgresConnection) async throws -> [String] {
    do {
      return try await again { try await applyPending(connection) }
    } catch let error as PostgresError where error.sqlState == "42501" {  // insufficient_privilege
      throw MigrationError.notAllowed(try await LoginRights.read(connection).login, reason: error.message)
    }
  }

  /// Each known migration, and when it was applied. One query; writes nothing.
  ///
  /// - Throws: `MigrationError` on drift or a newer database.
  package func status(_ connection: PostgresConnection) async throws -> [Status] {
    let applied = try await verified(connection)
    let versioned = migrations.map { migration in
      Status(
        version: migration.version, name: migration.name, appliedAt: applied[migration.version]?.appliedAt,
        akerVersion: applied[migration.version]?.akerVersion)
    }
    let last = applied[Self.repeatableVersion].flatMap { $0.checksum == repeatable.checksum ? $0 : nil }
    return versioned + [
      Status(name: RepeatableMigrations.name, appliedAt: last?.appliedAt, akerVersion: last?.akerVersion)
    ]
  }

  /// Publications go on meanwhile: where one drops or swaps a table in the moment in which it is granted, which locks no
  /// table, or the two would wait for each other, all is rolled back and begins again.
  func again<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
    for _ in 1..<Self.tryCount {
      do { return try await body() } catch let error as PostgresError where error.isCollision {}
    }
    return try await body()
  }

  /// Each try meets another publication at most.
  private static let tryCount = 20

  private func applyPending(_ connection: PostgresConnection) async throws -> [String] {
    let applied = try await verified(connection)
    let pending = migrations.filter { applied[$0.version] == nil }
    let checksum = repeatable.checksum
    if pending.isEmpty, applied[Self.repeatableVersion]?.checksum == checksum { return [] }
    try await prepare(connection)
    return try await connection.withTransaction { transaction in
      try await lock(transaction)
      // Another migrator may have been at it while this one waited.
      let applied = try await verified(rows: transaction.query(Self.appliedSQL))
      let pending = migrations.filter { applied[$0.version] == nil }
      if pending.isEmpty, applied[Self.repeatableVersion]?.checksum == checksum { return [] }
      try await run(repeatable.before.path, repeatable.before.sql, transaction)
      for migration in pending { try await run(migration.file, migration.sql, transaction) }
      for file in repeatable.files { try await run(file.path, file.sql, transaction) }
      try await requireServedWorkers(transaction)
      for migration in pending {
        try await note(migration.version, migration.name, migration.checksum, transaction)
      }
      try await note(Self.repeatableVersion, RepeatableMigrations.name, checksum, transaction)
      return pending.map { "\($0.version) \($0.name)" } + [RepeatableMigrations.name]
    }
  }

  static let table = """
    CREATE TABLE IF NOT EXISTS public.aker_migration (
      version int PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, aker_version text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT clock_timestamp());
    COMMENT ON TABLE public.aker_migration IS
      'Migrations applied to this database; version 0: functions, views and grants. Written by aker migrate only.';
    COMMENT ON COLUMN public.aker_migration.checksum IS 'SHA-256 of the text that was applied.';
    COMMENT ON COLUMN public.aker_migration.aker_version IS 'The aker that applied it; an older one changes nothing.';
    """

  private func note(_ version: Int, _ name: String, _ checksum: String, _ transaction: PostgresTransaction) async throws
  {
    try await transaction.execute(
      """
      INSERT INTO public.aker_migration (version, name, checksum, aker_version) VALUES ($1, $2, $3, $4)
      ON CONFLICT (version) DO UPDATE SET checksum = EXCLUDED.checksum, aker_version = EXCLUDED.aker_version,
        applied_at = clock_timestamp()
      """, [version, name, checksum, akerVersion])
  }

  private func run(_ file: String, _ sql: String, _ transaction: PostgresTransaction) async throws {
    do {
      try await transaction.executeScript(sql)
    } catch let error as PostgresError where !error.isConnectionFailure {
      if error.sqlState == "42501" || error.isCollision { throw error }
      if error.sqlState == "42P06" { throw MigrationError.schemaTaken(error.message) }  // duplicate_schema
      let line = error.position.map { position in 1 + sql.unicodeScalars.prefix(position - 1).count { $0 == "\n" } }
      throw MigrationError.failed(file: file, line: line, reason: error.summary)
    }
  }

  /// A row of `aker_migration`.
  private struct Applied {
    var checksum: String
    var akerVersion: String
    var appliedAt: Date
  }

  /// What is applied, by version, after comparing it with what is known.
  private func verified(_ connection: PostgresConnection) async throws -> [Int: Applied] {
    try verified(rows: await rows(connection))
  }

  private func verified(rows: [PostgresRow]) throws -> [Int: Applied] {
    let known = Dictionary(uniqueKeysWithValues: migrations.map { ($0.version, $0) })
    var applied: [Int: Applied] = [:]
    for row in rows {
      let version: Int = try row.decode("version")
      let found = Applied(
        checksum: try row.decode("checksum"), akerVersion: try row.decode("aker_version"),
        appliedAt: try row.decode("applied_at"))
      applied[version] = found
      if version == Self.repeatableVersion {
        guard found.checksum == repeatable.checksum || !Self.isNewer(found.akerVersion, than: akerVersion) else {
          throw MigrationError.databaseIsNewer(by: found.akerVersion, this: akerVersion)
        }
        continue
      }
      guard let migration = known[version] else {
        throw MigrationError.databaseIsNewer(by: found.akerVersion, this: akerVersion)
      }
      guard found.checksum == migration.checksum else {
        throw MigrationError.drift(version: version, name: migration.name)
      }
    }
    if let newest = applied.keys.max(),
      let late = migrations.first(where: { $0.version < newest && applied[$0.version] == nil })
    {
      throw MigrationError.outOfOrder(version: late.version, name: late.name, applied: newest)
    }
    return applied
  }

  private static let appliedSQL =
    "SELECT version, checksum, aker_version, applied_at FROM public.aker_migration ORDER BY version"

  private func rows(_ connection: PostgresConnection) async throws -> [PostgresRow] {
    do {
      return try await connection.query(Self.appliedSQL)
    } catch let error as PostgresError where error.sqlState == "42P01" {  // undefined_table: nothing was applied yet
      return []
    } catch let error as PostgresError where error.sqlState == "42703" {  // undefined_column
      throw MigrationError.unreleased
    }
  }

  /// Compares versions as numbers with points between them: 0.10 is newer than 0.9.
  static func isNewer(_ version: String, than other: String) -> Bool {
    func numbers(_ text: String) -> [Int] {
      text.prefix { $0 != "-" && $0 != "+" }.split(separator: ".").map { Int($0) ?? 0 }
    }
    return numbers(other).lexicographicallyPrecedes(numbers(version))
  }
}
