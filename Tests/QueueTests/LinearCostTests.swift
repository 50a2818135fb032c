import Postgres
import TestSupport
import Testing

/// Cost without a clock: rows that pass through the plan and blocks that are touched, counted at two sizes a factor of
/// ten apart.
@Suite(.database)
struct LinearCostTests {
  /// Beyond ten times: what a B-tree's greater depth and a page begun cost.
  private static let mostGrowth = 13.0

  @Test func planningIsLinearInRegions() async throws {
    let fixture = try await QueueFixture.make([])
    let session = try await Self.session(fixture)
    var work: [String: [Double]] = [:]
    for regions in [100, 1000] {
      try await Self.declarePair(fixture, regions: regions)
      let pair = "'{up_\(regions),down_\(regions)}'::text[]"
      // All of one dataset are in the work of an open backfill already, and the other's are asked by name.
      try await fixture.enqueue(["up_\(regions)"], years: 2001...2005)
      let asked = "ARRAY(SELECT 'down_\(regions):r' || i FROM generate_series(1, \(regions)) i)"
      for (name, arguments) in [
        (
          "plan_backfill", [pair, "'{2001,2002,2003,2004,2005}'::int[]", "'2024-06'", asked, "'missing'", "NULL::text"]
        ),
        ("unmet_dependencies", [pair, "'{2001,2002,2003,2004,2005}'::int[]", "'2024-06'", asked, "'missing'"]),
        ("_asked_regions", [pair, asked]),
        ("_held_partitions", [pair, "'2024-06'", "NULL::text"]),
      ] {
        work[name, default: []].append(try await Self.rows(of: name, arguments, session))
      }
    }
    for (name, rows) in work { #expect(rows[1] <= rows[0] * Self.mostGrowth, "\(name): \(rows)") }
  }

  @Test func enqueueingIsLinearInRegionsAlsoWithDependencies() async throws {
    let fixture = try await QueueFixture.make([])
    let session = try await Self.session(fixture)
    var alone: [Double] = []
    var together: [Double] = []
    for regions in [100, 1000] {
      try await Self.declarePair(fixture, regions: regions)
      for (datasets, year) in [("up_\(regions)", 2001), ("up_\(regions),down_\(regions)", 2002)] {
        let blocks = try await session.query(
          """
          SELECT pg_temp.blocks($$SELECT * FROM queue.enqueue_backfill('{\(datasets)}', '{\(year)}', '2024-06')$$) AS n
          """
        )[0].decode("n", as: Double.self)
        if year == 2001 { alone.append(blocks) } else { together.append(blocks) }
      }
    }
    #expect(alone[1] <= alone[0] * Self.mostGrowth, "\(alone)")
    #expect(together[1] <= together[0] * Self.mostGrowth, "\(together)")
  }

  @Test func aClaimAndATickAreLinearInLimitedLanesAndNotQuadratic() async throws {
    let fixture = try await QueueFixture.make([])
    let session = try await Self.session(fixture)
    let worker = try await fixture.worker(slots: 1000)
    var claim: [Double] = []
    var tick: [Double] = []
    for lanes in [100, 1000] {
      // Twenty datasets, each with a source that has a limit, in so many backfills.
      try await session.executeScript(
        """
        INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql)
          SELECT encode(sha256(i::text::bytea), 'hex'), 'd' || i, '', '' FROM generate_series(1, 20) i
          ON CONFLICT DO NOTHING;
        INSERT INTO catalog.dataset (name, definition_hash, title, first_year, source_ids, primary_source_id)
          SELECT 'd' || i, encode(sha256(i::text::bytea), 'hex'), '', 1900, ARRAY['s' || i], 's' || i
          FROM generate_series(1, 20) i ON CONFLICT DO NOTHING;
        SELECT queue.configure_source('s' || i, max_running => 500) FROM generate_series(1, 20) i;
        DO $$ BEGIN
          FOR year IN 1901 .. 1900 + \(lanes) / 20 LOOP
            PERFORM queue.enqueue_backfill(ARRAY(SELECT name FROM catalog.dataset), ARRAY[year, year + 100], '2024-06');
          END LOOP;
        END $$;
        """)
      // The first call of a session plans, which reads the catalog.
      for isCounted in [false, true] {
        let claimed = try await session.query(
          "SELECT pg_temp.blocks('SELECT * FROM queue.claim(\(worker), 5)') AS n")[0].decode("n", as: Double.self)
        if isCounted { claim.append(claimed) }
      }
      try await session.executeScript("UPDATE queue.source SET max_running = 0")
      for isCounted in [false, true] {
        let ticked = try await session.query(
          "SELECT pg_temp.blocks('SELECT * FROM queue.tick(\(worker))') AS n")[0].decode("n", as: Double.self)
        if isCounted { tick.append(ticked) }
      }
    }
    #expect(claim[1] <= claim[0] * Self.mostGrowth, "\(claim)")
    #expect(tick[1] <= tick[0] * Self.mostGrowth, "\(tick)")
  }

  @Test func aTickBetweenRoundsCostsTheSameHoweverManyWorkersThereAre() async throws {
    let fixture = try await QueueFixture.make([])
    let session = try await Self.session(fixture)
    // Ticks right after a round of another worker's, and as the round itself.
    try await session.executeScript(
      """
      CREATE FUNCTION pg_temp.tick_blocks(after_round boolean) RETURNS double precision LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM setval('queue.round', CASE WHEN after_round
          THEN (extract(epoch FROM clock_timestamp()) * 1000)::bigint * 4 + 2 ELSE 0 END);
        RETURN pg_temp.blocks('SELECT * FROM queue.tick(1)');
      END $$;
      """)
    var between: [Double] = []
    var rounds: [Double] = []
    for workers in [100, 1000] {
      try await fixture.declare("of_\(workers)", regions: (1...workers).map { "r\($0)" })
      try await fixture.enqueue(["of_\(workers)"], years: 2001...2001)
      try await session.executeScript(
        """
        SELECT queue.register_worker('w', 'h', 1, 'v', 4)
          FROM generate_series(1, \(workers) - (SELECT count(*) FROM queue.worker)) i;
        SELECT queue.claim(worker_id, 1) FROM queue.worker;
        """)
      try await session.execute("VACUUM ANALYZE queue.worker")
      // The first call of a session plans, which reads the catalog.
      for isCounted in [false, true] {
        for isBetween in [true, false] {
          let n = try await session.query("SELECT pg_temp.tick_blocks($1) AS n", [isBetween])[0]
            .decode("n", as: Double.self)
          guard isCounted else { continue }
          if isBetween { between.append(n) } else { rounds.append(n) }
        }
      }
    }
    #expect(between[1] <= between[0] * 1.3, "\(between)")
    #expect(rounds[1] <= rounds[0] * Self.mostGrowth, "\(rounds)")
  }

  @Test func lookingAndCompletingCostTheSameHoweverMuchHasFinished() async throws {
    let fixture = try await QueueFixture.make([])
    let session = try await Self.session(fixture)
    let worker = try await fixture.worker(slots: 30_000)
    let looks = [
      "SELECT * FROM queue.overview", "SELECT * FROM queue.backfill_progress WHERE finished_at IS NULL",
      // Not queue.eta and queue.throughput, which count what ended in the last minutes.
      "SELECT * FROM queue.failures", "SELECT * FROM queue.running",
      "SELECT * FROM queue.waiting", "SELECT * FROM queue.stuck", "SELECT * FROM queue.workers",
      "SELECT * FROM queue.task ORDER BY task_id DESC LIMIT 20",
      """
      SELECT queue.complete_many(ARRAY[l.task_id], ARRAY[l.lease_token])
      FROM (SELECT task_id, lease_token FROM queue.lease LIMIT 1) l
      """,
    ]
    var blocks: [String: [Double]] = [:]
    for finished in [2000, 20_000] {
      try await fixture.declare("of_\(finished)", regions: (1...finished / 10).map { "r\($0)" })
      try await fixture.enqueue(["of_\(finished)"], years: 2001...2010)
      try await session.executeScript(
        """
        SELECT queue.complete_many(array_agg(task_id), array_agg(lease_token)) FROM queue.claim(\(worker), 30000);
        SELECT queue.tidy();
        """)
      // The room of so many leases at once, which nobody has.
      try await session.execute("VACUUM")
      // One to complete, once to plan and once to count.
      try await fixture.declare("last_\(finished)")
      try await fixture.enqueue(["last_\(finished)"], years: 2001...2002)
      #expect(try await fixture.claim(worker, 2).count == 2)
      try await session.execute("VACUUM ANALYZE")
      for isCounted in [false, true] {
        for look in looks {
          let n = try await session.query("SELECT pg_temp.blocks($1) AS n", [look])[0].decode("n", as: Double.self)
          if isCounted { blocks[look, default: []].append(n) }
        }
      }
    }
    // Beyond the same: a few blocks of small tables, and a B-tree's greater depth.
    for (look, counts) in blocks { #expect(counts[1] <= counts[0] * 1.3 + 12, "\(look): \(counts)") }
  }

  /// A function that is asked per task costs a query for each of them, which blocks tell and rows do not.
  @Test func whatFailedAndIsHistoryIsToldInOnePlan() async throws {
    let fixture = try await QueueFixture.make([])
    let session = try await Self.session(fixture)
    var failures: [Double] = []
    var listed: [Double] = []
    for regions in [1000, 10_000] {
      try await fixture.declare("split_\(regions)", regions: (1...regions).map { "r\($0)" })
      for _ in 1...2 {
        try await fixture.enqueue(["split_\(regions)"], years: 2001...2001, options: "mode => 'failed'")
        try await fixture.enqueue(["split_\(regions)"], years: 2001...2001)
        let open =
          "SELECT t.* FROM queue.ready t JOIN queue.lane l USING (lane_id) WHERE l.dataset = 'split_\(regions)'"
        try await session.executeScript(
          """
          INSERT INTO queue.outcome (attempt_number, task_id, lane_id, data_year, kind, final, error_class, reason, finished_at)
            SELECT 1, task_id, lane_id, data_year, 'failed', true, 'data', 'drift', clock_timestamp() FROM (\(open)) t;
          ANALYZE queue.ready;
          DELETE FROM queue.ready WHERE task_id IN (SELECT task_id FROM (\(open)) t);
          UPDATE queue.lane SET closed_at = now(); UPDATE queue.backfill SET finished_at = now(); ANALYZE;
          """)
      }
      failures.append(try await Self.blocks("SELECT * FROM queue.failures", session))
      listed.append(
        try await Self.blocks(
          "SELECT * FROM queue.task WHERE state = 'failed' AND dataset = 'split_\(regions)' AND task_id NOT IN (SELECT s.task_id FROM queue.superseded s)",
          session))
    }
    #expect(failures[1] <= failures[0] * Self.mostGrowth, "\(failures)")
    #expect(listed[1] <= listed[0] * Self.mostGrowth, "\(listed)")
    // 20,000 tasks, of which half are history: 4 blocks for each.
    #expect(failures[1] < 10 * 20_000, "\(failures)")
  }

  private static func blocks(_ query: String, _ session: PostgresConnection) async throws -> Double {
    try await session.query("SELECT pg_temp.blocks($1) AS n", [query])[0].decode("n")
  }

  /// Two datasets split alike, of which one depends on the other.
  private static func declarePair(_ fixture: QueueFixture, regions: Int) async throws {
    let names = (1...regions).map { "r\($0)" }
    try await fixture.declare("up_\(regions)", regions: names)
    try await fixture.declare("down_\(regions)", dependsOn: ["up_\(regions)"], regions: names)
  }

  /// A session that can count: `pg_temp.work(query)` in rows, `pg_temp.blocks(query)` in blocks.
  private static func session(_ fixture: QueueFixture) async throws -> PostgresConnection {
    let session = try await fixture.database.connect()
    try await session.executeScript(
      #"""
      CREATE FUNCTION pg_temp.work(query text) RETURNS double precision LANGUAGE plpgsql AS $$
      DECLARE plan jsonb;
      BEGIN
        EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ' || query INTO plan;
        RETURN (SELECT sum((n ->> 'Actual Loops')::float8 * ((n ->> 'Actual Rows')::float8
            + coalesce((n ->> 'Rows Removed by Filter')::float8, 0)
            + coalesce((n ->> 'Rows Removed by Join Filter')::float8, 0)))
          FROM jsonb_path_query(plan, 'strict $.** ? (exists(@."Actual Loops"))') AS n);
      END $$;
      CREATE FUNCTION pg_temp.blocks(query text) RETURNS double precision LANGUAGE plpgsql AS $$
      DECLARE plan jsonb;
      BEGIN
        EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) ' || query INTO plan;
        RETURN (plan #>> '{0,Plan,Shared Hit Blocks}')::float8 + (plan #>> '{0,Plan,Shared Read Blocks}')::float8;
      END $$;
      """#)
    return session
  }

  /// The rows that pass through the plan of an SQL function's body, under its own settings.
  private static func rows(of function: String, _ arguments: [String], _ session: PostgresConnection) async throws
    -> Double
  {
    let row = try await session.query(
      """
      SELECT prosrc AS body, (SELECT string_agg('SET LOCAL ' || replace(c, '=', ' = '), '; ') FROM unnest(proconfig) c
        WHERE c NOT LIKE 'search_path%') AS settings
      FROM pg_proc WHERE pronamespace = 'queue'::regnamespace AND proname = $1
      """, [function])[0]
    var body: String = try row.decode("body")
    for (index, argument) in arguments.enumerated().reversed() { body.replace("$\(index + 1)", with: argument) }
    let (settings, query) = (try row.text("settings") ?? "", body)
    return try await session.transaction { session in
      try session.executeScript(settings)
      return try session.query("SELECT pg_temp.work($1) AS n", [query])[0].decode("n")
    }
  }
}
