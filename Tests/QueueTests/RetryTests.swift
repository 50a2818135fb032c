import Postgres
import Queue
import Base
import TestSupport
import Testing

@Suite(.database)
struct RetryTests {
  @Test func transientErrorsAreRetriedWithJitterUntilTheAttemptsAreUsed() async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.enqueue(years: 2001...2001, options: "max_attempts => 3")
    let worker = try await fixture.worker()
    var waits: [Double] = []
    for attempt in 1...3 {
      let lease = try #require(try await fixture.claim(worker).first)
      #expect(lease.attemptNumber == attempt && lease.maxAttempts == 3)
      let outcome = try await fixture.client.fail(lease, errorClass: .transient, reason: "timeout \(attempt)")
      #expect(outcome == (attempt < 3 ? .retried : .failed))
      if attempt < 3 {
        waits.append(
          try await fixture.value("SELECT extract(epoch FROM run_at - clock_timestamp())::float8 FROM queue.delayed"))
        try await fixture.hurry()
      }
    }
    // Full jitter: from 0 to 5 s, then to 10 s.
    #expect(waits[0] <= 5 && waits[1] <= 10)
    #expect(try await fixture.value("SELECT state::text FROM queue.task", as: String.self) == "failed")
    #expect(try await fixture.value("SELECT count(*) FROM queue.attempt", as: Int.self) == 3)
  }

  @Test func retryAfterIsHonoured() async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.enqueue(years: 2001...2001)
    let worker = try await fixture.worker()
    let lease = try #require(try await fixture.claim(worker).first)
    #expect(
      try await fixture.client.fail(lease, errorClass: .rateLimited, reason: "429", retryAfter: .seconds(600))
        == .throttled)
    #expect(try await fixture.value("SELECT run_at > now() + interval '599 seconds' FROM queue.delayed", as: Bool.self))
    try await fixture.hurry()
    // The attempt was given back.
    #expect(try await fixture.claim(worker).first?.attemptNumber == 1)
  }

  @Test(arguments: [ErrorClass.data, .permanent])
  func someErrorsAreNotRetried(errorClass: ErrorClass) async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.enqueue(years: 2001...2001)
    let worker = try await fixture.worker()
    let lease = try #require(try await fixture.claim(worker).first)
    #expect(try await fixture.client.fail(lease, errorClass: errorClass, reason: "no") == .failed)
    #expect(try await fixture.value("SELECT error_class FROM queue.task", as: String.self) == errorClass.rawValue)
    #expect(try await fixture.value("SELECT count(*) FROM queue.ready", as: Int.self) == 0)
  }

  @Test func releaseAndSnoozeGiveTheAttemptBack() async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.enqueue(years: 2001...2001)
    let worker = try await fixture.worker()
    var lease = try #require(try await fixture.claim(worker).first)
    try await fixture.client.release(lease, reason: "drained")
    lease = try #require(try await fixture.claim(worker).first)
    #expect(lease.attemptNumber == 1)
    try await fixture.client.snooze(lease, for: .seconds(60), reason: "not published yet")
    #expect(try await fixture.claim(worker).isEmpty)
    #expect(try await fixture.value("SELECT reason FROM queue.waiting", as: String.self).contains("snoozed until"))
    try await fixture.hurry()
    #expect(try await fixture.claim(worker).first?.attemptNumber == 1)
  }

  @Test func aTaskThatKillsItsWorkersIsQuarantined() async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.enqueue(years: 2001...2001)
    for life in 1...3 {
      let worker = try await fixture.worker("victim-\(life)")
      let lease = try #require(try await fixture.claim(worker).first)
      #expect(lease.attemptNumber == 1)  // lost workers are counted apart
      try await fixture.silence(worker)
      #expect(try await fixture.value("SELECT queue.reap()") == 1)
    }
    #expect(
      try await fixture.value("SELECT error_class FROM queue.task WHERE state = 'failed'", as: String.self)
        == "worker_lost")
    #expect(
      try await fixture.value("SELECT reason FROM queue.task", as: String.self).contains("quarantined: 3 workers"))
  }

  @Test func anAttemptPastItsDeadlineIsTakenAway() async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.enqueue(years: 2001...2001, options: "task_timeout => '10 milliseconds'")
    let worker = try await fixture.worker()
    let lease = try #require(try await fixture.claim(worker).first)
    #expect(lease.timeLimit == .milliseconds(10))
    try await eventually {
      try await fixture.run("SELECT set_config('aker.lease_scan_at', '', false)")
      return try await fixture.value("SELECT queue.reap()") == 1
    }
    #expect(
      try await fixture.client.tick(workerID: worker, leaseTokens: [lease.leaseToken]).lostTokens == [lease.leaseToken])
    #expect(try await fixture.value("SELECT reason FROM queue.attempt", as: String.self).contains("ran longer than"))
  }

  @Test func failedTasksAreTriedAgainByTaskClassAndBackfill() async throws {
    let fixture = try await QueueFixture.make()
    let backfill = try await fixture.enqueue(years: 2001...2004).backfillID
    let worker = try await fixture.worker()
    let leases = try await fixture.claim(worker)
    _ = try await fixture.client.fail(leases[0], errorClass: .permanent, reason: "404 a")
    _ = try await fixture.client.fail(leases[1], errorClass: .permanent, reason: "404 b")
    _ = try await fixture.client.fail(leases[2], errorClass: .data, reason: "drift")
    _ = try await fixture.client.complete([
      .init(taskID: leases[3].taskID, leaseToken: leases[3].leaseToken, result: nil)
    ])
    try await fixture.run("SELECT queue.tidy()")
    #expect(
      try await fixture.value("SELECT state FROM queue.backfill_progress", as: String.self) == "finished_with_failures")

    #expect(try await fixture.value("SELECT queue.retry_task($1)", [leases[0].taskID]) == 1)
    #expect(try await fixture.value("SELECT state FROM queue.backfill_progress", as: String.self) == "open")
    #expect(try await fixture.value("SELECT queue.retry_backfill($1, 'data')", [backfill]) == 1)
    #expect(try await fixture.value("SELECT queue.retry_backfill($1)", [backfill]) == 1)
    #expect(try await fixture.value("SELECT queue.retry_backfill($1)", [backfill]) == 0)
    #expect(try await fixture.sqlState("SELECT queue.retry_task($1)", [leases[3].taskID]) == "AK006")
    #expect(try await fixture.claim(worker).map(\.attemptNumber) == [1, 1, 1])
    #expect(try await fixture.value("SELECT failed::int FROM queue.backfill_progress") == 0)
  }

  @Test func whatAnotherOpenBackfillBuildsIsNotTriedAgain() async throws {
    let fixture = try await QueueFixture.make()
    let first = try await fixture.enqueue(years: 2001...2002, key: "first").backfillID
    let worker = try await fixture.worker()
    for lease in try await fixture.claim(worker) {
      _ = try await fixture.client.fail(lease, errorClass: .permanent, reason: "404")
    }
    try await fixture.run("SELECT queue.tidy()")
    let second = try await fixture.enqueue(years: 2001...2001, key: "second").backfillID
    let failed = try await fixture.value(
      "SELECT task_id FROM queue.task WHERE backfill_id = $1 AND data_year = 2001", [first], as: Int64.self)

    #expect(try await fixture.sqlState("SELECT queue.retry_task($1)", [failed]) == "AK006")
    #expect(try await fixture.value("SELECT queue.retry_backfill($1)", [first]) == 1)
    let said = try await fixture.value(
      "SELECT message FROM queue.event WHERE kind = 'retried' ORDER BY event_id DESC LIMIT 1", as: String.self)
    #expect(said == "1 failed tasks tried again; 1 left to the open backfills that build the same partitions")
    #expect(try await fixture.state(failed) == "failed")
    let holder = try await fixture.value(
      "SELECT format('task %s of backfill %s (second) already builds it', task_id, backfill_id) FROM queue.task WHERE backfill_id = $1",
      [second], as: String.self)
    #expect(try await fixture.value("SELECT queue.held_elsewhere($1)", [failed], as: String.self) == holder)

    try await fixture.run("SELECT queue.cancel_backfill($1)", [second])
    #expect(try await fixture.value("SELECT queue.retry_task($1)", [failed]) == 1)
  }

  @Test(arguments: [
    "SELECT queue.retry_task($1)",
    "SELECT queue.retry_backfill((SELECT backfill_id FROM queue.task WHERE task_id = $1))",
  ])
  func retriesOfOnePartitionAtTheSameMomentOpenItOnce(_ retry: String) async throws {
    let fixture = try await QueueFixture.make()
    let worker = try await fixture.worker()
    var failed: [Int64] = []
    for key in ["first", "second"] {
      try await fixture.enqueue(years: 2001...2001, key: key)
      let lease = try await fixture.claim(worker)[0]
      _ = try await fixture.client.fail(lease, errorClass: .permanent, reason: "404")
      failed.append(lease.taskID)
    }
    try await fixture.run("SELECT queue.tidy()")

    // The first has not committed when the second begins.
    let one = try await fixture.database.connect()
    let other = try await fixture.database.connect()
    let processID = try #require(try await other.query("SELECT pg_backend_pid()")[0].text(0))
    try await one.execute("BEGIN")
    _ = try await one.query(retry, [failed[0]])
    async let second: Void = { _ = try? await other.query(retry, [failed[1]]) }()
    try await eventually("the second waits") {
      try await fixture.value(
        "SELECT count(*)::int FROM pg_locks WHERE pid = $1::int AND NOT granted", [processID], as: Int.self) == 1
    }
    try await one.execute("COMMIT")
    await second
    #expect(try await fixture.value("SELECT count(*)::int FROM queue.task WHERE state = 'ready'", as: Int.self) == 1)
    #expect(try await fixture.state(failed[1]) == "failed")
  }

  @Test func theSameDataErrorInARowPausesTheDatasetInThatBackfill() async throws {
    let fixture = try await QueueFixture.make([("income", []), ("jobs", [])])
    let backfill = try await fixture.enqueue(["income", "jobs"], years: 2001...2020).backfillID
    let worker = try await fixture.worker()
    func next() async throws -> TaskLease {
      let leases = try await fixture.connection.query("SELECT * FROM queue.claim($1, 1, '{income}')", [worker])
      return try TaskLease(#require(leases.first))
    }
    for _ in 1...4 {
      let lease = try await next()
      _ = try await fixture.client.fail(lease, errorClass: .data, reason: "column b\(lease.dataYear) is missing")
    }
    // One that works in between: not in a row.
    let lease = try await next()
    try await fixture.run("SELECT queue.complete($1, $2)", [lease.taskID, lease.leaseToken])
    for _ in 1...5 {
      let lease = try await next()
      _ = try await fixture.client.fail(lease, errorClass: .data, reason: "column b\(lease.dataYear) is missing")
    }
    let claimed = try await fixture.claim(worker)
    #expect(Set(claimed.map(\.dataset)) == ["jobs"])
    let reason = try await fixture.value(
      "SELECT reason FROM queue.waiting WHERE dataset = 'income' LIMIT 1", as: String.self)
    #expect(reason.contains("circuit breaker: 5 partitions in a row"))
    #expect(try await fixture.value("SELECT count(*) FROM queue.stuck WHERE dataset = 'income'", as: Int.self) == 1)

    try await fixture.run("SELECT queue.resume_backfill($1)", [backfill])
    #expect(try await fixture.claim(worker).count == 10)
  }
}

extension QueueFixture {
  /// Ends all backoffs now.
  func hurry() async throws {
    try await run("UPDATE queue.delayed SET run_at = clock_timestamp()")
    try await run("SELECT queue.promote_due()")
  }
}
