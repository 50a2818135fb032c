import Postgres
import Queue
import TestSupport
import Testing

/// Random interleavings of every operation, against a model and against invariants.
@Suite(.database)
struct QueuePropertyTests {
  /// One after the other, from several sessions: the queue must agree with the model after each step.
  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
  func agreesWithTheModel(seed: UInt64) async throws {
    var random = SeededRandom(seed: seed)
    let fixture = try await QueueFixture.make([("a", []), ("b", ["a"]), ("c", ["b"]), ("d", ["a", "b"])])
    try await fixture.run("UPDATE queue.setting SET breaker_threshold = 0, max_attempts = \(QueueModel.maxAttempts)")
    var sessions: [PostgresConnection] = []
    for _ in 0..<4 { sessions.append(try await fixture.database.connect()) }
    var model = QueueModel()
    var workers: [Int] = []
    for number in 0..<3 { workers.append(try await fixture.worker("w\(number)", slots: 50)) }
    var backfills: [Int] = []
    /// Every lease ever given, so that lost ones are tried again and again.
    var leases: [TaskLease] = []

    for step in 0..<120 {
      let session = sessions.randomElement(using: &random)!
      func call(_ sql: String, _ parameters: [(any PostgresEncodable)?] = []) async throws -> [PostgresRow]? {
        do {
          return try await session.query(sql, parameters)
        } catch let error as PostgresError where error.sqlState?.hasPrefix("AK") == true {
          return nil
        }
      }
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<8 where backfills.count < 8:
        let year = Int.random(in: 2001...2030, using: &random)
        let backfill = try await fixture.enqueue(["a", "b", "c", "d"], years: year...year + 2).backfillID
        backfills.append(backfill)
        try await model.learn(backfill, from: fixture)
      case 8..<35:
        let worker = workers.randomElement(using: &random)!
        let rows = try await call("SELECT * FROM queue.claim($1, $2)", [worker, Int.random(in: 1...4, using: &random)])
        for lease in try (rows ?? []).map(TaskLease.init).sorted(by: { $0.leaseToken < $1.leaseToken }) {
          model.claimed(lease.taskID, token: lease.leaseToken, worker: worker)
          #expect(lease.attemptNumber == model.tasks[lease.taskID]?.attempts)
          leases.append(lease)
        }
      case 35..<78:
        guard let lease = leases.randomElement(using: &random) else { continue }
        let holds = model.holds(lease.taskID, lease.leaseToken)
        let key: [(any PostgresEncodable)?] = [lease.taskID, lease.leaseToken]
        switch Int.random(in: 0..<7, using: &random) {
        case 0...1:
          #expect((try await call("SELECT queue.complete($1, $2)", key) != nil) == holds)
          if holds { model.completed(lease.taskID) }
        case 2:
          let rows = try await call("SELECT kind::text FROM queue.fail($1, $2, 'transient', 'x')", key)
          #expect((rows != nil) == holds)
          guard holds else { continue }
          let isLast = model.tasks[lease.taskID]!.attempts >= QueueModel.maxAttempts
          #expect(rows?.first?.text(0) == (isLast ? "failed" : "retried"))
          if isLast { model.failed(lease.taskID) } else { model.givenBack(lease.taskID, countsAttempt: true) }
        case 3:
          #expect((try await call("SELECT queue.fail($1, $2, 'data', 'x')", key) != nil) == holds)
          if holds { model.failed(lease.taskID) }
        case 4:
          #expect((try await call("SELECT queue.release($1, $2)", key) != nil) == holds)
          if holds { model.givenBack(lease.taskID, countsAttempt: false) }
        case 5:
          #expect((try await call("SELECT queue.snooze($1, $2, '1 hour')", key) != nil) == holds)
          if holds { model.givenBack(lease.taskID, countsAttempt: false) }
        default:
          #expect((try await call("SELECT queue.fence($1, $2)", key) != nil) == holds)
        }
        try await fixture.hurry()
      case 78..<83:
        let index = workers.indices.randomElement(using: &random)!
        try await fixture.silence(workers[index])
        try await fixture.run("SELECT queue.reap()")
        model.lost(worker: workers[index])
        workers[index] = try await fixture.worker("w\(index) again", slots: 50)
      case 83..<86:
        guard let backfill = backfills.randomElement(using: &random), Bool.random(using: &random) else { continue }
        _ = try await call("SELECT queue.cancel_backfill($1)", [backfill])
        model.cancelled(backfill: backfill)
      case 86..<89:
        guard let (id, task) = model.tasks.sorted(by: { $0.key < $1.key }).randomElement(using: &random) else {
          continue
        }
        let isOpen = [.blocked, .ready, .running].contains(task.state)
        #expect((try await call("SELECT queue.cancel_task($1)", [id]) != nil) == isOpen)
        if isOpen { model.cancelled(id) }
      case 89..<94:
        guard let (id, task) = model.tasks.sorted(by: { $0.key < $1.key }).randomElement(using: &random) else {
          continue
        }
        let rows = try await call("SELECT queue.retry_task($1) AS n", [id])
        guard task.state == .failed, !model.cancelledBackfills.contains(task.backfill) else {
          #expect(rows == nil)
          continue
        }
        let before = model
        let count = model.retried(id)
        #expect(try rows?.first?.decode("n", as: Int.self) == (count == 0 ? nil : count))
        if count == 0 { model = before }
      case 94..<97:
        guard let backfill = backfills.randomElement(using: &random) else { continue }
        let isPaused = model.pausedBackfills.contains(backfill)
        _ = try await call(
          isPaused ? "SELECT queue.resume_backfill($1)" : "SELECT queue.pause_backfill($1, 'x')", [backfill])
        if isPaused { model.pausedBackfills.remove(backfill) } else { model.pausedBackfills.insert(backfill) }
      default:
        try await fixture.run("SELECT queue.tidy()")
      }
      let actual = try await fixture.connection.query("SELECT task_id, state::text, lease_token FROM queue.task")
      #expect(actual.count == model.tasks.count)
      for row in actual {
        let id = try row.decode("task_id", as: Int64.self)
        let state = try row.decode("state", as: String.self)
        #expect(state == model.tasks[id]?.state.rawValue, "seed \(seed), step \(step), task \(id)")
      }
      try await fixture.expectEachTaskInOnePlace()
      try await fixture.expectExactCounts()
    }
  }

  /// All at once, from eight sessions: whatever happened, the invariants hold, and the queue can be drained.
  @Test(arguments: [11, 12, 13] as [UInt64])
  func survivesEverythingAtOnce(seed: UInt64) async throws {
    let fixture = try await QueueFixture.make([("a", []), ("b", ["a"]), ("c", ["a", "b"])])
    try await fixture.run("UPDATE queue.setting SET breaker_threshold = 0, retry_base_interval = '1 millisecond'")
    try await fixture.run("SELECT queue.configure_source('a_source', 5)")
    try await fixture.run("SELECT queue.configure_source('b_source', 2)")
    for first in [2001, 2021, 2041] { try await fixture.enqueue(["a", "b", "c"], years: first...first + 19) }
    // Effects as a publication makes them: behind the fence, with the completion.
    try await fixture.run("CREATE TABLE effect (task_id bigint NOT NULL, lease_token bigint NOT NULL)")
    let database = fixture.database
    try await withThrowingTaskGroup(of: Void.self) { group in
      for session in 0..<8 {
        group.addTask { try await Self.misbehave(database, seed: seed * 100 + UInt64(session)) }
      }
      try await group.waitForAll()
    }
    try await fixture.expectEachTaskInOnePlace()
    try await fixture.expectExactCounts()
    for row in try await fixture.connection.query("SELECT backfill_id FROM queue.backfill WHERE paused_at IS NOT NULL")
    {
      try await fixture.run("SELECT queue.resume_backfill($1)", [try row.decode("backfill_id", as: Int.self)])
    }
    // Whoever still held something is gone; the rest is drained in peace.
    try await fixture.run("UPDATE queue.worker SET heartbeat_at = heartbeat_at - interval '1 hour'")
    let last = try await fixture.worker("last", slots: 100)
    try await eventually(within: .seconds(30), "everything ended") {
      try await fixture.run("SELECT set_config('aker.lease_scan_at', '', false)")
      try await fixture.run("SELECT * FROM queue.tick($1)", [last])
      try await fixture.hurry()
      for lease in try await fixture.claim(last) {
        try await fixture.run(
          "WITH done AS (SELECT queue.complete($1, $2)) INSERT INTO effect SELECT $1, $2 FROM done",
          [lease.taskID, lease.leaseToken])
      }
      return try await fixture.value("SELECT bool_and(finished_at IS NOT NULL) FROM queue.backfill")
    }
    let left = try await fixture.values(
      """
      SELECT format('%s of backfill %s %s: %s', task_id, backfill_id, state, queue.why(task_id)) FROM queue.task
      WHERE state NOT IN ('completed', 'failed', 'cancelled')
      """, as: String.self)
    #expect(left == [])
    // One effect per completed task, by the attempt that completed it, and none for any other.
    let wrong = try await fixture.value(
      """
      SELECT count(*) FROM queue.task t FULL JOIN effect e USING (task_id)
      WHERE (t.state = 'completed') IS DISTINCT FROM (e.lease_token IS NOT DISTINCT FROM t.lease_token AND e.lease_token IS NOT NULL)
      """, as: Int.self)
    #expect(wrong == 0)
    #expect(try await fixture.value("SELECT count(*) = count(DISTINCT task_id) FROM effect", as: Bool.self))
    try await fixture.expectExactCounts()
  }

  private static func misbehave(_ database: TestDatabase, seed: UInt64) async throws {
    var random = SeededRandom(seed: seed)
    let connection = try await database.connect()
    func run(_ sql: String, _ parameters: [(any PostgresEncodable)?] = []) async throws -> [PostgresRow] {
      do {
        return try await connection.query(sql, parameters)
      } catch let error as PostgresError where error.sqlState?.hasPrefix("AK") == true {
        return []
      }
    }
    func register() async throws -> Int {
      try await run("SELECT queue.register_worker('w', 'h', 1, 'v', 10) AS id")[0].decode("id")
    }
    var worker = try await register()
    var leases: [TaskLease] = []
    for _ in 0..<120 {
      let any = Int.random(in: 1...3, using: &random)
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<40:
        let rows = try await run("SELECT * FROM queue.claim($1, $2)", [worker, any])
        leases += try rows.map(TaskLease.init)
        let running = try await run(
          """
          SELECT count(*) FILTER (WHERE dataset = 'a') AS a, count(*) FILTER (WHERE dataset = 'b') AS b
          FROM queue.lease JOIN queue.lane USING (lane_id)
          """)[0]
        #expect(try running.decode("a", as: Int.self) <= 5 && running.decode("b", as: Int.self) <= 2, "limits hold")
      case 40..<80:
        guard let lease = leases.randomElement(using: &random) else { continue }
        let key: [(any PostgresEncodable)?] = [lease.taskID, lease.leaseToken]
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<6:
          _ = try await run(
            "WITH done AS (SELECT queue.complete($1, $2)) INSERT INTO effect SELECT $1, $2 FROM done", key)
        case 6: _ = try await run("SELECT queue.fail($1, $2, 'transient', 'x')", key)
        case 7: _ = try await run("SELECT queue.fail($1, $2, 'data', 'x')", key)
        case 8: _ = try await run("SELECT queue.release($1, $2)", key)
        default: _ = try await run("SELECT queue.snooze($1, $2, '1 millisecond')", key)
        }
      case 80..<84:
        _ = try await run(
          "UPDATE queue.worker SET heartbeat_at = heartbeat_at - interval '1 hour' WHERE worker_id = $1", [worker])
        _ = try await run("SELECT queue.reap()")
        worker = try await register()
      case 84..<86: _ = try await run("SELECT queue.cancel_task($1)", [Int64.random(in: 1...180, using: &random)])
      case 86..<90: _ = try await run("SELECT queue.retry_backfill($1)", [any])
      case 90: if any == 1 { _ = try await run("SELECT queue.cancel_backfill(3)") }
      case 91: _ = try await run("SELECT queue.pause_backfill($1, 'x')", [any])
      case 92..<94: _ = try await run("SELECT queue.resume_backfill($1)", [any])
      case 94: _ = try await run("SELECT queue.enqueue_backfill('{a,b,c}', '{2019,2020,2021}', '2024-06')")
      default: _ = try await run("SELECT * FROM queue.tick($1)", [worker])
      }
    }
    await connection.close()
  }
}

