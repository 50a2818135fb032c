import Postgres
import TestSupport
import Testing

/// Which table rows are in: counted in relations, locks and blocks, at two sizes a factor of ten apart.
@Suite("Layout of the warehouse", .database)
struct WarehouseLayoutTests {
  @Test("ten times the partitions make no more relations, locks or blocks a publication, nor locks a question")
  func manyPartitions() async throws {
    let warehouse = try await Warehouse.make(isSplit: true)
    var relations: [Int] = []
    var locks: [Int] = []
    var blocks: [Double] = []
    for regions in [100, 1000] {
      // Twenty years, of which the last partition is counted.
      try await warehouse.publish(years: 2001...2020, regions: regions / 20, rows: 20, large: 100_000)
      blocks.append(try await warehouse.blocksOfNext(rows: 20))
      relations.append(try await warehouse.count("SELECT count(*) FROM pg_class"))
      for question in [
        "SELECT count(*) FROM bench", "SELECT DISTINCT data_year FROM bench",
        "SELECT * FROM bench WHERE geo_id = 'r1'", "SELECT * FROM bench WHERE region = 'r1'",
      ] { locks.append(try await warehouse.locks(of: question)) }
    }
    #expect(relations[0] == relations[1], "\(relations)")
    #expect(locks.allSatisfy { $0 <= 50 } && locks[..<4] == locks[4...], "\(locks)")
    // Beyond the same: a B-tree may be a level deeper, for each row of each index.
    #expect(blocks[1] <= blocks[0] * 1.5, "\(blocks)")
  }

  @Test("what people look by is found by an index, in small years and in large ones")
  func indexes() async throws {
    let warehouse = try await Warehouse.make(isSplit: true)
    try await warehouse.publish(years: 2001...2005, regions: 40, rows: 50, large: 100_000)
    try await warehouse.publish(years: 2006...2006, regions: 40, rows: 50, large: 10)
    try await warehouse.connection.execute("ANALYZE bench")
    for condition in ["geo_id = 'r7'", "region = 'r7'", "geo_id = 'r7' AND data_year = 2003"] {
      let plan = try await warehouse.connection.query("EXPLAIN SELECT * FROM bench WHERE \(condition)").map {
        try $0.decode("QUERY PLAN", as: String.self)
      }
      #expect(plan.contains { $0.contains("Index") } && !plan.contains { $0.contains("Seq Scan") }, "\(plan)")
    }
    // A year's table alone.
    let pruned = try await warehouse.connection.query("EXPLAIN SELECT count(*) FROM bench WHERE data_year = 2006").map {
      try $0.decode("QUERY PLAN", as: String.self)
    }
    #expect(!pruned.contains { $0.contains("bench__years") }, "\(pruned)")
  }

  @Test("a year that grows gets a table of its own, by itself, and replaced it is in its new place alone")
  func growth() async throws {
    let warehouse = try await Warehouse.make(isSplit: true)
    try await warehouse.publish(years: 2001...2003, regions: 3, rows: 20, large: 100)
    #expect(try await warehouse.leaves() == [:])
    // 60 rows of 100 are there; each sixteenth token adds up.
    try await warehouse.publish(years: 2002...2002, regions: 16...40, rows: 20, large: 100)
    let leaves = try await warehouse.leaves()
    #expect(Array(leaves.keys) == [2002], "\(leaves)")
    let stray = try await warehouse.count("SELECT count(*) FROM warehouse.bench__years WHERE data_year = 2002")
    #expect(stray == 0)
    // Replaced in its new place, and nothing beside it.
    try await warehouse.publish(years: 2002...2002, regions: 2...2, rows: 7, large: 100)
    try await warehouse.publish(years: 2001...2001, regions: 2...2, rows: 5, large: 1_000)
    #expect(try await Warehouse.digest(warehouse.connection) == (try await warehouse.published()))
  }

