import Catalog
import CatalogTools
import Settings
import Engine
import FoundationEssentials
import Glibc
import Lake
import Logging
import Pipeline
import Postgres
import Testing
import TestSupport

/// A database, a lake and a catalog of a test's own, with real workers to run in them.
struct Workshop {
  let database: TestDatabase
  let directory: String
  var endpoints: [String: String]
  var environment: [String: String] = [:]
  /// Where the lake is in S3.
  var objectLake: S3Lake?

  var cache: String { directory + "/cache" }
  var lake: any LakeStore { objectLake ?? DiskLake(directory: cache + "/data_lake") }
  var catalog: String { directory + "/catalog" }

  /// The DuckDB that `scripts/setup` installed, or that AKER_DUCKDB names.
  static var duckdb: DuckDB {
    get async throws {
      try await DuckDB.locate(
        explicit: ProcessInfo.processInfo.environment["AKER_DUCKDB"], home: PackageRoot.path + "/.aker")
    }
  }

  /// - Parameter datasets: copied from the project's catalog.
  static func open(
    datasets: [String] = [], endpoints: [String: String] = [:], database: TestDatabase = .current,
    directory: String? = nil,
    _ body: (Workshop, PostgresConnection) async throws -> Void
  ) async throws {
    let directory = directory ?? "/tmp/aker-workshop-\(UUID().uuidString)"
    let files = FileManager.default
    try files.createDirectory(atPath: directory + "/catalog/datasets", withIntermediateDirectories: true)
    defer { try? files.removeItem(atPath: directory) }
    let workshop = Workshop(database: database, directory: directory, endpoints: endpoints)
    try files.copyItem(atPath: PackageRoot.catalog + "/sources.yml", toPath: workshop.catalog + "/sources.yml")
    if !datasets.isEmpty {
      try files.copyItem(atPath: PackageRoot.catalog + "/macros", toPath: workshop.catalog + "/macros")
    }
    for name in datasets {
      try files.copyItem(
        atPath: PackageRoot.catalog + "/datasets/\(name)", toPath: workshop.catalog + "/datasets/\(name)")
    }
    let connection = try await workshop.database.connect()
    // No retry makes a test wait, and no death of a worker ends a task.
    try await connection.execute(
      """
      UPDATE queue.setting SET retry_base_interval = '1 millisecond', retry_cap_interval = '1 millisecond',
        max_lost_workers = 100, max_attempts = 100
      """)
    try await workshop.apply(connection)
    try await body(workshop, connection)
    await connection.close()
  }

  /// Writes a dataset of the test's own into the catalog.
  func define(_ name: String, _ datasetYAML: String, _ transformSQL: String, rows: [String: String] = [:]) throws {
    let folder = catalog + "/datasets/" + name
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data(datasetYAML.utf8).write(to: URL(filePath: folder + "/dataset.yml"))
    try Data(transformSQL.utf8).write(to: URL(filePath: folder + "/transform.sql"))
    for (file, sql) in rows { try Data(sql.utf8).write(to: URL(filePath: folder + "/" + file)) }
  }

  func apply(_ connection: PostgresConnection) async throws {
    let folder = CatalogFolder(directory: catalog)
    let errors = folder.errors.filter { !$0.message.contains("there are no datasets") }
    if !errors.isEmpty { throw DefinitionError(errors) }
    try await CatalogApply().applySources(directory: catalog, connection)
    // How fast sources may be asked is tested elsewhere.
    try await connection.execute(
      "UPDATE queue.source SET tokens_per_second = NULL, burst = NULL, max_running = NULL")
    for spec in folder.datasets { _ = try await CatalogApply().apply(spec, connection) }
  }

  /// The regions that are recorded, as the demo builds them.
  static func recordedRegions() throws -> [String] {
    let file = try ConfigurationFile(path: PackageRoot.recordings + "/aker.yml")
    return try KeptRegions(file.values[.regions] ?? "").qualified
  }