extension QueueModel {
  /// Reads the tasks that an enqueue made, and what they wait for.
  mutating func learn(_ backfill: Int, from fixture: QueueFixture) async throws {
    let rows = try await fixture.connection.query(
      """
      SELECT t.task_id, array(SELECT upstream_task_id FROM queue.dependency d WHERE d.task_id = t.task_id) AS upstream
      FROM queue.task t WHERE backfill_id = $1
      """, [backfill])
    for row in rows {
      let upstream = try row.decode("upstream", as: [Int64].self)
      tasks[try row.decode("task_id")] = Task(
        state: upstream.isEmpty ? .ready : .blocked, upstream: upstream, backfill: backfill)
    }
  }
}

extension QueueFixture {
  func expectEachTaskInOnePlace(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let misplaced = try await connection.query(
      """
      SELECT t.task_id, array_agg(p.place) AS places FROM queue.planned_task t LEFT JOIN (
        SELECT task_id, 'ready' AS place FROM queue.ready UNION ALL SELECT task_id, 'delayed' FROM queue.delayed
        UNION ALL SELECT task_id, 'blocked' FROM queue.blocked UNION ALL SELECT task_id, 'lease' FROM queue.lease
        UNION ALL SELECT task_id, 'outcome' FROM queue.outcome WHERE final) p USING (task_id)
      GROUP BY 1 HAVING count(p.place) <> 1
      """)
    #expect(misplaced.isEmpty, "each task is in exactly one place", sourceLocation: sourceLocation)
  }
}
