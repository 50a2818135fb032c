import Base
import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// The grid's cells are kept, and are what counting would say.
@Suite(.database)
struct KeptCellsTests {
  private static let columns =
    "dataset, data_year, data, work, total, completed, failed, cancelled, running, waiting, blocked, paused, warned"

  /// What differs between the kept cells, their counts, and `queue.cell`: nothing, after a refresh.
  private static func differences(_ connection: PostgresConnection) async throws -> [String] {
    try await connection.query(
      """
      WITH counted AS MATERIALIZED (SELECT \(columns) FROM queue.cell),
        kept AS (SELECT \(columns) FROM service.cell)
      SELECT 'not kept: ' || x::text AS line FROM (TABLE counted EXCEPT TABLE kept) x
      UNION ALL SELECT 'kept: ' || x::text FROM (TABLE kept EXCEPT TABLE counted) x
      UNION ALL SELECT 'count: ' || x::text FROM (
        SELECT dataset, coalesce(work, data), count(*), min(data_year), max(data_year) FROM counted GROUP BY 1, 2
        EXCEPT SELECT dataset, state, count, first_year, last_year FROM service.cell_count) x
      UNION ALL SELECT 'counts: ' || count(*) FROM service.cell_count HAVING count(*) <> (
        SELECT count(*) FROM (SELECT DISTINCT dataset, coalesce(work, data) FROM counted) n)
      """
    ).map { try $0.decode("line", as: String.self) }
  }

  /// The same of each backfill and each vintage, with those that there are no more.
  private static func choiceDifferences(_ connection: PostgresConnection) async throws -> [String] {
    let choices = try await connection.query(
      """
      SELECT NULL::bigint AS backfill, as_of FROM queue.backfill UNION SELECT backfill_id, NULL FROM queue.backfill
      UNION SELECT nullif(backfill_id, 0), nullif(as_of, '') FROM service.choice_count
      """)
    var lines: [String] = []
    for choice in choices {
      let (backfill, vintage) = (try choice.decode("backfill", as: Int64?.self), try choice.text("as_of"))
      _ = try await connection.query("SELECT service.refresh_choice($1, $2)", [backfill, vintage])
      lines += try await connection.query(
        """
        WITH cell AS (
          SELECT DISTINCT ON (dataset, data_year) * FROM queue.backfill_cell
          WHERE ($1::bigint IS NULL OR backfill_id = $1) AND ($2::text IS NULL OR as_of = $2)
          ORDER BY dataset, data_year, backfill_id DESC),
        counted AS (
          SELECT dataset, coalesce(work, data), count(*), min(data_year), max(data_year) FROM cell GROUP BY 1, 2),
        kept AS (
          SELECT dataset, state, count, first_year, last_year FROM service.choice_count
          WHERE backfill_id = coalesce($1::bigint, 0) AND as_of = coalesce($2::text, ''))
        SELECT concat_ws(' ', $1, $2, 'not kept:', x) AS line FROM (TABLE counted EXCEPT TABLE kept) x
        UNION ALL SELECT concat_ws(' ', $1, $2, 'kept:', x) FROM (TABLE kept EXCEPT TABLE counted) x
        """, [backfill, vintage]
      ).map { try $0.decode("line", as: String.self) }
    }
    return lines
  }

  private static func refresh(_ connection: PostgresConnection) async throws -> Int {
    try await connection.one("SELECT service.refresh_cells() AS n").decode("n")
  }

  /// Published, failed, and three more tasks of what is there.
  private static let work = """
    CREATE TEMPORARY TABLE w AS SELECT queue.register_worker('w', 'h', 1, 'v', 100) AS id;
    CREATE FUNCTION pg_temp.publish(task bigint, token bigint) RETURNS bigint LANGUAGE sql AS $$
      WITH made AS (
        INSERT INTO lineage.publication (task_id, backfill_id, lease_token, row_count, byte_count, started_at, data_year,
            dataset, as_of, outcome, definition_hash, output_sha256, lake_path, worker_id, host, code_version,
            engine_version)
          SELECT t.task_id, t.backfill_id, $2, 1, 1, now(), t.data_year, t.dataset, t.as_of, 'published',
            d.definition_hash, repeat('0', 64), 'p' || $2, '1', 'h', 'v', 'e'
          FROM queue.task t JOIN catalog.dataset d ON d.name = t.dataset WHERE t.task_id = $1 RETURNING *),
      shown AS (
        INSERT INTO lake.manifest (publication_id, row_count, byte_count, data_year, dataset, as_of, definition_hash,
            sha256, path, lake, state)
          SELECT publication_id, 1, 1, data_year, dataset, as_of, definition_hash, repeat('0', 64), lake_path, '/tmp',
            'in_place' FROM made
          ON CONFLICT (dataset, data_year, region, as_of) DO UPDATE SET publication_id = EXCLUDED.publication_id,
            definition_hash = EXCLUDED.definition_hash, path = EXCLUDED.path RETURNING publication_id)
      SELECT publication_id FROM shown $$;
    """