  func enqueue(
    _ dataset: String, _ years: ClosedRange<Int>, asOf: String, mode: String = "missing",
    regions: [String]? = nil, _ connection: PostgresConnection
  ) async throws {
    try await connection.execute(
      """
      SELECT * FROM queue.enqueue_backfill(
        ARRAY[$1], $2::int[], as_of => $3, mode => $4, regions => $5,
        backfill_key => gen_random_uuid()::text)
      """, [dataset, Array(years), asOf, mode, regions ?? Self.recordedRegions()])
  }

  /// The lake and the warehouse hold what these paths name and nothing else: no staging, no table that was left over.
  func requireNothingElse(than paths: [String], _ connection: PostgresConnection) async throws {
    let files = Set(try await lake.files())
    #expect(files.subtracting(paths) == [], "nobody's")
    #expect(Set(paths).subtracting(files) == [], "lost")
    #expect(try await lake.stagingNames() == [])
    let leftovers = try await connection.query(
      """
      SELECT relname FROM pg_class WHERE relnamespace = 'warehouse'::regnamespace AND relkind = 'r'
        AND relname NOT IN ('partition', 'staging', 'year_leaf', 'outline_set', 'outline') AND NOT relispartition
      UNION ALL SELECT table_name FROM warehouse.staging
      """)
    #expect(try leftovers.map { try $0.decode("relname", as: String.self) } == [])
  }

  /// Makes the rows that are published look as if they had come from other data, so that what is published next replaces
  /// rows that differ from its own.
  /// - Parameter column: of numbers.
  func makeStale(_ dataset: String, _ column: String, _ connection: PostgresConnection) async throws {
    try await connection.withTransaction { transaction in
      // First what a publication locks first.
      _ = try await transaction.query("SELECT FROM warehouse.partition WHERE dataset = $1 FOR UPDATE", [dataset])
      try await transaction.execute("UPDATE public.\"\(dataset)\" SET \"\(column)\" = coalesce(\"\(column)\", 0) + 1")
      try await transaction.execute(
        """
        WITH shown AS (
          UPDATE warehouse.partition SET sha256 = md5(random()::text) || md5(random()::text)
          WHERE dataset = $1 AND publication_id IS NOT NULL RETURNING *)
        UPDATE lake.manifest m SET sha256 = s.sha256 FROM shown s
        WHERE (m.dataset, m.data_year, m.region, m.as_of) = (s.dataset, s.data_year, s.region, s.as_of)
        """, [dataset])
    }
  }

  func workerEnvironment(_ extra: [String: String]) async throws -> [String: String] {
    var variables = [
      "AKER_POSTGIS_DSN": database.dsn, "AKER_CACHE_PATH": cache, "AKER_CATALOG_PATH": catalog,
      "AKER_DUCKDB": try await Self.duckdb.path, "AKER_HOME": PackageRoot.path + "/.aker", "AKER_LOG_LEVEL": "info",
    ]
    for (source, endpoint) in endpoints { variables["AKER_SOURCE_\(source.uppercased())_ENDPOINT"] = endpoint }
    variables.merge(environment) { $1 }
    variables.merge(extra) { $1 }
    return variables
  }

  /// A real worker, until nothing is left to do or it dies.
  @discardableResult
  func work(slots: Int = 1, _ extra: [String: String] = [:]) async throws -> Program.Result {
    try await start(slots: slots, extra).wait()
  }

  func start(slots: Int = 1, _ extra: [String: String] = [:]) async throws -> Program {
    try await Program.start(
      Executable.worker, ["--slots", "\(slots)", "--until-empty"], environment: try await workerEnvironment(extra),
      directory: directory)
  }

