import Postgres
import Queue
import TestSupport
import Testing

/// The claim's plan must not depend on what the statistics happened to be.
@Suite(.database)
struct ClaimPlanTests {
  @Test(arguments: [1_000, 1_000_000])
  func aClaimTouchesAsManyRowsAsItTakes(depth: Int) async throws {
    let fixture = try await QueueFixture.make([])
    try await fixture.run("ALTER TABLE queue.ready SET (autovacuum_enabled = false)")
    let worker = try await fixture.worker(slots: 100)
    // Statistics of tables that were empty, as autovacuum leaves them behind; then true ones; then none at all.
    try await fixture.connection.executeScript("ANALYZE queue.ready, queue.lease, queue.planned_task, queue.lane")
    try await fixture.fill(depth)
    try await expectFewRows(fixture, worker, "statistics of empty tables")
    try await fixture.connection.executeScript("ANALYZE queue.ready, queue.lease, queue.planned_task, queue.lane")
    try await expectFewRows(fixture, worker, "current statistics")
    let superuser = try await fixture.database.connectAsSuperuser()
    try await superuser.executeScript(
      """
      DELETE FROM pg_statistic WHERE starelid = 'queue.ready'::regclass;
      UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE relname IN ('ready', 'lease', 'planned_task')
      """)
    await superuser.close()
    try await expectFewRows(fixture, worker, "no statistics")
  }

  private func expectFewRows(_ fixture: QueueFixture, _ worker: Int, _ statistics: Comment) async throws {
    // A new session, so that nothing is planned yet; its own transaction's counters, so that nobody else's count.
    let session = try await fixture.database.connect()
    let (claimed, touched) = try await session.transaction { session in
      let claimed = try session.query("SELECT * FROM queue.claim($1, 100)", [worker]).count
      let row = try session.query(
        """
        SELECT pg_stat_get_xact_tuples_returned('queue.ready'::regclass) AS ready_scanned,
          pg_stat_get_xact_tuples_returned('queue.lease'::regclass) AS lease_scanned,
          pg_stat_get_xact_tuples_returned('queue.planned_task'::regclass) AS planned_scanned,
          pg_stat_get_xact_numscans('queue.ready_order'::regclass) AS index_scans,
          pg_stat_get_xact_tuples_returned('queue.ready_order'::regclass) AS index_entries
        """)[0]
      return (claimed, try row.columns.map { try row.decode($0, as: Int.self) })
    }
    await session.close()
    #expect(claimed == 100, statistics)
    #expect(touched[0...2].allSatisfy { $0 == 0 }, statistics)
    #expect(touched[3] == 1, statistics)
    // Its own hundred, and the dead entries of the two claims before.
    #expect((100...310).contains(touched[4]), statistics)
  }

  /// A lane's bound says what none of its tasks goes before: so many lanes behind it are never read.
  @Test func aClaimReadsAsManyLanesHoweverManyThereAre() async throws {
    let fixture = try await QueueFixture.make([])
    let datasets = (1...20).map { "d\($0)" }
    for dataset in datasets { try await fixture.declare(dataset) }
    let worker = try await fixture.worker()
    var lanes: [Int] = []
    var read: [Int] = []
    for backfills in [1...5, 6...50] {
      for number in backfills { try await fixture.enqueue(datasets, years: 2000 + number...2000 + number) }
      lanes.append(try await fixture.value("SELECT count(*)::int FROM queue.claimable_lane"))
      let session = try await fixture.database.connect()
      read.append(
        try await session.transaction { session in
          #expect(try session.query("SELECT task_id FROM queue.claim($1, 1)", [worker]).count == 1)
          return try session.query("SELECT pg_stat_get_xact_tuples_returned('queue.lane_open'::regclass) AS n")[0]
            .decode("n")
        })
      await session.close()
    }
    #expect(lanes == [100, 1000])
    #expect(read[1] <= read[0] + 2, "\(read)")
  }

  @Test func amongManyLanesTheNextTasksAreTakenWhereverTheyAre() async throws {
    let fixture = try await QueueFixture.make([])
    let datasets = (1...25).map { "d\($0)" }
    for dataset in datasets { try await fixture.declare(dataset) }
    for number in 1...6 { try await fixture.enqueue(datasets, years: 2000 + 2 * number...2001 + 2 * number) }
    // Priorities as they come, and tasks moved to the front of their lanes.
    try await fixture.run(
      "UPDATE queue.lane SET priority = CASE WHEN lane_id % 7 = 0 THEN lane_id % 5 ELSE 0 END - lane_id % 3")
    try await fixture.run(
      "SELECT queue.prioritize_task(task_id) FROM queue.ready WHERE task_id % 41 = 0")
    let expected: [Int64] = try await fixture.values(
      """
      SELECT r.task_id FROM queue.ready r JOIN queue.lane l USING (lane_id) CROSS JOIN queue.setting g
      ORDER BY r.rank - l.priority * (extract(epoch FROM g.ageing_interval) * 1000000)::bigint, r.task_id
      """)
    #expect(expected.count == 300)
    let worker = try await fixture.worker(slots: 300)
    var first = 0
    for slots in [1, 3, 1, 20, 7, 1, 90] {
      let claimed = try await fixture.claim(worker, slots).map(\.taskID)
      #expect(Set(claimed) == Set(expected[first..<first + slots]), "\(slots) from \(first) on")
      first += slots
    }
  }

