import Postgres
import Queue
import TestSupport
import Testing

@Suite(.database)
struct EnqueueTests {
  @Test func twiceUnderOneKeyIsOnce() async throws {
    let fixture = try await QueueFixture.make()
    let first = try await fixture.enqueue(years: 2001...2003, key: "k")
    let second = try await fixture.enqueue(years: 2002...2005, key: "k")
    #expect(first.enqueued == 3 && second.enqueued == 2 && second.skipped == 0)
    #expect(first.backfillID == second.backfillID)
    #expect(try await fixture.value("SELECT count(*) FROM queue.task", as: Int.self) == 5)
    #expect(try await fixture.value("SELECT total::int FROM queue.backfill_progress") == 5)
  }

  @Test func whatAnotherOpenBackfillBuildsIsSkippedWithTheReason() async throws {
    let fixture = try await QueueFixture.make()
    let first = try await fixture.enqueue(years: 2001...2002)
    let second = try await fixture.enqueue(years: 2001...2003)
    #expect(second.enqueued == 1 && second.skipped == 2)
    let reasons = try await fixture.values(
      "SELECT reason FROM queue.skipped_partition ORDER BY data_year", as: String.self)
    #expect(reasons.allSatisfy { $0.contains("of backfill \(first.backfillID)") && $0.contains("already builds it") })
  }