  /// Everything the promise says of published partitions, looked up where it is kept: warehouse, lake and lineage.
  func requireExactlyOnce(_ dataset: String, partitions: Int, _ connection: PostgresConnection) async throws {
    let manifest = try await connection.query(
      "SELECT * FROM lake.manifest WHERE dataset = $1 ORDER BY data_year, region, as_of", [dataset])
    #expect(manifest.count == partitions)
    for row in manifest {
      let path: String = try row.decode("path")
      let year: Int = try row.decode("data_year")
      #expect(try row.decode("state", as: String.self) == "in_place", "\(path)")
      let sha256 = try await lake.sha256(path)
      #expect(sha256 == (try row.decode("sha256", as: String.self)), "\(path)")
      let rows: Int = try row.decode("row_count")
      let warehouse = try await connection.query(
        "SELECT count(*) AS n FROM \"\(dataset)\" WHERE data_year = $1 AND as_of = $2",
        [year, try row.decode("as_of", as: String.self)])
      #expect(try warehouse[0].decode("n", as: Int.self) == rows, "\(path)")
      let published = try await connection.query(
        """
        SELECT row_count, output_sha256,
          (SELECT count(*) FROM lineage.publication q WHERE q.task_id = p.task_id) AS times
        FROM lineage.publication p WHERE publication_id = $1
        """, [try row.decode("publication_id", as: Int64.self)])
      #expect(try published[0].decode("row_count", as: Int.self) == rows)
      #expect(try published[0].decode("output_sha256", as: String.self) == sha256)
      #expect(try published[0].decode("times", as: Int.self) == 1)
    }
    // Each task was published once, by the attempt that completed it.
    let doubled = try await connection.query(
      "SELECT task_id FROM lineage.publication GROUP BY task_id HAVING count(*) <> 1")
    #expect(doubled.isEmpty)
    let unfinished = try await connection.query(
      "SELECT row_to_json(t)::text AS task FROM queue.task t WHERE state <> 'completed'")
    let tasks = try unfinished.map { try $0.decode("task", as: String.self) }
    #expect(tasks == [], "\(tasks.joined(separator: "\n"))")
    // Nothing is left over.
    #expect(try await lake.stagingNames() == [])
    #expect(try await lake.files().sorted() == manifest.map { try $0.decode("path", as: String.self) }.sorted())
    let tables = try await connection.query(
      """
      SELECT relname FROM pg_class WHERE relnamespace = 'warehouse'::regnamespace AND relkind = 'r'
        AND relname NOT IN ('partition', 'staging', 'year_leaf', 'outline_set', 'outline') AND NOT relispartition
      """)
    #expect(try tables.map { try $0.decode("relname", as: String.self) } == [])
  }
}

extension Workshop {
  /// A workshop with a source `test_files` that serves files of the test's own.
  /// - Parameter place: makes the file of a path at a place of the disk.
  static func serving(
    _ paths: [String], _ place: (_ path: String, _ target: String) throws -> Void,
    body: (Workshop, PostgresConnection) async throws -> Void
  ) async throws {
    let recordings = "/tmp/aker-recordings-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: recordings) }
    for path in paths {
      let target = recordings + "/test_files/" + path
      try FileManager.default.createDirectory(
        atPath: URL(filePath: target).deletingLastPathComponent().path, withIntermediateDirectories: true)
      try place(path, target)
    }
    try Data("source: test_files\ntitle: Files\nsynthetic: false\n".utf8)
      .write(to: URL(filePath: recordings + "/test_files/manifest.yml"))
    try await Simulator.running(recordings: recordings) { simulator in
      try await open(endpoints: ["test_files": simulator.endpoint + "/test_files"]) { workshop, connection in
        let source = "sources:\n  - {id: test_files, name: Files, endpoint: \"\(simulator.endpoint)/test_files\"}\n"
        try Data(source.utf8).write(to: URL(filePath: workshop.catalog + "/sources_supplement.yml"))
        try await body(workshop, connection)
      }
    }
  }

  /// The pipeline as a program has it, in this process.
  func pipeline(_ extra: [String: String] = [:]) async throws -> PipelineEnvironment {
    let configuration = try AkerConfiguration(environment: try await workerEnvironment(extra))
    return try await PipelineEnvironment.make(
      configuration, database: database.configuration, slots: 1, clientName: "aker-tests",
      logger: Logger(label: "tests"))
  }

  func spec(_ dataset: String) throws -> DatasetSpec {
    try #require(CatalogFolder(directory: catalog).datasets.first { $0.name == dataset })
  }

  func engine() async throws -> Engine {
    let temporary = directory + "/engine"
    try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
    return Engine(
      try await Self.duckdb,
      limits: EngineLimits(memoryBytes: 536_870_912, threads: 1, temporaryDirectory: temporary),
      logger: Logger(label: "tests"))
  }
}
