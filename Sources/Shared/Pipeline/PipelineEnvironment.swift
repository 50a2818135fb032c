internal import AppliedCatalog
internal import Catalog
package import Settings
package import Engine
internal import Fetch
internal import FoundationEssentials
internal import Glibc
package import Lake
package import Logging
internal import OpenLineage
package import Postgres

/// What the pipeline needs of this host: the DuckDB program, the cache and the lake, the sources.
package struct PipelineEnvironment: Sendable {
  package let engine: Engine
  package let lake: any LakeStore
  private let database: PostgresPool?
  package let inputs: any InputSource
  /// Folder of the raw cache.
  package let rawCache: String
  /// The documents in it.
  let documents: RawCache
  private let configuration: AkerConfiguration
  /// Looks at this host when an attempt fails; nil in a preview.
  private var host: HostLook?

  /// - Parameters:
  ///   - slots: tasks at a time, which share the host's memory and processors.
  ///   - clientName: for the User-Agent, such as `aker/0.1.0`.
  /// - Throws: `EngineError` without a usable DuckDB; `FetchError` where the cache cannot be written; `YAMLError`;
  ///   `LakeIdentityError` where the lake is not the database's.
  package static func make(
    _ configuration: AkerConfiguration, database: PostgresConfiguration, slots: Int, clientName: String, logger: Logger
  ) async throws -> PipelineEnvironment {
    let duckdb = try await DuckDB.locate(explicit: configuration.duckdb, home: configuration.home)
    let cache = configuration.localCachePath
    let pool = PostgresPool(database, maximumCount: slots + 1)
    let lake = try configuration.lake()
    let registry = try await pool.withConnection { connection in
      if let doubt = try await LakeIdentity(lake).require(connection) {
        logger.warning("\(doubt.summary)", metadata: ["advice": "\(doubt.advice ?? "")"])
      }
      return try await SourceRegistry.applied(connection, environment: configuration.environment)
        ?? SourceRegistry(directory: configuration.catalogPath, environment: configuration.environment)
    }
    let fetcher = try Fetcher(
      registry: registry, cacheDirectory: cache + "/raw", shared: try configuration.sharedCache(),
      limiter: QueueRateLimiter(pool), clientName: clientName,
      logger: logger, secret: { try configuration.secret($0) })
    let engine = try workerEngine(duckdb, configuration, slots: slots, logger)
    let documents = try RawCache(directory: cache + "/raw", shared: try configuration.sharedCache())
    // A look waits for no room in the host's budget: a busy host is no sick one.
    let host = HostLook(
      engine: Engine(duckdb, limits: try limits(configuration, slots: slots), logger: logger), lake: lake,
      lakeID: try await lake.identity(),
      folders: documents.folders + [cache + "/tmp", configuration.stagingRoot],
      fetcher: fetcher)
    return PipelineEnvironment(
      engine: engine, lake: lake, database: pool, inputs: LiveInputs(fetcher), rawCache: cache + "/raw",
      documents: documents, configuration: configuration, host: host)
  }

  /// Before the first task: what is there now is what a look later compares with.
  package func rememberHost() async {
    await host?.remember()
  }

  /// For a preview: the sources as the catalog's files have them, asked within their rates by this process alone, and a
  /// database to compare with where there is one.
  package static func preview(
    _ configuration: AkerConfiguration, database: PostgresConfiguration?, clientName: String, logger: Logger
  ) async throws -> PipelineEnvironment {
    let cache = configuration.localCachePath
    let registry = try SourceRegistry(directory: configuration.catalogPath, environment: configuration.environment)
    let fetcher = try Fetcher(
      registry: registry, cacheDirectory: cache + "/raw", shared: try configuration.sharedCache(),
      limiter: PacedRate(registry), clientName: clientName,
      logger: logger, secret: { try configuration.secret($0) })
    return PipelineEnvironment(
      engine: try await engine(configuration, logger: logger), lake: try configuration.lake(),
      database: database.map { PostgresPool($0, maximumCount: 1) }, inputs: LiveInputs(fetcher),
      rawCache: cache + "/raw",
      documents: try RawCache(directory: cache + "/raw", shared: try configuration.sharedCache()),
      configuration: configuration)
  }

  /// - Throws: `PipelineError.noDatabase` in a preview without one.
  package var pool: PostgresPool {
    get throws {
      guard let database else { throw PipelineError.noDatabase }
      return database
    }
  }

  /// Lends a session, or nil in a preview without a database.
  func withConnectionIfAny<Value: Sendable>(
    _ body: @Sendable (PostgresConnection?) async throws -> Value
  ) async throws -> Value {
    guard let database else { return try await body(nil) }
    return try await database.withConnection { try await body($0) }
  }

  /// The engine alone, for commands that look at the catalog.
  package static func engine(_ configuration: AkerConfiguration, logger: Logger) async throws -> Engine {
    let duckdb = try await DuckDB.locate(explicit: configuration.duckdb, home: configuration.home)
    return Engine(duckdb, limits: try limits(configuration, slots: 1), logger: logger)
  }

  /// Of one that shares the host with all other workers on it.
  private static func workerEngine(
    _ duckdb: DuckDB, _ configuration: AkerConfiguration, slots: Int, _ logger: Logger
  ) throws -> Engine {
    let budget = HostBudget(
      memoryBytes: try configuration.hostMemoryBytes(), threads: try configuration.hostThreads(), slots: slots)
    if budget == nil {
      logger.notice(
        "other workers of this host are not counted: each takes its own part of the host's memory",
        metadata: ["folder": "\(HostBudget.standardDirectory)"])
    }
    return Engine(
      duckdb, limits: try limits(configuration, slots: budget == nil ? slots : 1), budget: budget, logger: logger)
  }

  /// The host's memory and threads shared among so many slots.
  private static func limits(_ configuration: AkerConfiguration, slots: Int) throws -> EngineLimits {
    EngineLimits(
      memoryBytes: max(HostBudget.unitBytes, try configuration.hostMemoryBytes() / max(1, slots)),
      threads: max(1, try configuration.hostThreads() / max(1, slots)),
      temporaryDirectory: configuration.localCachePath + "/tmp", diskBytes: try configuration.taskDiskBytes())
  }

  /// - Parameters:
  ///   - other: where documents come from, rather than the sources.
  ///   - restoring: a publication that is to be restored to the byte.
  ///   - observer: is told of each step of each task.
  package func handler(
    inputs other: (any InputSource)? = nil, observer: StepObserver? = nil, restoring: Int64? = nil
  ) throws -> PipelineTaskHandler {
    PipelineTaskHandler(
      pool: try pool, engine: engine, lake: lake, inputs: other ?? inputs,
      // For hosts where another size is better than the one that was measured here.
      swapRowCount: configuration.values[.swapRowCount]?.text.flatMap { Int($0) },
      events: configuration.openLineageURL == nil
        ? nil : OpenLineageEvents(configuration.openLineageBuilder(try pool.configuration)), observer: observer,
      restoring: restoring, host: host)
  }

  /// A folder for work that is not to be published, removed afterwards.
  func withWorkspace<Value: Sendable>(_ body: (DiskLake) async throws -> Value) async throws -> Value {
    let workspace = DiskLake(directory: configuration.localCachePath + "/tmp/\(UUID().uuidString)")
    do {
      let value = try await body(workspace)
      try FileManager.default.removeItem(atPath: workspace.location)
      return value
    } catch {
      try? FileManager.default.removeItem(atPath: workspace.location)
      throw error
    }
  }

  /// What every worker does at its start, beside its first tasks: gives files their name whose worker died in between, and
  /// removes what dead attempts left. On a session of its own, so that no task waits for it.
  package func repairAtStart(_ logger: Logger) async throws {
    var configuration = try pool.configuration
    configuration.statementTimeout = Self.housekeepingLimit
    let connection = try await PostgresConnection.connect(configuration)
    let repair = LakeRepair(lake)
    var report = try await repair.finishCommitted(connection)
    report.removed = try await repair.removeAbandoned(connection)
    try await repair.abortUploads(connection, &report)
    await connection.close()
    // An operator's business: aker lake repair lists and removes them.
    report.orphans = []
    for missing in report.missing {
      logger.error("a published file is lost", metadata: ["path": "\(missing.path)", "rebuild": "\(missing.command)"])
    }
    for note in report.notes { logger.info("\(note)") }
    if !report.isClean {
      logger.notice(
        "repaired the lake after a crash",
        metadata: ["finished": "\(report.finished.count)", "removed": "\(report.removed.count)"])
    }
  }

  /// Of one statement: what waits for longer than a publication may hold a row is left for the next time.
  private static let housekeepingLimit = Duration.seconds(30)
}