  @Test func concurrentBackfillsNeverTakeOnePartitionTwice() async throws {
    let fixture = try await QueueFixture.make()
    let database = fixture.database
    let enqueued = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<6 {
        group.addTask {
          let connection = try await database.connect()
          return try await connection.query(
            "SELECT enqueued FROM queue.enqueue_backfill('{income}', '{2001,2002,2003}', '2024-06')")[0].decode(
              "enqueued")
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(enqueued == 3)
  }

  @Test func theNewestYearRunsFirstUnlessTold() async throws {
    let fixture = try await QueueFixture.make([("income", []), ("jobs", [])])
    try await fixture.enqueue(["income", "jobs"], years: 2001...2003)
    let worker = try await fixture.worker()
    for year in [2003, 2002, 2001] {
      let leases = try await fixture.claim(worker, 2)
      #expect(leases.map(\.dataYear) == [year, year] && Set(leases.map(\.dataset)) == ["income", "jobs"])
    }

    try await fixture.declare("oldest")
    try await fixture.enqueue(["oldest"], years: 2001...2003, options: "newest_first => false")
    #expect(try await fixture.claim(worker).map(\.dataYear) == [2001, 2002, 2003])
  }

  @Test func thePlanIsWhatEnqueueDoes() async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.enqueue(years: 2001...2002)
    let plan = try await fixture.connection.query(
      "SELECT data_year, action, reason FROM queue.plan_backfill('{income}', '{1999,2002,2003}', '2024-06') ORDER BY 1")
    #expect(try plan.map { try $0.decode("action", as: String.self) } == ["skip", "skip", "enqueue"])
    #expect(plan[0].text(2)?.contains("outside the dataset's years, 2000-") == true)
    #expect(try await fixture.value("SELECT count(*) FROM queue.task", as: Int.self) == 2)
    let result = try await fixture.value(
      "SELECT enqueued FROM queue.enqueue_backfill('{income}', '{1999,2002,2003}', '2024-06')", as: Int.self)
    #expect(result == 1)
  }

  @Test func regionsMayBeAskedOfOneDatasetAlone() async throws {
    let fixture = try await QueueFixture.make()
    for name in ["tracts", "places"] { try await fixture.declare(name, regions: ["11", "24", "39"]) }
    try await fixture.connection.execute(
      "UPDATE catalog.dataset SET region_pattern = '[0-9]{2}' WHERE name = 'tracts'")
    func planned(_ regions: String?) async throws -> [String] {
      let rows = try await fixture.connection.query(
        "SELECT dataset, region FROM queue.plan_backfill('{income,tracts,places}', '{2001}', '2024-06', $1::text[])",
        [regions])
      return try rows.map { try "\($0.decode("dataset", as: String.self)) \($0.decode("region", as: String.self))" }
        .sorted()
    }
    let all = ["11", "24", "39"]
    #expect(try await planned(nil) == ["income "] + all.map { "places \($0)" } + all.map { "tracts \($0)" })
    #expect(
      try await planned("{tracts:39,tracts:78,tracts:39}") == [
        "income ", "places 11", "places 24", "places 39", "tracts 39", "tracts 78",
      ])
    #expect(try await planned("{39,tracts:11,other:24}") == ["income ", "places 39", "tracts 11"])
    // Neither listed nor allowed besides.
    #expect(try await planned("{places:78,tracts:11}") == ["income ", "tracts 11"])
    #expect(try await planned("{}") == ["income "])

    let enqueued = try await fixture.enqueue(
      ["tracts", "places"], years: 2001...2002, options: "regions => '{tracts:39,places:11,places:24}'")
    #expect(enqueued.enqueued == 6)
    #expect(
      try await fixture.value("SELECT count(*) FROM queue.task WHERE dataset = 'tracts'", as: Int.self) == 2)
  }

  @Test func modesLookAtWhatIsPublished() async throws {
    let fixture = try await QueueFixture.make()
    let worker = try await fixture.worker()
    try await fixture.enqueue(years: 2001...2003)
    let leases = try await fixture.claim(worker)
    try await fixture.run(
      "SELECT queue.fail($1, $2, 'permanent', 'not found')", [leases[0].taskID, leases[0].leaseToken])
    for lease in leases.dropFirst() {
      try await fixture.publish(lease)
      try await fixture.run("SELECT queue.complete($1, $2)", [lease.taskID, lease.leaseToken])
    }
    try await fixture.run("SELECT queue.tidy()")

    func plan(_ mode: String) async throws -> [Int] {
      try await fixture.values(
        """
        SELECT data_year FROM queue.plan_backfill('{income}', '{2001,2002,2003,2004}', '2024-06', mode => '\(mode)')
        WHERE action = 'enqueue' ORDER BY 1
        """)
    }
    #expect(try await plan("missing") == [2003, 2004])
    #expect(try await plan("failed") == [2003])
    #expect(try await plan("stale") == [])
    #expect(try await plan("all") == [2001, 2002, 2003, 2004])
    try await fixture.declare("income", hash: "b")  // the definition changes
    #expect(try await plan("stale") == [2001, 2002])
  }

  @Test func circlesAreRefused() async throws {
    let fixture = try await QueueFixture.make([("a", ["c"]), ("b", ["a"]), ("c", ["b"])])
    let error = await #expect(throws: PostgresError.self) { try await fixture.enqueue(["a", "b", "c"]) }
    #expect(error?.sqlState == "AK004")
    #expect(error?.message.contains("→") == true)
    #expect(try await fixture.value("SELECT count(*) FROM queue.backfill", as: Int.self) == 0)
  }

  @Test(arguments: [
    ("SELECT queue.enqueue_backfill('{nowhere}', '{2001}', '2024-06')", "AK005"),
    ("SELECT queue.enqueue_backfill('{income}', '{2001}', '2024-13')", "AK003"),
    ("SELECT queue.enqueue_backfill('{income}', '{}', '2024-06')", "AK003"),
    ("SELECT queue.enqueue_backfill('{income}', '{2001}', '2024-06', mode => 'some')", "AK003"),
    ("SELECT queue.claim(999, 1)", "AK002"), ("SELECT queue.heartbeat(999)", "AK002"),
    ("SELECT queue.cancel_backfill(999)", "AK005"), ("SELECT queue.cancel_task(999)", "AK005"),
    ("SELECT queue.retry_task(999)", "AK005"), ("SELECT queue.retry_backfill(999)", "AK005"),
    ("SELECT queue.pause_source('nowhere', 'why')", "AK005"), ("SELECT queue.pause_dataset('nowhere', 'why')", "AK005"),
    ("SELECT queue.pause_backfill(999, 'why')", "AK005"), ("SELECT queue.resume_backfill(999)", "AK005"),
    ("SELECT queue.take_tokens('nowhere')", "AK005"), ("SELECT queue.prioritize_task(999)", "AK006"),
    ("SELECT queue.why(999)", "AK005"), ("SELECT queue.register_worker('a', 'b', 1, 'v', 0)", "AK003"),
  ])
  func wrongRequestsHaveTheirOwnState(sql: String, sqlState: String) async throws {
    let fixture = try await QueueFixture.make()
    #expect(try await fixture.sqlState(sql) == sqlState)
  }
}
