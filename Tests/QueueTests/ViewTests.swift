import Postgres
import Queue
import Base
import TestSupport
import Testing

@Suite(.database)
struct ViewTests {
  static let names = [
    "overview", "grid", "running", "stuck", "failures", "waiting", "throughput", "workers", "eta", "task", "attempt",
    "backfill_progress", "progress_now", "claimable_lane",
  ]

  @Test func everyViewTableAndPublicFunctionIsDescribed() async throws {
    let fixture = try await QueueFixture.make([])
    let silent = try await fixture.values(
      """
      SELECT c.relname::text FROM pg_class c
      WHERE c.relnamespace = 'queue'::regnamespace AND c.relkind IN ('r', 'v') AND obj_description(c.oid, 'pg_class') IS NULL
      UNION ALL
      SELECT p.proname::text FROM pg_proc p
      WHERE p.pronamespace = 'queue'::regnamespace AND p.proname NOT LIKE '\\_%' AND obj_description(p.oid, 'pg_proc') IS NULL
      """, as: String.self)
    #expect(silent == [])
  }

  @Test func theyTellWhatHappens() async throws {
    let fixture = try await QueueFixture.make([("income", []), ("jobs", ["income"])])
    let backfill = try await fixture.enqueue(["income", "jobs"], years: 2001...2004).backfillID
    let worker = try await fixture.worker("w1", slots: 4)
    let leases = try await fixture.claim(worker)
    try await fixture.run("SELECT queue.complete($1, $2)", [leases[0].taskID, leases[0].leaseToken])
    _ = try await fixture.client.fail(leases[1], errorClass: .permanent, reason: "answered 404 for area 39049")
    _ = try await fixture.client.fail(leases[2], errorClass: .transient, reason: "timeout")

    let running = try await fixture.connection.query("SELECT * FROM queue.running")
    #expect(running.count == 1)
    #expect(try running[0].decode("worker_name", as: String.self) == "w1")
    let failures = try await fixture.connection.query("SELECT * FROM queue.failures WHERE error_class = 'permanent'")
    #expect(try failures[0].decode("error", as: String.self) == "answered # for area #")
    #expect(try failures[0].decode("example", as: String.self) == "answered 404 for area 39049")
    let states = try await fixture.values(
      "SELECT state FROM queue.grid WHERE backfill_id = $1 ORDER BY dataset, data_year DESC", [backfill],
      as: String.self)
    #expect(states == ["completed", "failed", "ready", "running", "ready", "failed", "blocked", "blocked"])
    let workers = try await fixture.connection.query("SELECT * FROM queue.workers")
    #expect(try workers[0].decode("busy", as: Int.self) == 1)
    #expect(try await fixture.value("SELECT remaining::int FROM queue.eta") == 5)
    #expect(try await fixture.value("SELECT sum(completed)::int FROM queue.throughput") == 1)
    let lines = try await fixture.values("SELECT item || ': ' || value FROM queue.overview", as: String.self)
    #expect(lines == ["queue: running", "database: first life", "workers: 1", "backfill \(backfill): open"])
    let details = try await fixture.values(
      "SELECT detail FROM queue.overview WHERE item <> 'queue' ORDER BY n", as: String.self)
    #expect(details.last == "3 of 8 done: 1 completed, 2 failed, 1 running, 2 ready, 2 blocked", "\(details)")
    for (dataset, state) in [("income", "ready"), ("jobs", "blocked")] {
      let reasons = try await fixture.values(
        "SELECT reason FROM queue.waiting WHERE dataset = $1 AND state::text = $2", [dataset, state], as: String.self)
      #expect(
        !reasons.isEmpty
          && reasons.allSatisfy { $0.contains(state == "ready" ? "backing off until" : "waits for 1 task") })
    }
    #expect(
      try await fixture.value("SELECT count(*) FROM queue.attempt WHERE task_id = $1", [leases[2].taskID], as: Int.self)
        == 1)
  }

  @Test func countsAgreeWithTheTasksThroughout() async throws {
    let fixture = try await QueueFixture.make([("income", []), ("jobs", ["income"])])
    try await fixture.enqueue(["income", "jobs"], years: 2001...2010)
    let worker = try await fixture.worker(slots: 100)
    for (index, lease) in try await fixture.claim(worker).enumerated() {
      switch index % 4 {
      case 0: _ = try await fixture.client.fail(lease, errorClass: .permanent, reason: "x")
      case 1: try await fixture.run("SELECT queue.cancel_task($1)", [lease.taskID])
      case 2: try await fixture.run("SELECT queue.complete($1, $2)", [lease.taskID, lease.leaseToken])
      default: break
      }
      if index % 3 == 0 { try await fixture.run("SELECT queue.tidy()") }
      try await fixture.expectExactCounts()
    }
  }

  @Test func aGridOfAHundredThousandTasksReadsItsCellsAndNoTask() async throws {
    let fixture = try await QueueFixture.make([])
    try await fixture.declare("tiles", regions: (1...1000).map { "r\($0)" })
    let backfill = try await fixture.enqueue(["tiles"], years: 2001...2100).backfillID
    let sql = "SELECT sum(total)::int FROM queue.grid WHERE backfill_id = \(backfill)"
    #expect(try await fixture.value(sql, as: Int.self) == 100_000)
    let plan = try await fixture.connection.query("EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) \(sql)")
      .compactMap { $0.text(0) }
    let rows = plan.compactMap { line -> Int? in
      guard let match = line.firstMatch(of: /actual rows=([0-9]+)[0-9.]* loops=([0-9]+)/) else { return nil }
      return Int(match.1).flatMap { rows in Int(match.2).map { rows * $0 } }
    }
    // A hundred cells, in each of a handful of nodes.
    #expect(!rows.isEmpty && rows.reduce(0, +) < 3000, "\(plan.joined(separator: "\n"))")
  }

  @Test func oldBackfillsArePrunedInBatchesAndOthersStay() async throws {
    let fixture = try await QueueFixture.make()
    let worker = try await fixture.worker(slots: 100)
    let old = try await fixture.enqueue(years: 2001...2025).backfillID
    let leases = try await fixture.claim(worker)
    _ = try await fixture.client.complete(
      leases.map { .init(taskID: $0.taskID, leaseToken: $0.leaseToken, result: nil) })
    try await fixture.run("SELECT queue.tidy()")
    let open = try await fixture.enqueue(years: 2030...2032).backfillID
    #expect(try await fixture.value("SELECT queue.prune()") == 0)  // within the retention
    var batches: [Int] = []
    while batches.last != 0 {
      batches.append(try await fixture.value("SELECT queue.prune('0 seconds', 10)"))
    }
    #expect(batches == [10, 10, 5, 1, 0])
    #expect(try await fixture.values("SELECT backfill_id FROM queue.backfill") == [open])
    #expect(try await fixture.value("SELECT count(*) FROM queue.outcome", as: Int.self) == 0)
    #expect(try await fixture.value("SELECT count(*) FROM queue.task", as: Int.self) == 3)
    #expect(old != open)
  }
}

extension QueueFixture {
  /// The kept counts against the tasks themselves.
  func expectExactCounts(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let wrong = try await connection.query(
      """
      SELECT g.*, t.* FROM queue.grid g LEFT JOIN (
        SELECT backfill_id, dataset, data_year, count(*) FILTER (WHERE state = 'ready') AS r, count(*) FILTER (WHERE state = 'blocked') AS b,
          count(*) FILTER (WHERE state = 'running') AS u, count(*) FILTER (WHERE state = 'completed') AS c,
          count(*) FILTER (WHERE state = 'failed') AS f, count(*) FILTER (WHERE state = 'cancelled') AS x
        FROM queue.task GROUP BY 1, 2, 3) t USING (backfill_id, dataset, data_year)
      WHERE (g.ready, g.blocked, g.running, g.completed, g.failed, g.cancelled) IS DISTINCT FROM (t.r, t.b, t.u, t.c, t.f, t.x)
      """)
    #expect(wrong.isEmpty, sourceLocation: sourceLocation)
  }
}
