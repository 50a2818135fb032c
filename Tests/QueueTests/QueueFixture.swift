import Postgres
import Queue
import TestSupport
import Testing

/// A database with datasets to enqueue, and short words for what tests do over and over.
struct QueueFixture {
  let database: TestDatabase
  let connection: PostgresConnection

  /// - Parameter datasets: name → the datasets it depends on. Each has the years 2000 on, and the source `<name>_source`.
  static func make(
    _ datasets: [(String, [String])] = [("income", [])], on database: TestDatabase = .current
  ) async throws -> QueueFixture {
    let fixture = QueueFixture(database: database, connection: try await database.connect())
    // As if the server had served for long: tests put heartbeats back further than it has. (WorkerTests.LossTests starts real
    // ones again, whose workers' losses do not count.)
    try await fixture.connection.executeScript(
      """
      CREATE OR REPLACE FUNCTION queue._server_began_at() RETURNS timestamptz
      LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT timestamptz '-infinity' $$
      """)
    for (name, upstream) in datasets { try await fixture.declare(name, dependsOn: upstream) }
    return fixture
  }

  /// The same on a session that has one of the roles, and nothing besides.
  func playing(_ role: String) async throws -> QueueFixture {
    QueueFixture(database: database, connection: try await database.connectAsSuperuser(playing: role))
  }

  func declare(
    _ name: String, dependsOn upstream: [String] = [], regions: [String] = [], hash: Character = "a"
  ) async throws {
    let definition = String(repeating: hash, count: 60) + Self.suffix(name)
    try await connection.execute(
      """
      INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql) VALUES ($1, $2, '', '')
      ON CONFLICT DO NOTHING
      """, [definition, name])
    try await connection.execute(
      """
      INSERT INTO catalog.dataset
        (name, definition_hash, title, first_year, is_split, regions, source_ids, primary_source_id, depends_on)
      VALUES ($1, $2, $1, 2000, $3, $4, ARRAY[$5], $5, $6)
      ON CONFLICT (name) DO UPDATE SET definition_hash = EXCLUDED.definition_hash, depends_on = EXCLUDED.depends_on
      """, [name, definition, !regions.isEmpty, regions, name + "_source", upstream])
  }

  /// Four hex digits that differ between the names that tests use.
  private static func suffix(_ name: String) -> String {
    let sum = name.utf8.reduce(7) { ($0 * 31 + Int($1)) % 65_536 }
    let text = String(sum, radix: 16)
    return String(repeating: "0", count: 4 - text.count) + text
  }

  struct Enqueued {
    var backfillID: Int
    var enqueued: Int
    var skipped: Int
  }

  @discardableResult
  func enqueue(
    _ datasets: [String] = ["income"], years: ClosedRange<Int> = 2001...2003, key: String? = nil,
    options: String = ""
  ) async throws -> Enqueued {
    let rows = try await connection.query(
      "SELECT * FROM queue.enqueue_backfill($1, $2, '2024-06', backfill_key => $3\(options.isEmpty ? "" : ", " + options))",
      [datasets, Array(years), key])
    return Enqueued(
      backfillID: try rows[0].decode("backfill_id"), enqueued: try rows[0].decode("enqueued"),
      skipped: try rows[0].decode("skipped"))
  }

  @discardableResult
  func worker(_ name: String = "worker", slots: Int = 10) async throws -> Int {
    try await value("SELECT queue.register_worker($1, 'host', 1, 'test', $2)", [name, slots])
  }

  func claim(_ worker: Int, _ slots: Int = 100) async throws -> [TaskLease] {
    try await client.claim(workerID: worker, slots: slots)
  }

  var client: QueueClient { QueueClient(pool: PostgresPool(database.configuration, maximumCount: 2)) }

  func value<Value: PostgresDecodable>(
    _ sql: String, _ parameters: [(any PostgresEncodable)?] = [], as type: Value.Type = Value.self
  ) async throws -> Value {
    let rows = try await connection.query(sql, parameters)
    let row = try #require(rows.first)
    return try row.decode(row.columns[0])
  }

  func values<Value: PostgresDecodable>(
    _ sql: String, _ parameters: [(any PostgresEncodable)?] = [], as type: Value.Type = Value.self
  ) async throws -> [Value] {
    try await connection.query(sql, parameters).map { try $0.decode($0.columns[0]) }
  }

  /// Runs a statement on a session of its own, as one of the roles, or as psql would.
  func run(_ sql: String, _ parameters: [(any PostgresEncodable)?] = []) async throws {
    _ = try await connection.query(sql, parameters)
  }

  func state(_ taskID: Int64) async throws -> String {
    try await value("SELECT state::text FROM queue.task WHERE task_id = $1", [taskID])
  }

  /// A worker that fell silent: its leases are past their time, and it holds no lock.
  func silence(_ worker: Int) async throws {
    try await run(
      "UPDATE queue.worker SET heartbeat_at = heartbeat_at - interval '1 hour' WHERE worker_id = $1", [worker])
  }

  /// The SQLSTATE that a statement fails with.
  func sqlState(_ sql: String, _ parameters: [(any PostgresEncodable)?] = []) async throws -> String? {
    do {
      _ = try await connection.query(sql, parameters)
      return nil
    } catch let error as PostgresError {
      return error.sqlState ?? "none"
    }
  }
}

extension QueueFixture {
  /// As if the lease's partition had been published.
  func publish(_ lease: TaskLease) async throws {
    try await run(
      """
      WITH made AS (
        INSERT INTO lineage.publication (task_id, lease_token, row_count, byte_count, started_at, data_year, dataset, as_of,
          outcome, definition_hash, output_sha256, lake_path, worker_id, host, code_version, engine_version)
        VALUES ($1::bigint, $2, 1, 1, now(), $3, $4, $5, 'published', $6, repeat('0', 64), 'p' || $1::bigint, '1', 'h', 'v', 'e')
        RETURNING publication_id)
      INSERT INTO lake.manifest (publication_id, row_count, byte_count, data_year, dataset, as_of, definition_hash, sha256, path,
        lake, state)
      SELECT publication_id, 1, 1, $3, $4, $5, $6, repeat('0', 64), 'p' || $1::bigint, '/tmp', 'in_place' FROM made
      """,
      [lease.taskID, lease.leaseToken, lease.dataYear, lease.dataset, lease.asOf, lease.definitionHash])
  }
}