  @Test("a year stays in its table while a transaction holds a snapshot that would miss it in another")
  func oldSnapshot() async throws {
    let warehouse = try await Warehouse.make(isSplit: true)
    try await warehouse.publish(years: 2001...2003, regions: 3, rows: 20, large: 100)
    let old = try await warehouse.database.connect()
    try await old.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    // Takes the snapshot, and holds no lock.
    _ = try await old.query("SELECT 1")
    let before = try await Warehouse.digest(warehouse.connection)
    try await warehouse.publish(years: 2002...2002, regions: 16...40, rows: 20, large: 100)
    // Asked for by its year, it would be looked for in its own table alone.
    #expect(try await old.query("SELECT FROM bench WHERE data_year = 2002").count == 60)
    #expect(try await Warehouse.digest(old) == before)
    try await old.execute("COMMIT")
    try await warehouse.publish(years: 2002...2002, regions: 41...60, rows: 20, large: 100)
    #expect(Array(try await warehouse.leaves().keys) == [2002])
    #expect(try await Warehouse.digest(old) == (try await warehouse.published()))
    await old.close()
  }

  @Test("a question that waits while a year gets its own table finds it there")
  func waitingQuestion() async throws {
    let warehouse = try await Warehouse.make(isSplit: true)
    try await warehouse.publish(years: 2001...2003, regions: 3, rows: 20, large: 100)
    let reader = try await warehouse.database.connect()
    let answer = try await warehouse.connection.withTransaction { transaction in
      _ = try await transaction.query("SELECT warehouse._split_off_year('bench', 2002, 'bench__2002')")
      let question = Task { try await reader.query("SELECT FROM bench") }
      try await eventually("it waits") {
        try await !transaction.query(
          """
          SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
          WHERE NOT l.granted AND d.datname = current_database()
          """
        ).isEmpty
      }
      return question
    }
    #expect(try await answer.value.count == 180)
    await reader.close()
  }

  @Test("while a reader holds the shared table, a year stays where it is, and is published all the same")
  func heldTable() async throws {
    let warehouse = try await Warehouse.make(isSplit: true)
    try await warehouse.publish(years: 2001...2001, regions: 2, rows: 20, large: 100)
    let reader = try await warehouse.database.connect()
    try await reader.execute("BEGIN")
    _ = try await reader.query("SELECT count(*) FROM bench")
    try await warehouse.publish(years: 2001...2001, regions: 3...3, rows: 200, large: 100)
    #expect(try await warehouse.leaves() == [:])
    try await reader.execute("COMMIT")
    try await warehouse.publish(years: 2001...2001, regions: 3...3, rows: 201, large: 100)
    #expect(try await warehouse.leaves().count == 1)
    #expect(try await Warehouse.digest(reader) == (try await warehouse.published()))
    await reader.close()
  }

  @Test("a whole year is swapped without reading the years that share a table")
  func swap() async throws {
    let warehouse = try await Warehouse.make(isSplit: false)
    try await warehouse.publish(years: 2001...2004, regions: 1, rows: 50, large: 100)
    for rows in [200, 300] {
      try await warehouse.publish(years: 2003...2003, regions: 1, rows: rows, large: 100, swaps: true)
      #expect(Array(try await warehouse.leaves().keys) == [2003])
      #expect(try await Warehouse.digest(warehouse.connection) == (try await warehouse.published()))
    }
    let constraint = try await warehouse.count(
      """
      SELECT count(*) FROM pg_constraint WHERE conrelid = 'warehouse.bench__years'::regclass AND convalidated
        AND conname = 'not_2003' AND pg_get_constraintdef(oid) = 'CHECK ((data_year <> 2003))'
      """)
    #expect(constraint == 1)
    let keys = try await warehouse.count(
      "SELECT count(*) FROM pg_index WHERE indrelid = 'warehouse.bench__years'::regclass AND indisvalid")
    let leaf = try #require(try await warehouse.leaves()[2003])
    #expect(
      try await warehouse.count(
        "SELECT count(*) FROM pg_index WHERE indrelid = 'warehouse.\"\(leaf)\"'::regclass AND indisvalid") == keys)
  }

  @Test("indexes are those that the definition declares, and the one on geo_id")
  func declaredIndexes() async throws {
    let warehouse = try await Warehouse.make(isSplit: true)
    func apply(_ indexes: String) async throws -> [String] {
      try await warehouse.connection.query(
        "SELECT warehouse.apply_table('bench', '{geo_id,kind}', $1::jsonb) AS action", [indexes]
      ).map { try $0.decode("action") }
    }
    let declared = #"[{"columns": ["data_year", "geo_id"], "where": {"kind": "it's; all"}}]"#
    #expect(
      try await apply(declared) == ["indexed bench by data_year, geo_id where kind = 'it''s; all'"])
    #expect(try await apply(declared) == [])
    #expect(try await apply("[]").first?.hasPrefix("dropped index bench__by_") == true)
    #expect(try await apply("[]") == [])
  }
}