  /// Each step by whatever means there is of changing a cell; how many cells it makes again.
  private static let steps: [(what: String, sql: String, cells: ClosedRange<Int>)] = [
    ("nothing", "SELECT 1", 0...0),
    (
      "claimed",
      "CREATE TEMPORARY TABLE c AS SELECT row_number() OVER () AS n, * FROM queue.claim((SELECT id FROM w), 4)", 4...4
    ),
    ("still running", "SELECT 1", 0...0),
    (
      "published",
      "SELECT pg_temp.publish(task_id, lease_token), queue.complete(task_id, lease_token) FROM c WHERE n = 1", 1...2
    ),
    (
      "failed, and to be tried again",
      """
      SELECT queue.fail(task_id, lease_token, 'permanent', 'no') FROM c WHERE n = 2;
      SELECT queue.fail(task_id, lease_token, 'transient', 'no') FROM c WHERE n = 3
      """, 2...2
    ),
    ("folded", "SELECT queue.tidy()", 0...0),
    ("retried", "SELECT queue.retry_task(task_id) FROM queue.task WHERE state = 'failed'", 1...1),
    ("cancelled", "SELECT queue.cancel_task(task_id) FROM queue.task WHERE state = 'ready' LIMIT 1", 1...1),
    ("paused: a dataset", "SELECT queue.pause_dataset('a', 'lunch')", 1...10),
    ("paused: a backfill", "SELECT queue.pause_backfill(1, 'lunch')", 1...10),
    ("paused: all", "SELECT queue.pause_queue('lunch')", 1...10),
    ("resumed: all", "SELECT queue.resume_queue()", 1...10),
    ("resumed", "SELECT queue.resume_backfill(1); SELECT queue.resume_dataset('a')", 1...10),
    (
      "a lane's pause", "UPDATE queue.lane SET paused_at = now(), pause_reason = 'breaker' WHERE dataset = 'b'", 1...10
    ),
    (
      "warned",
      """
      INSERT INTO quality.validation (publication_id, data_year, check_count, failed_count, warned_count, success, dataset,
          as_of, definition_hash)
        SELECT publication_id, data_year, 2, 0, 1, true, dataset, as_of, definition_hash FROM lineage.publication
      """, 1...2
    ),
    (
      "another definition",
      """
      INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql)
        SELECT repeat('ab', 32), name, '', '' FROM catalog.dataset WHERE name = 'a';
      UPDATE catalog.dataset SET definition_hash = repeat('ab', 32) WHERE name = 'a'
      """, 1...10
    ),
    (
      "another vintage shown",
      """
      INSERT INTO warehouse.partition (dataset, data_year) SELECT DISTINCT dataset, data_year FROM lake.manifest;
      UPDATE warehouse.partition w SET publication_id = p.publication_id, as_of = '2030-01', sha256 = p.output_sha256,
        row_count = 1 FROM lineage.publication p WHERE p.dataset = w.dataset AND p.data_year = w.data_year
      """, 1...2
    ),
    ("described anew", "UPDATE catalog.dataset SET description = 'x'", 0...0),
    ("a newer vintage", "SELECT FROM queue.enqueue_backfill(ARRAY['b'], ARRAY[2002, 2004], '2024-07')", 2...3),
    ("withdrawn", "DELETE FROM lake.manifest", 1...2),
    ("cancelled: all", "SELECT queue.cancel_backfill(1, 'over')", 1...10),
    (
      "a later backfill", "SELECT FROM queue.enqueue_backfill(ARRAY['a', 'b'], ARRAY[2001], '2024-06', mode => 'all')",
      1...4
    ),
    ("its worker gone", "SELECT queue.stop_worker((SELECT id FROM w)); SELECT queue.tidy()", 0...10),
    (
      "pruned",
      """
      UPDATE queue.backfill SET finished_at = now() - interval '1 year' WHERE backfill_id = 1 AND finished_at IS NOT NULL;
      DO $$ BEGIN WHILE queue.prune() > 0 LOOP END LOOP; END $$
      """, 1...10
    ),
  ]