  /// To ask for each task took half of a claim of a hundred.
  @Test func definitionsAreLookedUpOnlyWhereOneChanged() async throws {
    let fixture = try await QueueFixture.make([])
    try await fixture.fill(1_000)
    let worker = try await fixture.worker(slots: 1000)
    let session = try await fixture.database.connectAsSuperuser()
    try await session.executeScript("SET track_functions = 'all'")
    func lookups() async throws -> Int {
      try await session.transaction { session in
        _ = try session.query("SELECT * FROM queue.claim($1, 100)", [worker])
        return try session.query(
          """
          SELECT coalesce(sum(calls), 0)::int AS calls FROM pg_stat_xact_user_functions
          WHERE funcname = '_definition_of'
          """)[0].decode("calls", as: Int.self)
      }
    }
    #expect(try await lookups() == 0)
    try await fixture.run(
      """
      INSERT INTO queue.lane_definition (lane_id, since, definition_hash)
      SELECT lane_id, clock_timestamp(), definition_hash FROM queue.lane
      """)
    #expect(try await lookups() == 100)
    await session.close()
  }

  @Test func aPinnedSnapshotCostsTheScanNowAndThenAndNotEachTime() async throws {
    let fixture = try await QueueFixture.make([])
    try await fixture.fill(100_000)
    let pin = try await fixture.database.connect()
    try await pin.executeScript("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
    let worker = try await fixture.worker(slots: 1000)
    let session = try await fixture.database.connect()
    for _ in 0..<6 { _ = try await session.query("SELECT queue.claim($1, 10000)", [worker]) }
    // Sixty thousand dead entries lie before the first living one, and none may be removed.
    let steps = try await entriesRead(of: "queue.ready_order", by: worker, session)
    await pin.close()
    #expect(steps.filter { $0 > 1000 }.count <= 5, "\(steps)")
  }

  @Test func leasesThatEndedDuringASnapshotAreCountedNowAndThenAndNotEachTime() async throws {
    let fixture = try await QueueFixture.make([])
    try await fixture.fill(30_000)
    try await fixture.run("SELECT queue.configure_source('tiles_source', 100000)")
    let pin = try await fixture.pinned(after: 20_000)
    let worker = try await fixture.worker(slots: 1000)
    let session = try await fixture.database.connect()
    let steps = try await entriesRead(of: "queue.lease_by_token", by: worker, session)
    await pin.close()
    #expect(steps.filter { $0 > 1000 }.count <= 5, "\(steps)")
  }

  /// How many entries of an index each of some claims of ten reads.
  private func entriesRead(of index: String, by worker: Int, _ session: PostgresConnection) async throws -> [Int] {
    var entries: [Int] = []
    for _ in 0..<20 {
      entries.append(
        try await session.transaction { session in
          let count = try session.query("SELECT lease_token FROM queue.claim($1, 10)", [worker]).count
          guard count == 10 else { throw TestFailure("claimed \(count)") }
          return try session.query("SELECT pg_stat_get_xact_tuples_returned($1::text::regclass) AS n", [index])[0]
            .decode("n")
        })
    }
    // The counter runs on from one transaction of a session to the next, unless it was reported in between.
    return zip(entries.dropFirst(), entries).map { $0 >= $1 ? $0 - $1 : $0 }
  }
}

extension QueueFixture {
  /// A dataset with so many tasks.
  func fill(_ count: Int, dataset: String = "tiles") async throws {
    let years = 100
    try await declare(dataset, regions: (1...count / years).map { "r\($0)" })
    let enqueued = try await enqueue([dataset], years: 2001...2000 + years).enqueued
    guard enqueued == count else { throw TestFailure("enqueued \(enqueued) of \(count)") }
  }

  /// A session that holds a snapshot from before so many tasks ran and ended: what they left cannot be removed.
  func pinned(after count: Int) async throws -> PostgresConnection {
    let pin = try await database.connect()
    try await pin.executeScript("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
    let worker = try await worker("past", slots: count)
    try await run("SELECT count(*) FROM queue.claim($1, $2)", [worker, count])
    try await run("SELECT queue.complete_many(array_agg(task_id), array_agg(lease_token)) FROM queue.lease")
    return pin
  }
}