/// One dataset, and publications of it made as a worker makes them, by the database's own functions.
struct Warehouse {
  let database: TestDatabase
  let connection: PostgresConnection
  let isSplit: Bool

  static func make(isSplit: Bool) async throws -> Warehouse {
    let connection = try await TestDatabase.current.connect()
    try await connection.executeScript(
      """
      INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql)
        VALUES (repeat('a', 64), 'bench', '', '');
      INSERT INTO catalog.dataset
        (name, definition_hash, title, first_year, is_split, regions, source_ids, primary_source_id)
        VALUES ('bench', repeat('a', 64), 'bench', 2000, \(isSplit),
          \(isSplit ? "ARRAY(SELECT 'r' || i FROM generate_series(1, 2000) i)" : "'{}'"), '{bench}', 'bench');
      INSERT INTO catalog.dataset_column (dataset, ordinal, name, type, description, is_key, sources) VALUES
        ('bench', 1, 'geo_id', 'text', 'Area.', true, '{}'), ('bench', 2, 'kind', 'text', 'Kind.', true, '{}'),
        ('bench', 3, 'amount', 'bigint', 'Amount.', false, '{}');
      SELECT warehouse.apply_table('bench', '{geo_id,kind}');
      INSERT INTO lineage.publication (task_id, lease_token, row_count, byte_count, started_at, data_year, dataset, as_of,
          outcome, definition_hash, output_sha256, lake_path, worker_id, host, code_version, engine_version)
        VALUES (0, 0, 0, 0, now(), 2001, 'bench', '2024-06', 'published', repeat('a', 64), repeat('a', 64), 'x', '', '', '', '');
      SELECT queue.register_worker('bench', 'host', 1, 'test', 100000);
      """)
    return Warehouse(database: .current, connection: connection, isSplit: isSplit)
  }

  func publish(years: ClosedRange<Int>, regions: Int, rows: Int, large: Int, swaps: Bool = false) async throws {
    try await publish(years: years, regions: 1...regions, rows: rows, large: large, swaps: swaps)
  }

  /// Each partition once more, in transactions of its own.
  func publish(
    years: ClosedRange<Int>, regions: ClosedRange<Int>, rows: Int, large: Int, swaps: Bool = false
  ) async throws {
    for lease in try await leases(years, regions) {
      let staging = try await stage(lease, rows: rows, large: large, swaps: swaps)
      try await connection.withTransaction { transaction in
        try await transaction.execute("SELECT warehouse.\(swaps ? "swap" : "move")_partition(\(staging.arguments))")
        if !swaps { try await transaction.execute("SELECT warehouse.drop_staging('\(staging.table)', \(lease.token))") }
        // What lake.record_publication says of it, as far as this is asked of here.
        try await transaction.execute(
          """
          UPDATE warehouse.partition SET row_count = \(rows), as_of = '2024-06', sha256 = repeat('a', 64),
            publication_id = (SELECT publication_id FROM lineage.publication)
          WHERE data_year = \(lease.year) AND region = '\(lease.region)'
          """)
        try await transaction.execute("SELECT queue.complete(\(lease.task), \(lease.token))")
      }
    }
  }