  @Test func whateverChangesACellIsKept() async throws {
    let connection = try await TestDatabase.current.connect()
    try await ServiceScene.serving { scene in
      try await scene.enqueue("a", years: 2001...2003)
      try await scene.enqueue("b", years: 2001...2003)
      try await connection.execute("UPDATE catalog.dataset SET depends_on = '{a}' WHERE name = 'b'")
    }
    #expect(try await Self.refresh(connection) == 6)
    #expect(try await Self.differences(connection) == [])
    #expect(try await Self.choiceDifferences(connection) == [])
    try await connection.executeScript(Self.work)
    for step in Self.steps {
      try await connection.executeScript(step.sql)
      let made = try await Self.refresh(connection)
      #expect(step.cells.contains(made), "\(step.what): \(made) cells")
      #expect(try await Self.differences(connection) == [], "\(step.what)")
      #expect(try await Self.choiceDifferences(connection) == [], "\(step.what)")
      #expect(try await Self.refresh(connection) == 0, "\(step.what), twice")
    }
    // A step that did nothing would prove nothing.
    let first: Int = try await connection.one("SELECT count(*) AS n FROM queue.backfill WHERE backfill_id = 1").decode(
      "n")
    #expect(first == 0)
    await connection.close()
  }

  /// As many run of the year as before, and of another backfill.
  @Test func whatRunsInsteadOfAnotherIsSeen() async throws {
    try await ServiceScene.serving { scene in
      let connection = scene.connection
      try await scene.enqueue("a", years: 2001...2001)
      _ = try await connection.query(
        "SELECT FROM queue.enqueue_backfill(ARRAY['a'], ARRAY[2001], '2024-07', mode => 'all')")
      try await connection.executeScript(
        """
        CREATE TEMPORARY TABLE w AS SELECT queue.register_worker('w', 'h', 1, 'v', 1) AS id;
        CREATE TEMPORARY TABLE c AS SELECT * FROM queue.claim((SELECT id FROM w), 1)
        """)
      #expect(try await Self.choiceDifferences(connection) == [])
      try await connection.executeScript(
        """
        BEGIN;
        SELECT queue.fail(task_id, lease_token, 'transient', 'no') FROM c;
        SELECT queue.claim_task((SELECT id FROM w), (SELECT task_id FROM queue.task WHERE backfill_id = 2));
        COMMIT
        """)
      #expect(try await Self.choiceDifferences(connection) == [])
    }
  }

  /// What was begun before a refresh and committed after it is seen by the next; what was rolled back by none.
  @Test func lateCommitsAreSeen() async throws {
    try await ServiceScene.serving { scene in
      // A backfill each: within one, whoever cancels waits for whoever else does.
      try await scene.enqueue("a", years: 2001...2003)
      try await scene.enqueue("b", years: 2001...2003)
      let (late, other) = (scene.connection, try await TestDatabase.current.connect())
      try await other.executeScript("SET lock_timeout = '10s'")
      _ = try await Self.refresh(other)
      try await late.execute("BEGIN")
      _ = try await late.query("SELECT queue.cancel_task(1, 'late')")
      #expect(try await Self.refresh(other) == 0)
      // Numbered later, committed earlier.
      _ = try await other.query("SELECT queue.cancel_task(4, 'early')")
      #expect(try await Self.refresh(other) == 1)
      try await late.execute("COMMIT")
      // Folded by others, before anybody looked.
      _ = try await other.query("SELECT queue.tidy()")
      #expect(try await Self.refresh(other) == 1)
      #expect(try await Self.differences(other) == [])
      try await late.execute("BEGIN")
      _ = try await late.query("SELECT queue.cancel_task(2, 'never')")
      _ = try await late.query("SELECT queue.pause_dataset('a', 'never')")
      try await late.execute("ROLLBACK")
      #expect(try await Self.refresh(other) == 0)
      #expect(try await Self.differences(other) == [])
      await other.close()
    }
  }

