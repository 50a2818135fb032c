import FoundationEssentials
import Postgres
import Queue
import TestSupport
import Testing

/// What could run now, as an autoscaler asks for it: each kind of limit that a claim minds.
@Suite(.database)
struct WantedSlotsTests {
  @Test func anEmptyQueueWantsNone() async throws {
    let fixture = try await QueueFixture.make()
    #expect(try await fixture.wantedSlots() == 0)
    try await fixture.run("DELETE FROM queue.setting")
    #expect(try await fixture.wantedSlots() == 0)
  }

  @Test func tasksThatRunWantTheirSlotsAndWhatIsReadyMore() async throws {
    let fixture = try await QueueFixture.make([("income", []), ("score", ["income"])])
    try await fixture.enqueue(["income", "score"], years: 2001...2010)
    // What waits for other tasks wants nothing yet.
    #expect(try await fixture.wantedSlots() == 10)
    let leases = try await fixture.claim(try await fixture.worker(), 3)
    #expect(try await fixture.wantedSlots() == 10)
    try await fixture.run("SELECT queue.complete($1, $2)", [leases[0].taskID, leases[0].leaseToken])
    #expect(try await fixture.wantedSlots() == 10)
    try await fixture.run("SELECT queue.fail($1, $2, 'permanent', 'x')", [leases[1].taskID, leases[1].leaseToken])
    #expect(try await fixture.wantedSlots() == 9)
    // Before the counts are folded, and after.
    try await fixture.run("SELECT queue.tidy()")
    #expect(try await fixture.wantedSlots() == 9)
  }

  @Test func aSourceThatAllowsFourWantsFour() async throws {
    let fixture = try await QueueFixture.make([("income", []), ("jobs", []), ("free", [])])
    try await fixture.run(
      "UPDATE catalog.dataset SET source_ids = '{shared}', primary_source_id = 'shared' WHERE name <> 'free'")
    try await fixture.run("SELECT queue.configure_source('shared', 4)")
    try await fixture.enqueue(["income", "jobs"], years: 2001...2060)
    #expect(try await fixture.wantedSlots() == 4)
    let worker = try await fixture.worker()
    #expect(try await fixture.claim(worker, 3).count == 3)
    #expect(try await fixture.wantedSlots() == 4)
    try await fixture.enqueue(["free"], years: 2001...2007)
    #expect(try await fixture.wantedSlots() == 11)
    // What it promises is what a claim gets.
    var claimed = 0
    while true {
      let count = try await fixture.claim(worker).count
      if count == 0 { break }
      claimed += count
    }
    #expect(claimed == 8)
    #expect(try await fixture.wantedSlots() == 11)
    try await fixture.run("SELECT queue.configure_source('shared', 0)")
    #expect(try await fixture.wantedSlots() == 11)
  }

  @Test func aBackfillWantsNoMoreThanItsOwnLimit() async throws {
    let fixture = try await QueueFixture.make([("income", []), ("jobs", [])])
    try await fixture.enqueue(["income", "jobs"], years: 2001...2020, options: "max_running => 5")
    #expect(try await fixture.wantedSlots() == 5)
  }