  /// Blocks that the publish transaction touches of one more partition.
  func blocksOfNext(rows: Int) async throws -> Double {
    var blocks = 0.0
    // The first call of a session plans, which reads the catalog.
    for year in [2019, 2020] {
      let lease = try #require(try await leases(year...year, 1...1).first)
      let staging = try await stage(lease, rows: rows, large: 100_000, swaps: false)
      let plan = try await connection.query(
        "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) SELECT warehouse.move_partition(\(staging.arguments))")
      _ = try await connection.query(
        "SELECT warehouse.drop_staging('\(staging.table)', \(lease.token)), queue.complete(\(lease.task), \(lease.token))"
      )
      let text = try plan.map { try $0.decode("QUERY PLAN", as: String.self) }.joined(separator: "\n")
      let hits = try #require(text.firstMatch(of: /shared hit=(\d+)/))
      blocks = (Double(hits.1) ?? 0) + (text.firstMatch(of: /Buffers: .*read=(\d+)/).flatMap { Double($0.1) } ?? 0)
    }
    return blocks
  }

  private struct Lease {
    var task: Int64
    var token: Int64
    var year: Int
    var region: String
  }

  private func leases(_ years: ClosedRange<Int>, _ regions: ClosedRange<Int>) async throws -> [Lease] {
    _ = try await connection.query(
      """
      SELECT queue.enqueue_backfill('{bench}', $1, '2024-06', mode => 'all', backfill_key => gen_random_uuid()::text,
        regions => $2)
      """, [Array(years), isSplit ? regions.map { "r\($0)" } : nil as [String]?])
    let rows = try await connection.query("SELECT task_id, lease_token, data_year, region FROM queue.claim(1, 100000)")
    return try rows.map {
      Lease(
        task: try $0.decode("task_id"), token: try $0.decode("lease_token"), year: try $0.decode("data_year"),
        region: try $0.decode("region"))
    }
  }

  private func stage(
    _ lease: Lease, rows: Int, large: Int, swaps: Bool
  ) async throws -> (table: String, arguments: String) {
    let partition = "'bench', \(lease.year), '\(lease.region)'"
    let held = "\(lease.task), \(lease.token)"
    _ = try await connection.query("SELECT warehouse.prepare_partition(\(partition), \(held), \(rows), \(large))")
    let table: String = try await connection.query(
      "SELECT warehouse.create_staging(\(partition), \(held)) AS name")[0].decode("name")
    try await connection.execute(
      """
      INSERT INTO warehouse."\(table)" (data_year, \(isSplit ? "region, " : "")as_of, geo_id, kind, amount)
      SELECT \(lease.year), \(isSplit ? "'\(lease.region)', " : "")'2024-06', '\(isSplit ? lease.region : "g")', i, i
      FROM generate_series(1, \(rows)) i
      """)
    if swaps { _ = try await connection.query("SELECT warehouse.index_staging(\(partition), '\(table)')") }
    return (table, "\(partition), '\(table)'")
  }

  func count(_ sql: String) async throws -> Int {
    let row = try await connection.query(sql)[0]
    return try row.decode(row.columns[0])
  }

  func locks(of question: String) async throws -> Int {
    try await connection.withTransaction { transaction in
      _ = try await transaction.query(question)
      return try await transaction.query(
        "SELECT count(*) AS n FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation'")[0].decode("n")
    }
  }

  /// Tables of years that have one of their own.
  func leaves() async throws -> [Int: String] {
    let rows = try await connection.query(
      "SELECT data_year, table_name FROM warehouse.year_leaf WHERE dataset = 'bench'")
    return try Dictionary(uniqueKeysWithValues: rows.map { (try $0.decode("data_year"), try $0.decode("table_name")) })
  }

  /// Rows of each partition, as a reader sees them.
  static func digest(_ reader: PostgresConnection) async throws -> [String] {
    try await reader.query(
      """
      SELECT concat_ws(' ', data_year, to_jsonb(t) ->> 'region', count(*)) AS line FROM bench t
      GROUP BY data_year, to_jsonb(t) ->> 'region' ORDER BY 1
      """
    ).map { try $0.decode("line") }
  }

  /// The same as it was published.
  func published() async throws -> [String] {
    try await connection.query(
      """
      SELECT concat_ws(' ', data_year, nullif(region, ''), row_count) AS line FROM warehouse.partition
      WHERE row_count > 0 ORDER BY 1
      """
    ).map { try $0.decode("line") }
  }
}
