import Postgres
import Queue
import Base
import TestSupport
import Testing

@Suite(.database)
struct DependencyTests {
  @Test func aTaskRunsWhenAllItWaitsForHaveCompleted() async throws {
    let fixture = try await QueueFixture.make([("a", []), ("b", []), ("c", ["a", "b"])])
    try await fixture.enqueue(["a", "b", "c"], years: 2001...2001)
    let worker = try await fixture.worker()
    let leases = try await fixture.claim(worker)
    #expect(Set(leases.map(\.dataset)) == ["a", "b"])
    let reason = try await fixture.value("SELECT reason FROM queue.waiting", as: String.self)
    #expect(reason.contains("waits for 2 tasks") && reason.contains("a 2001") && reason.contains("b 2001"))

    let other = try await fixture.database.connect()
    try await other.withTransaction { transaction in
      for lease in leases { try await lease.complete(in: transaction) }
      // Released in the same transaction: not before it commits.
      #expect(try await fixture.claim(worker).isEmpty)
    }
    #expect(try await fixture.claim(worker).map(\.dataset) == ["c"])
  }

  @Test func failurePropagatesWithItsReasonAndRetryBringsAllBack() async throws {
    let fixture = try await QueueFixture.make([("a", []), ("b", ["a"]), ("c", ["b"])])
    try await fixture.enqueue(["a", "b", "c"], years: 2001...2001)
    let worker = try await fixture.worker()
    let lease = try #require(try await fixture.claim(worker).first)
    _ = try await fixture.client.fail(lease, errorClass: .permanent, reason: "404")
    let reasons = try await fixture.values(
      "SELECT reason FROM queue.task WHERE error_class = 'dependency' ORDER BY dataset", as: String.self)
    #expect(reasons.count == 2)
    #expect(reasons.allSatisfy { $0 == "upstream task \(lease.taskID) (a 2001) failed: 404" })

    // A dependent alone cannot be retried: its upstream has to be.
    let dependent = try await fixture.value("SELECT task_id FROM queue.task WHERE dataset = 'b'", as: Int64.self)
    #expect(try await fixture.sqlState("SELECT queue.retry_task($1)", [dependent]) == "AK006")
    #expect(try await fixture.value("SELECT queue.retry_task($1)", [lease.taskID]) == 3)
    for dataset in ["a", "b", "c"] {
      let next = try #require(try await fixture.claim(worker).first)
      #expect(next.dataset == dataset)
      try await fixture.run("SELECT queue.complete($1, $2)", [next.taskID, next.leaseToken])
    }
    try await fixture.run("SELECT queue.tidy()")
    #expect(try await fixture.value("SELECT state FROM queue.backfill_progress", as: String.self) == "finished")
  }

  @Test func anUnsplitTaskWaitsForAllRegions() async throws {
    let fixture = try await QueueFixture.make([])
    try await fixture.declare("tiles", regions: ["north", "south"])
    try await fixture.declare("map", dependsOn: ["tiles"])
    try await fixture.enqueue(["tiles", "map"], years: 2001...2001)
    let worker = try await fixture.worker()
    for lease in try await fixture.claim(worker) {
      #expect(lease.dataset == "tiles")
      #expect(try await fixture.claim(worker).isEmpty)
      try await fixture.run("SELECT queue.complete($1, $2)", [lease.taskID, lease.leaseToken])
    }
    #expect(try await fixture.claim(worker).map(\.dataset) == ["map"])
  }

  @Test func aTaskWaitsForAnotherBackfillThatBuildsItsUpstream() async throws {
    let fixture = try await QueueFixture.make([("a", []), ("b", ["a"])])
    try await fixture.enqueue(["a"], years: 2001...2001)
    try await fixture.enqueue(["a", "b"], years: 2001...2001)
    let worker = try await fixture.worker()
    let upstream = try await fixture.claim(worker)
    #expect(upstream.map(\.dataset) == ["a"])
    try await fixture.run("SELECT queue.complete($1, $2)", [upstream[0].taskID, upstream[0].leaseToken])
    #expect(try await fixture.claim(worker).map(\.dataset) == ["b"])
  }

  @Test func twoUpstreamsThatCompleteAtOnceReleaseOnce() async throws {
    let fixture = try await QueueFixture.make([("a", []), ("b", []), ("c", ["a", "b"])])
    try await fixture.enqueue(["a", "b", "c"], years: 2001...2040)
    let worker = try await fixture.worker(slots: 100)
    let leases = try await fixture.claim(worker)
    let database = fixture.database
    try await withThrowingTaskGroup(of: Void.self) { group in
      for dataset in ["a", "b"] {
        group.addTask {
          let connection = try await database.connect()
          for lease in leases.filter({ $0.dataset == dataset }).sorted(by: { $0.taskID < $1.taskID }) {
            _ = try await connection.query("SELECT queue.complete($1, $2)", [lease.taskID, lease.leaseToken])
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try await fixture.claim(worker).count == 40)
    #expect(try await fixture.value("SELECT count(*) FROM queue.blocked", as: Int.self) == 0)
    #expect(try await fixture.value("SELECT sum(blocked)::int FROM queue.progress_now") == 0)
  }
}