  @Test(arguments: [
    ("SELECT queue.pause_queue('x')", "SELECT queue.resume_queue()"),
    ("SELECT queue.pause_backfill(1, 'x')", "SELECT queue.resume_backfill(1)"),
    ("SELECT queue.pause_dataset('income', 'x')", "SELECT queue.resume_dataset('income')"),
    ("SELECT queue.pause_source('income_source', 'x')", "SELECT queue.resume_source('income_source')"),
    ("SELECT queue.cool_down('income_source', '1 hour', 'x')", "SELECT queue.end_cool_down('income_source')"),
    ("UPDATE queue.lane SET paused_at = now(), pause_reason = 'breaker'", "SELECT queue.resume_backfill(1)"),
  ])
  func whatIsHeldBackWantsNoMoreThanWhatRuns(_ held: String, _ free: String) async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.run("SELECT queue.configure_source('income_source')")
    try await fixture.enqueue(years: 2001...2010)
    _ = try await fixture.claim(try await fixture.worker(), 2)
    try await fixture.run(held)
    #expect(try await fixture.wantedSlots() == 2)
    try await fixture.run(free)
    #expect(try await fixture.wantedSlots() == 10)
  }

  @Test func aQuotaWantsNoMoreTasksThanRequestsAreLeft() async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.run("SELECT queue.configure_source('income_source', daily_quota => 8)")
    try await fixture.enqueue(years: 2001...2020)
    #expect(try await fixture.wantedSlots() == 8)
    try await fixture.run("SELECT * FROM queue.take_tokens('income_source', 5)")
    #expect(try await fixture.wantedSlots() == 3)
    try await fixture.run("SELECT * FROM queue.take_tokens('income_source', 3)")
    #expect(try await fixture.wantedSlots() == 0)
    // Yesterday's.
    try await fixture.run("UPDATE queue.token_bucket SET quota_day = quota_day - 1")
    #expect(try await fixture.wantedSlots() == 8)
  }

  @Test func whatBacksOffWantsNothingYet() async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.enqueue(years: 2001...2003)
    let lease = try await fixture.claim(try await fixture.worker(), 1)[0]
    try await fixture.run("SELECT queue.fail($1, $2, 'transient', 'x')", [lease.taskID, lease.leaseToken])
    try await fixture.run("UPDATE queue.delayed SET run_at = now() + interval '1 hour'")
    #expect(try await fixture.wantedSlots() == 2)
    try await fixture.run("UPDATE queue.delayed SET run_at = now() - interval '1 second'")
    #expect(try await fixture.wantedSlots() == 3)
  }

  @Test(arguments: ["aker_reader", "aker_worker", "aker_admin"])
  func whoMayReadMayAsk(_ role: String) async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.enqueue(years: 2001...2003)
    #expect(try await fixture.playing(role).wantedSlots() == 3)
  }

  @Test func whoOnlyMonitorsMayAskNothingElse() async throws {
    let owner = try await QueueFixture.make()
    try await owner.enqueue(years: 2001...2003)
    let fixture = try await owner.playing("aker_monitor")
    #expect(try await fixture.wantedSlots() == 3)
    #expect(try await fixture.sqlState("SELECT FROM queue.task") == RoleTests.denied)
    #expect(try await fixture.sqlState("SELECT queue.pause_queue('x')") == RoleTests.denied)
  }

  @Test func theAutoscalersQuestionIsAnswered() async throws {
    let manifest = try String(
      contentsOfFile: PackageRoot.path + "/deploy/kubernetes/base/scaling.yaml", encoding: .utf8)
    let question = try #require(manifest.firstMatch(of: /query: (SELECT .+)/)).1
    let fixture = try await QueueFixture.make()
    try await fixture.enqueue(years: 2001...2003)
    #expect(try await fixture.playing("aker_monitor").value(String(question)) == 3)
  }

  /// It reads what is kept per lane and year: at a hundred times the tasks, as few pages, and not one task.
  @Test(arguments: [10, 1_000])
  func itsCostDoesNotDependOnHowManyTasksWait(regions: Int) async throws {
    let fixture = try await QueueFixture.make([])
    try await fixture.declare("tiles", regions: (1...regions).map { "r\($0)" })
    try await fixture.enqueue(["tiles"], years: 2001...2100)
    #expect(try await fixture.wantedSlots() == regions * 100)
    #expect(try await fixture.pagesOfWantedSlots() < 100)
  }
}

extension QueueFixture {
  func wantedSlots() async throws -> Int { try await value("SELECT queue.wanted_slots()") }

  /// Pages touched by a call whose plans are made already, of which none is of a task.
  fileprivate func pagesOfWantedSlots() async throws -> Int {
    for _ in 0..<6 { _ = try await wantedSlots() }
    let session = try await database.connect()
    let (pages, rows) = try await session.transaction { session in
      for _ in 0..<6 { _ = try session.query("SELECT queue.wanted_slots()") }
      let plan = try session.query("EXPLAIN (ANALYZE, BUFFERS, TIMING off) SELECT queue.wanted_slots()")
      let text = try plan.map { try $0.decode($0.columns[0], as: String.self) }.joined(separator: "\n")
      let hit = text.firstMatch(of: /shared hit=([0-9]+)/).flatMap { Int($0.1) } ?? 0
      let row = try session.query(
        """
        SELECT pg_stat_get_xact_tuples_returned('queue.ready'::regclass)
          + pg_stat_get_xact_tuples_fetched('queue.ready'::regclass)
          + pg_stat_get_xact_tuples_returned('queue.planned_task'::regclass)
          + pg_stat_get_xact_tuples_returned('queue.outcome'::regclass) AS rows
        """)[0]
      return (hit, try row.decode("rows", as: Int.self))
    }
    await session.close()
    #expect(rows == 0)
    #expect(pages > 0)
    return pages
  }
}
