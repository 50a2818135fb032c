import Postgres
import Queue
import TestSupport
import Testing

@Suite(.database)
struct LimitTests {
  @Test func aSourceIsNeverAskedByMoreTasksThanItsLimit() async throws {
    let fixture = try await QueueFixture.make([("income", []), ("jobs", [])])
    // Two datasets of one source, and six workers that claim and complete as fast as they can.
    try await fixture.run("UPDATE catalog.dataset SET source_ids = '{shared}', primary_source_id = 'shared'")
    try await fixture.run("SELECT queue.configure_source('shared', 3)")
    try await fixture.enqueue(["income", "jobs"], years: 2001...2060)
    let database = fixture.database
    let highest = try await withThrowingTaskGroup(of: Int.self) { group in
      for number in 0..<6 {
        group.addTask {
          let connection = try await database.connect()
          let worker = try await connection.query(
            "SELECT queue.register_worker('w\(number)', 'h', 1, 'v', 10) AS id")[0].decode("id", as: Int.self)
          var highest = 0
          while true {
            let leases = try await connection.query("SELECT * FROM queue.claim($1, 5)", [worker]).map(TaskLease.init)
            let running = try await connection.query("SELECT count(*) AS n FROM queue.lease")[0].decode(
              "n", as: Int.self)
            highest = max(highest, running)
            for lease in leases {
              _ = try await connection.query("SELECT queue.complete($1, $2)", [lease.taskID, lease.leaseToken])
            }
            if try await connection.query("SELECT FROM queue.ready LIMIT 1").isEmpty { return highest }
          }
        }
      }
      return try await group.reduce(0, max)
    }
    #expect(highest == 3)
  }

  /// What a session remembers of leases that it counted must be as exact as a count: sessions that take turns, also while
  /// another's claim has not committed.
  @Test(arguments: 1...3)
  func limitsHoldWhileASnapshotIsHeld(seed: UInt64) async throws {
    let fixture = try await QueueFixture.make([("income", []), ("jobs", [])])
    try await fixture.fill(20_000)
    let pin = try await fixture.pinned(after: 20_000)
    let limits = ["income": 6, "jobs": 4]
    for (name, limit) in limits {
      try await fixture.run("SELECT queue.configure_source($1, $2)", [name + "_source", limit])
    }
    try await fixture.enqueue(["income"], years: 2001...2400)
    try await fixture.enqueue(["jobs"], years: 2001...2400, options: "max_running => 3")
    let lowest = ["income": 6, "jobs": 3]
    func running(_ name: String, _ connection: PostgresConnection) async throws -> Int {
      try await connection.query(
        "SELECT count(*) AS n FROM queue.lease JOIN queue.lane USING (lane_id) WHERE dataset = $1", [name])[0].decode(
          "n")
    }
    var random = SeededRandom(seed: seed)
    var sessions: [(connection: PostgresConnection, worker: Int)] = []
    for number in 0..<3 {
      sessions.append((try await fixture.database.connect(), try await fixture.worker("w\(number)", slots: 100)))
    }
    var remembered = 0
    for step in 0..<150 {
      let (first, second) = (
        sessions[Int.random(in: 0..<3, using: &random)], sessions[Int.random(in: 0..<3, using: &random)]
      )
      let names = Bool.random(using: &random) ? ["income", "jobs"] : ["jobs", "income"]
      let wanted = Int.random(in: 1...4, using: &random)
      // The second one claims of another source before the first one has committed.
      if first.worker != second.worker { try await first.connection.execute("BEGIN") }
      for (session, name) in zip([first, second], names) {
        let before = try await running(name, session.connection)
        let claimed = try await session.connection.query(
          "SELECT task_id FROM queue.claim($1, $2, ARRAY[$3])", [session.worker, wanted, name]
        ).count
        #expect(claimed == min(wanted, lowest[name]! - before), "step \(step), \(name): \(before) ran")
      }
      if first.worker != second.worker { try await first.connection.execute("COMMIT") }
      try await fixture.run(
        """
        SELECT queue.complete(task_id, lease_token) FROM queue.lease
        WHERE (task_id * 7 + $1) % 5 < 2
        """, [step])
      if try await second.connection.query("SELECT current_setting('aker.leases', true) AS kept")[0]
        .text("kept")?.contains("_source") == true
      {
        remembered += 1
      }
    }
    #expect(remembered > 100)
    await pin.close()
  }

