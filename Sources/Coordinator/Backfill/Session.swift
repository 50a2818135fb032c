import Base
import Settings
import Database
import Lake
import Pipeline
import Postgres

/// A command's way to the database.
struct Session: Sendable {
  let configuration: AkerConfiguration
  let database: PostgresConfiguration
  /// Where its address was told.
  var variable = "AKER_POSTGIS_DSN"
  /// A database of this folder's own, which nobody else has set up.
  var isEmbedded: Bool { configuration.postgisDSN == nil }

  /// Finds the database: the configured one, or the embedded one, which is started if need be.
  static func open(_ options: GlobalOptions) async throws -> Session {
    let configuration = try options.configuration()
    return Session(
      configuration: configuration, database: try await configuration.database(applicationName: "aker"))
  }

  /// The same for a command that must change nothing: an embedded database that was never made stays so.
  static func openExisting(_ options: GlobalOptions) async throws -> Session {
    let configuration = try options.configuration()
    guard configuration.hasDatabase else {
      throw Failure(
        .unavailable, "there is no database yet, and this command makes none",
        advice: "Run: aker migrate, which makes one below \(configuration.home); or set AKER_POSTGIS_DSN.")
    }
    return try await open(options)
  }

  /// The database for a command that can do without: the one that is configured or the embedded one if it runs. Starts
  /// nothing.
  ///
  /// - Parameter onlyLooks: whether the server that AKER_READ_DSN names will do; a dry run asks sources, and takes from
  ///   their budgets.
  /// - Returns: nil, and why, where there is none or its structure is another.
  static func databaseToRead(
    _ configuration: AkerConfiguration, onlyLooks: Bool = true
  ) async -> (PostgresConfiguration?, reason: String?) {
    do {
      var server = onlyLooks ? serverToRead(configuration) : nil
      if server == nil { server = try await configuration.databaseIfRunning(applicationName: "aker") }
      guard let database = server else { return (nil, "no database runs") }
      let connection = try await PostgresConnection.connect(database)
      let pending = try await Migrator(directory: configuration.migrationsPath, akerVersion: Version.number).status(
        connection
      )
      .contains { $0.appliedAt == nil }
      await connection.close()
      return pending ? (nil, "the database is not up to date (aker migrate)") : (database, nil)
    } catch let error as PostgresError where error.isConnectionFailure {
      return (nil, "the database cannot be reached")
    } catch {
      return (nil, "the database cannot be used (\(error.inOneLine))")
    }
  }

  /// The configured lake, once it is known to be the database's.
  ///
  /// - Throws: `LakeIdentityError` where it is another's.
  func lake(_ connection: PostgresConnection) async throws -> any LakeStore {
    let lake = try configuration.lake()
    try await LakeIdentity(lake).require(connection)
    return lake
  }

  /// For workers of this command: what it was told itself, in the words that they understand.
  var workerEnvironment: [String: String] {
    configuration.environment.merging([
      "AKER_HOME": configuration.home, "AKER_CACHE_PATH": configuration.cachePath,
      "AKER_CATALOG_PATH": configuration.catalogPath,
    ]) { $1 }
  }

  /// - Parameter access: a command that only looks does with a standby where there is no primary.
  func connect(_ access: PostgresConfiguration.Access = .readWrite) async throws -> PostgresConnection {
    do {
      return try await PostgresConnection.connect(database)
    } catch let error as PostgresError where error.kind == .connection {
      if error.hint != nil {  // a standby, which libpq was told to pass by
        guard access == .any else { throw Failure.standby }
        var standby = database
        standby.access = .any
        return try await PostgresConnection.connect(standby)
      }
      throw Failure(
        .unavailable, "the database cannot be reached (\(database.redactedDSN)): \(error.message)",
        advice: "Check \(variable) and that the server runs; aker doctor looks at each part.")
    }
  }

  /// The same for a command that only looks: at the server that AKER_READ_DSN names, where it names one.
  var looking: Session {
    guard let server = Self.serverToRead(configuration) else { return self }
    return Session(configuration: configuration, database: server, variable: "AKER_READ_DSN")
  }

  func connectToLook() async throws -> PostgresConnection {
    try await looking.connectMigrated(migrates: false)
  }

  private static func serverToRead(_ configuration: AkerConfiguration) -> PostgresConfiguration? {
    configuration.readDSN.map { PostgresConfiguration(dsn: $0, applicationName: "aker", access: .any) }
  }

  /// Connects to a database whose structure is up to date.
  ///
  /// - Parameters:
  ///   - migrates: whether to bring it up to date when it is not, rather than to say so. Commands that the operator starts
  ///     work with do; commands that only look do not change the database.
  ///   - need: what the login must be allowed to.
  /// - Throws: `Failure` when it is not, before anything was done.
  func connectMigrated(migrates: Bool, needs need: Need = .reader) async throws -> PostgresConnection {
    let connection = try await connect(need == .reader ? .any : .readWrite)
    let rights = try await LoginRights.read(connection)
    try need.require(rights)
    if rights.isStandby {
      Terminal.standardError.write(
        "note: the database is a read-only standby, \(rights.lag); it can be looked at, and no more\n")
    }
    let migrator = try Migrator(directory: configuration.migrationsPath, akerVersion: Version.number)
    let pending = try await migrator.status(connection).filter { $0.appliedAt == nil }
    if pending.isEmpty { return connection }
    guard migrates else {
      throw Failure(
        .unavailable, "the database lacks \(pending.count.counted("migration"))",
        advice: "Run: aker migrate")
    }
    _ = try await migrator.migrate(connection)
    return connection
  }
}