  /// A mark is an appended row: who publishes waits for nobody who looks, and who looks for nobody who publishes.
  @Test func nobodyWaits() async throws {
    try await ServiceScene.serving { scene in
      // A backfill each: within one, whoever cancels waits for whoever else does.
      try await scene.enqueue("a", years: 2001...2003)
      try await scene.enqueue("b", years: 2001...2003)
      let (first, second) = (scene.connection, try await TestDatabase.current.connect())
      _ = try await Self.refresh(first)
      try await first.executeScript("SET lock_timeout = '5s'; SET statement_timeout = '20s'")
      try await second.executeScript("SET lock_timeout = '5s'; SET statement_timeout = '20s'")
      try await first.execute("BEGIN")
      _ = try await first.query("SELECT queue.cancel_task(1, 'one')")
      _ = try await first.query("UPDATE catalog.dataset SET depends_on = '{b}' WHERE name = 'a'")
      #expect(try await Self.refresh(second) == 0)
      // And the other way round: cells are being made while tasks end.
      try await second.execute("BEGIN")
      _ = try await second.query("SELECT queue.cancel_task(4, 'two')")
      _ = try await Self.refresh(second)
      try await first.execute("COMMIT")
      _ = try await first.query("SELECT queue.cancel_task(3, 'three')")
      _ = try await first.query("SELECT queue.tidy()")
      try await second.execute("COMMIT")
      _ = try await Self.refresh(first)
      #expect(try await Self.differences(first) == [])
      await second.close()
    }
  }

  /// After a crash (unlogged tables are empty), in another life, and after long without a reader, they are made anew.
  @Test(arguments: [
    "TRUNCATE service.cell, service.cell_count, service.cell_state, service.cell_mark, service.choice_count",
    "UPDATE service.cell_state SET life = 'another', snapshot = '900000000:900000000:'",
    "INSERT INTO service.cell_mark (dataset) SELECT 'x' FROM generate_series(1, 101); SELECT service.forget_cells(100)",
  ])
  func whatIsLostIsMadeAnew(loss: String) async throws {
    try await ServiceScene.serving { scene in
      try await scene.enqueue("a", years: 2001...2003)
      #expect(try await Self.choiceDifferences(scene.connection) == [])
      try await scene.connection.executeScript("\(loss); SELECT queue.cancel_task(1, 'x')")
      #expect(try await Self.refresh(scene.connection) == 3)
      #expect(try await Self.differences(scene.connection) == [])
      #expect(try await Self.choiceDifferences(scene.connection) == [])
    }
  }

  /// A dump brings the numbers of another server's transactions, which may be far ahead of this one's.
  @Test func inARestoredDatabaseNothingSeemsToChangeForEver() async throws {
    try await ServiceScene.serving { scene in
      try await scene.enqueue("a", years: 2001...2003)
      try await scene.connection.executeScript(
        """
        UPDATE queue.progress SET changed_in = '900000000'; SELECT queue.cancel_task(1, 'x');
        UPDATE queue.progress_delta SET changed_in = '900000000'; UPDATE queue.setting SET life = 'another', life_began_at = now()
        """)
      _ = try await Self.refresh(scene.connection)
      // Whatever enters the new life.
      let another = try await TestDatabase.current.connect()
      _ = try await another.query("SELECT queue.register_worker('w', 'h', 1, 'v', 1)")
      await another.close()
      _ = try await Self.refresh(scene.connection)
      let changed = try await scene.connection.query("SELECT * FROM service._changed_counts(pg_current_snapshot())")
      #expect(changed.count == 0)
      #expect(try await Self.differences(scene.connection) == [])
    }
  }

  /// Ten times as many cells, and a look reads hardly more: the datasets are read, no cells but those that changed.
  @Test func aLookCostsWhatChanged() async throws {
    try await ServiceScene.serving { scene in
      let few = try await Self.blocks(1...20, scene)
      let many = try await Self.blocks(21...200, scene)
      #expect(many.idle <= few.idle + 40, "nothing changed: \(few.idle) blocks of 400 cells, \(many.idle) of 4,000")
      #expect(many.one <= few.one * 2, "one changed: \(few.one) blocks of 400 cells, \(many.one) of 4,000")
    }
  }