  @Test func slotsOfDeadWorkersComeBack() async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.run("SELECT queue.configure_source('income_source', 2)")
    try await fixture.enqueue(years: 2001...2010)
    let dead = try await fixture.worker("dead")
    #expect(try await fixture.claim(dead).count == 2)
    let living = try await fixture.worker("living")
    #expect(try await fixture.claim(living).isEmpty)
    #expect(
      try await fixture.value("SELECT reason FROM queue.waiting LIMIT 1", as: String.self)
        == "source income_source is at its limit of 2 running tasks")
    try await fixture.silence(dead)
    try await fixture.run("SELECT queue.reap()")
    #expect(try await fixture.claim(living).count == 2)
  }

  @Test func oneOfAKindIsNamedInTheSingular() async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.enqueue(years: 2001...2003)
    let worker = try await fixture.worker(slots: 1)
    func reason() async throws -> String { try await fixture.value("SELECT reason FROM queue.waiting LIMIT 1") }
    #expect(try await fixture.claim(worker, 1).count == 1)
    #expect(try await reason() == "the only slot is busy")
    try await fixture.run("UPDATE queue.worker SET slots = 2")
    try await fixture.run("SELECT queue.configure_source('income_source', 1)")
    #expect(try await reason() == "source income_source is at its limit of 1 running task")
  }

  @Test(arguments: [false, true])
  func aBackfillRunsNoMoreThanItsOwnLimit(asksNoSource: Bool) async throws {
    let fixture = try await QueueFixture.make()
    if asksNoSource {
      try await fixture.run("UPDATE catalog.dataset SET source_ids = '{}', primary_source_id = NULL")
    }
    try await fixture.enqueue(years: 2001...2010, options: "max_running => 4")
    let worker = try await fixture.worker(slots: 100)
    let leases = try await fixture.claim(worker)
    #expect(leases.count == 4)
    try await fixture.run("SELECT queue.complete($1, $2)", [leases[0].taskID, leases[0].leaseToken])
    #expect(try await fixture.claim(worker).count == 1)
  }

  @Test func tokensAreNeitherLostNorSpentTwice() async throws {
    let fixture = try await QueueFixture.make()
    let rate = 200.0, burst = 50.0
    try await fixture.run("SELECT queue.configure_source('s', NULL, $1, $2)", [rate, burst])
    let database = fixture.database
    let started = try await fixture.value("SELECT refilled_at::text FROM queue.token_bucket", as: String.self)
    let granted = try await withThrowingTaskGroup(of: Int.self) { group in
      for taker in 0..<6 {
        group.addTask {
          let connection = try await database.connect()
          var (granted, asked) = (0, 0)
          while asked < 60 {
            asked += 1
            let given = try await connection.query(
              "SELECT granted FROM queue.take_tokens('s', 1 + $1 % 3)", [asked + taker])[0]
              .decode("granted", as: Int.self)
            granted += given
            if given > 1 {
              _ = try await connection.query("SELECT queue.return_tokens('s', 1)")
              granted -= 1
            }
          }
          return granted
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(try await fixture.value("SELECT granted_total::int FROM queue.token_bucket") == granted)
    // What was granted and what is left is what there was at first and what flowed in since.
    let flowed = try await fixture.value(
      "SELECT extract(epoch FROM refilled_at - $1::timestamptz)::float8 FROM queue.token_bucket", [started],
      as: Double.self)
    let left = try await fixture.value("SELECT tokens FROM queue.token_bucket", as: Double.self)
    #expect(Double(granted) + left <= burst + flowed * rate + 0.001)
    #expect(granted >= 50)
  }

  /// What the simulator's log cannot show in an instant: the burst and what flows in after it are within the limit.
  @Test func noSecondIsGrantedMoreThanTheLimit() async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.run("SELECT queue.configure_source('s', NULL, 50, 40)")
    var granted: [(at: Double, count: Int)] = []
    let connection = try await fixture.database.connect()
    while granted.reduce(0, { $0 + $1.count }) < 120 {
      let row = try await connection.query(
        """
        SELECT granted, extract(epoch FROM wait_interval)::float8 AS wait, extract(epoch FROM clock_timestamp())::float8 AS at
        FROM queue.take_tokens('s', 5)
        """)[0]
      let count = try row.decode("granted", as: Int.self)
      granted.append((try row.decode("at", as: Double.self), count))
      let wait = try row.decode("wait", as: Double.self)
      #expect(count > 0 ? wait == 0 : wait > 0 && wait <= 1.06)
      if count == 0 { try await Task.sleep(for: .seconds(wait)) }
    }
    for first in granted {
      let second = granted.filter { first.at <= $0.at && $0.at < first.at + 1 }
      #expect(second.reduce(0) { $0 + $1.count } <= 50, "\(granted)")
    }
    // The burst at once, which 50 a second alone would not give.
    #expect(granted.prefix(8).allSatisfy { $0.count == 5 }, "\(granted.prefix(8))")
    await connection.close()
  }

  @Test func quotaAndCoolDownHoldEverybodyBack() async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.run("SELECT queue.configure_source('income_source', daily_quota => 10)")
    try await fixture.enqueue(years: 2001...2003)
    let worker = try await fixture.worker()
    #expect(try await fixture.value("SELECT granted FROM queue.take_tokens('income_source', 8)") == 8)
    #expect(try await fixture.value("SELECT granted FROM queue.take_tokens('income_source', 8)") == 2)
    #expect(
      try await fixture.value(
        "SELECT granted = 0 AND wait_interval BETWEEN '0' AND '24 hours' FROM queue.take_tokens('income_source')",
        as: Bool.self))
    #expect(try await fixture.claim(worker).isEmpty)
    #expect(
      try await fixture.value("SELECT reason FROM queue.waiting LIMIT 1", as: String.self).contains("daily quota of 10")
    )

    try await fixture.run("SELECT queue.configure_source('income_source')")
    try await fixture.run("SELECT queue.cool_down('income_source', '10 minutes', '429')")
    try await fixture.run("SELECT queue.cool_down('income_source', '1 second', 'shorter')")
    #expect(
      try await fixture.value(
        "SELECT granted = 0 AND wait_interval > '9 minutes' FROM queue.take_tokens('income_source')", as: Bool.self))
    #expect(try await fixture.claim(worker).isEmpty)
    #expect(
      try await fixture.value("SELECT reason FROM queue.waiting LIMIT 1", as: String.self).contains("cooling down for"))
    try await fixture.run("SELECT queue.end_cool_down('income_source')")
    #expect(try await fixture.claim(worker).count == 3)
  }

  @Test(arguments: ["queue", "backfill", "dataset", "source"])
  func pauseHoldsAtEachLevelAndSaysSo(level: String) async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.run("SELECT queue.configure_source('income_source')")
    let backfill = try await fixture.enqueue(years: 2001...2003).backfillID
    let worker = try await fixture.worker()
    let target =
      switch level {
      case "backfill": "\(backfill)"
      case "dataset": "'income'"
      case "source": "'income_source'"
      default: ""
      }
    let separator = target.isEmpty ? "" : ", "
    try await fixture.run("SELECT queue.pause_\(level)(\(target)\(separator)'the API is down')")
    #expect(try await fixture.claim(worker).isEmpty)
    let task = try await fixture.value("SELECT min(task_id) FROM queue.task", as: Int64.self)
    #expect(
      try await fixture.value("SELECT queue.why($1)", [task], as: String.self).contains("is paused: the API is down"))
    try await fixture.run("SELECT queue.resume_\(level)(\(target))")
    #expect(try await fixture.claim(worker).count == 3)
    #expect(
      try await fixture.values("SELECT kind FROM queue.event WHERE kind IN ('paused', 'resumed') ORDER BY event_id")
        == ["paused", "resumed"])
  }

  @Test func higherPriorityRunsFirstAndWaitingCatchesUp() async throws {
    let fixture = try await QueueFixture.make([("income", []), ("jobs", [])])
    let slow = try await fixture.enqueue(["income"], years: 2001...2002).backfillID
    try await fixture.enqueue(["jobs"], years: 2001...2002, options: "priority => 2")
    let worker = try await fixture.worker()
    #expect(try await fixture.claim(worker, 1).map(\.dataset) == ["jobs"])
    // Two steps of priority are worth two hours of waiting.
    try await fixture.run(
      "UPDATE queue.ready SET rank = rank - 3 * 3600000000 WHERE lane_id = (SELECT lane_id FROM queue.lane WHERE dataset = 'income')"
    )
    #expect(try await fixture.claim(worker, 1).map(\.dataset) == ["income"])
    try await fixture.run("SELECT queue.prioritize_backfill($1, -5)", [slow])
    #expect(try await fixture.claim(worker, 1).map(\.dataset) == ["jobs"])
    let last = try await fixture.value("SELECT task_id FROM queue.task WHERE state = 'ready'", as: Int64.self)
    try await fixture.run("SELECT queue.prioritize_task($1)", [last])
    #expect(try await fixture.claim(worker, 1).map(\.taskID) == [last])
  }
}
