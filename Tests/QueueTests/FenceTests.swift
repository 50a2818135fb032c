import Postgres
import Queue
import TestSupport
import Testing

/// Two sessions: one lost its lease while it slept, the other has the task now. Whatever the first does must change nothing.
@Suite(.database)
struct FenceTests {
  @Test(arguments: [
    "SELECT queue.fence($1, $2)", "SELECT queue.complete($1, $2)", "SELECT queue.complete($1, $2, '{\"rows\": 1}')",
    "SELECT queue.fail($1, $2, 'transient', 'late')", "SELECT queue.fail($1, $2, 'data', 'late')",
    "SELECT queue.release($1, $2)", "SELECT queue.snooze($1, $2, '1 minute')",
  ])
  func aLostLeaseChangesNothing(call: String) async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.enqueue(years: 2001...2001)
    let sleeper = try await fixture.worker("sleeper")
    let old = try #require(try await fixture.claim(sleeper).first)
    try await fixture.silence(sleeper)
    #expect(try await fixture.value("SELECT queue.reap()") == 1)
    let successor = try await fixture.worker("successor")
    let new = try #require(try await fixture.claim(successor).first)
    #expect(new.taskID == old.taskID && new.leaseToken > old.leaseToken)

    // The sleeper wakes, in a session of its own.
    let woken = try await fixture.database.connect()
    let error = await #expect(throws: PostgresError.self) {
      try await woken.query(call, [old.taskID, old.leaseToken])
    }
    #expect(error?.sqlState == "AK001")
    #expect(error?.detail?.contains("holds the task now") == true || error?.detail?.contains("ended as") == true)
    #expect(try await fixture.state(new.taskID) == "running")
    #expect(try await fixture.value("SELECT lease_token FROM queue.lease", as: Int64.self) == new.leaseToken)

    // The successor's work counts, and then nothing else does.
    try await fixture.run("SELECT queue.complete($1, $2)", [new.taskID, new.leaseToken])
    for token in [old.leaseToken, new.leaseToken] {
      await #expect(throws: PostgresError.self) { try await woken.query(call, [old.taskID, token]) }
    }
    #expect(try await fixture.state(new.taskID) == "completed")
    #expect(try await fixture.value("SELECT count(*) FROM queue.outcome WHERE final", as: Int.self) == 1)
  }

  /// A publication's session may be new: its fence is the first that it asks of the queue, and its commit may be long in
  /// coming.
  @Test func aPublicationInANewSessionKeepsNobodyFromClaiming() async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.enqueue(years: 2001...2004)
    let worker = try await fixture.worker()
    let lease = try #require(try await fixture.claim(worker, 1).first)
    let publishing = try await fixture.database.connect()
    try await publishing.execute("BEGIN")
    try await publishing.execute("SELECT queue.fence($1, $2)", [lease.taskID, lease.leaseToken])
    let other = try await fixture.database.connect()
    try await other.execute("SET lock_timeout = '2s'")
    #expect(try await other.query("SELECT task_id FROM queue.claim($1, 1)", [worker]).count == 1)
    #expect(try await other.query("SELECT * FROM queue.tick($1)", [worker]).count == 1)
    try await publishing.execute("ROLLBACK")
  }

  @Test func manyAreCompletedAndTheLostOnesAreNamed() async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.enqueue(years: 2001...2004)
    let worker = try await fixture.worker()
    let leases = try await fixture.claim(worker)
    try await fixture.run("SELECT queue.release($1, $2)", [leases[1].taskID, leases[1].leaseToken])
    let completions = leases.map {
      QueueClient.Completion(taskID: $0.taskID, leaseToken: $0.leaseToken, result: "{\"rows\": \($0.dataYear)}")
    }
    #expect(try await fixture.client.complete(completions) == [leases[1].leaseToken])
    // An answer that never arrived is asked for again.
    #expect(try await fixture.client.complete(completions) == [leases[1].leaseToken])
    #expect(try await fixture.value("SELECT count(*) FROM queue.outcome WHERE final", as: Int.self) == 3)
    #expect(
      try await fixture.value(
        "SELECT (result->>'rows')::int FROM queue.task WHERE task_id = $1", [leases[0].taskID]) == leases[0].dataYear)
  }

  @Test func aFenceHoldsTheTaskUntilItsTransactionEnds() async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.enqueue(years: 2001...2001)
    let worker = try await fixture.worker()
    let lease = try #require(try await fixture.claim(worker).first)
    let publisher = try await fixture.database.connect()
    try await publisher.withTransaction { transaction in
      try await lease.fence(in: transaction)
      // Meanwhile the worker is taken for dead: the reaper must wait for the publication.
      try await fixture.silence(worker)
      #expect(try await fixture.value("SELECT queue.reap()") == 0)
      try await lease.complete(in: transaction)
    }
    #expect(try await fixture.value("SELECT queue.reap()") == 0)
    #expect(try await fixture.state(lease.taskID) == "completed")
  }

  @Test func aCancelledBackfillPublishesNothingMore() async throws {
    let fixture = try await QueueFixture.make()
    let backfill = try await fixture.enqueue(years: 2001...2002)
    let worker = try await fixture.worker()
    let lease = try #require(try await fixture.claim(worker, 1).first)
    #expect(try await fixture.value("SELECT queue.cancel_backfill($1)", [backfill.backfillID]) == 2)
    #expect(try await fixture.sqlState("SELECT queue.fence($1, $2)", [lease.taskID, lease.leaseToken]) == "AK001")
    #expect(try await fixture.sqlState("SELECT queue.complete($1, $2)", [lease.taskID, lease.leaseToken]) == "AK001")
    #expect(
      try await fixture.client.tick(workerID: worker, leaseTokens: [lease.leaseToken]).lostTokens == [lease.leaseToken])
    try await fixture.run("SELECT queue.tidy()")
    #expect(
      try await fixture.value(
        "SELECT state FROM queue.backfill_progress WHERE backfill_id = $1", [backfill.backfillID]) == "cancelled")
  }

  @Test func aPublicationInFlightWinsOverACancellation() async throws {
    let fixture = try await QueueFixture.make()
    let backfill = try await fixture.enqueue(years: 2001...2001)
    let worker = try await fixture.worker()
    let lease = try #require(try await fixture.claim(worker).first)
    let publisher = try await fixture.database.connect()
    try await publisher.withTransaction { transaction in
      try await lease.fence(in: transaction)
      #expect(try await fixture.value("SELECT queue.cancel_backfill($1)", [backfill.backfillID]) == 0)
      try await lease.complete(in: transaction)
    }
    #expect(try await fixture.state(lease.taskID) == "completed")
  }

  @Test func aPublicationThatFailsAfterACancellationIsCancelled() async throws {
    let fixture = try await QueueFixture.make()
    let backfill = try await fixture.enqueue(years: 2001...2001)
    let worker = try await fixture.worker()
    let lease = try #require(try await fixture.claim(worker).first)
    let publisher = try await fixture.database.connect()
    await #expect(throws: TestFailure.self) {
      try await publisher.withTransaction { transaction in
        try await lease.fence(in: transaction)
        try await fixture.run("SELECT queue.cancel_backfill($1)", [backfill.backfillID])
        throw TestFailure("the copy failed")
      }
    }
    try await fixture.run(
      "SELECT queue.fail($1, $2, 'transient', 'the copy failed')", [lease.taskID, lease.leaseToken])
    #expect(try await fixture.state(lease.taskID) == "cancelled")
    #expect(try await fixture.value("SELECT count(*) FROM queue.ready", as: Int.self) == 0)
  }
}