  /// So does one at a backfill or a vintage: of twenty datasets with five years each, and with 120.
  @Test(arguments: [["1001, NULL", "1002, NULL"], ["NULL, '2025-01'", "NULL, '2025-02'"]])
  func aLookAtAChoiceCostsWhatChanged(choices: [String]) async throws {
    try await ServiceScene.serving { scene in
      let datasets = (1...20).map { "dataset_\($0)" }
      for dataset in datasets { try await scene.enqueue(dataset, years: 2001...2001) }
      try await scene.connection.executeScript("ALTER TABLE queue.backfill ALTER backfill_id RESTART 1001")
      for (vintage, years) in [("2025-01", 2016...2020), ("2025-02", 1901...2020)] {
        _ = try await scene.connection.query(
          "SELECT FROM queue.enqueue_backfill($1, $2, $3)", [datasets, Array(years), vintage])
      }
      try await scene.failAll()
      for choice in choices { _ = try await scene.connection.query("SELECT service.refresh_choice(\(choice))") }
      try await scene.connection.execute("VACUUM ANALYZE")
      try await Self.allIsSeen(scene.connection)
      var (idle, one): ([Int], [Int]) = ([], [])
      for (backfill, choice) in zip([1001, 1002], choices) {
        // Plans are made once in a session.
        _ = try await scene.connection.query("SELECT service.refresh_choice(\(choice))")
        idle.append(try await Self.blocks("SELECT service.refresh_choice(\(choice))", scene.connection))
        _ = try await scene.connection.query(
          "SELECT queue.retry_task(min(task_id)) FROM queue.task WHERE state = 'failed' AND backfill_id = \(backfill)")
        _ = try await Self.refresh(scene.connection)
        one.append(try await Self.blocks("SELECT service.refresh_choice(\(choice))", scene.connection))
      }
      #expect(idle[1] <= idle[0] + 40, "nothing changed: \(idle) blocks")
      #expect(one[1] <= one[0] * 2, "one year changed: \(one) blocks")
    }
  }

  /// A page of the grid tells of each backfill how many of its failures are history: where nothing came after them, no failure
  /// is read for that.
  @Test func failuresAreReadWhereSomethingCameAfterThem() async throws {
    try await ServiceScene.serving { scene in
      let datasets = (1...20).map { "dataset_\($0)" }
      for dataset in datasets { try await scene.enqueue(dataset, years: 2001...2001) }
      func fail(_ vintage: String, _ years: ClosedRange<Int>) async throws -> Int {
        _ = try await scene.connection.query(
          "SELECT FROM queue.enqueue_backfill($1, $2, $3, mode => 'all')", [datasets, Array(years), vintage])
        try await scene.failAll()
        try await scene.connection.execute("VACUUM ANALYZE")
        _ = try await scene.connection.query("SELECT * FROM queue.history")
        return try await Self.blocks("SELECT * FROM queue.history", scene.connection)
      }
      let few = try await fail("2025-01", 2016...2020)
      let many = try await fail("2025-02", 1901...2020)
      #expect(many <= few + 20, "\(few) blocks of 120 failures, \(many) of 2,520")
      // What a later backfill of the vintage has a task for is history, of all others nothing.
      _ = try await scene.connection.query(
        "SELECT FROM queue.enqueue_backfill(ARRAY['dataset_1'], ARRAY[2018, 2019], '2025-01', mode => 'failed')")
      let history = try await scene.connection.query("SELECT tasks FROM queue.history")
      #expect(try history.map { try $0.decode("tasks", as: Int.self) } == [2])
    }
  }

  /// What is read where nothing changed, and where one cell did, with these datasets, too.
  private static func blocks(_ datasets: ClosedRange<Int>, _ scene: ServiceScene) async throws -> (idle: Int, one: Int)
  {
    for number in datasets { try await scene.enqueue("dataset_\(number)", years: 2001...2020) }
    try await scene.failAll()
    _ = try await refresh(scene.connection)
    try await scene.connection.execute("VACUUM ANALYZE")
    try await allIsSeen(scene.connection)
    _ = try await scene.connection.query("SELECT queue.retry_task(max(task_id)) FROM queue.task WHERE state = 'failed'")
    _ = try await refresh(scene.connection)
    let idle = try await blocks("SELECT service.refresh_cells()", scene.connection)
    _ = try await scene.connection.query("SELECT queue.retry_task(min(task_id)) FROM queue.task WHERE state = 'failed'")
    let one = try await blocks("SELECT service.refresh_cells()", scene.connection)
    return (idle, one)
  }

  /// Numbers of transactions are of all databases of the server: until those that other tests had open are over.
  private static func allIsSeen(_ connection: PostgresConnection) async throws {
    try await eventually("all of it is seen by whoever looks") {
      let row = try await connection.one(
        """
        SELECT max(changed_in) < pg_snapshot_xmin(pg_current_snapshot()) AS seen
        FROM (SELECT changed_in FROM queue.progress UNION ALL SELECT changed_in FROM queue.progress_delta) c
        """)
      return try row.decode("seen")
    }
  }

  private static func blocks(_ sql: String, _ connection: PostgresConnection) async throws -> Int {
    let plan = try await connection.query("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) \(sql)")
      .map { try $0.decode("QUERY PLAN", as: String.self) }.joined(separator: "\n")
    guard let buffers = plan.firstMatch(of: #/Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?/#) else { return 0 }
    return (buffers.1.flatMap { Int($0) } ?? 0) + (buffers.2.flatMap { Int($0) } ?? 0)
  }
}
