package import Postgres
package import Base

/// The thin Swift face of the queue's SQL functions that a worker calls: one round trip each.
package struct QueueClient: Sendable {
  package let pool: PostgresPool

  package init(pool: PostgresPool) {
    self.pool = pool
  }

  /// Which tasks a worker takes; nil is all.
  package struct Filter: Sendable {
    package var datasets: [String]?
    package var sources: [String]?

    package init(datasets: [String]? = nil, sources: [String]? = nil) {
      self.datasets = datasets
      self.sources = sources
    }
  }

  /// A task whose handler is done and which is to be reported so.
  package struct Completion: Sendable {
    package var taskID: Int64
    package var leaseToken: Int64
    /// A JSON object.
    package var result: String?

    package init(taskID: Int64, leaseToken: Int64, result: String?) {
      self.taskID = taskID
      self.leaseToken = leaseToken
      self.result = result
    }
  }

  package struct Tick: Sendable {
    /// Those of the leases asked about that are held no longer: stop working on them.
    package var lostTokens: [Int64]
    /// Whether a claim would find a task now.
    package var isClaimable: Bool
    /// Whether anything runs, anywhere, or will be claimable without anybody doing something.
    package var isPending: Bool
    /// Whether a worker may just have died, so that another tick in half a second would be of use.
    package var wantsAnotherSoon: Bool
  }

  package func registerWithoutLock(_ registration: WorkerRegistration) async throws -> Int {
    let rows = try await call(registration.sql, registration.parameters(sessionLock: false))
    return try PostgresRow.only(rows).decode("worker_id")
  }

  package func claim(workerID: Int, slots: Int, filter: Filter = Filter()) async throws -> [TaskLease] {
    let statement = claimStatement(workerID, slots, filter)
    return try TaskLease.all(try await call(statement.sql, statement.parameters))
  }

  /// - Returns: the lease tokens that were lost, and so completed nothing.
  package func complete(_ completions: [Completion]) async throws -> [Int64] {
    let statement = completeStatement(completions)
    return try Self.lostTokens(try await call(statement.sql, statement.parameters))
  }

  /// Both in one round trip and one commit.
  package func complete(
    _ completions: [Completion], thenClaim slots: Int, workerID: Int, filter: Filter = Filter()
  ) async throws -> (lostTokens: [Int64], leases: [TaskLease]) {
    let statements = [completeStatement(completions), claimStatement(workerID, slots, filter)]
    let results = try await QueueError.translated {
      try await pool.withConnection { try await $0.pipeline(statements) }
    }
    return (try Self.lostTokens(results[0]), try TaskLease.all(results[1]))
  }

  /// - Parameter detail: a JSON object: cause chain, advice, what else an operator needs.
  /// - Returns: what became of the attempt: `retried`, `throttled`, `failed` or `cancelled`.
  package func fail(
    _ lease: TaskLease, errorClass: ErrorClass, reason: String, detail: String? = nil, retryAfter: Duration? = nil
  ) async throws -> AttemptState {
    let rows = try await call(
      "SELECT kind FROM queue.fail($1, $2, $3, $4, $5::jsonb, $6)",
      [lease.taskID, lease.leaseToken, errorClass.rawValue, reason, detail, retryAfter])
    return try PostgresRow.only(rows).decode("kind")
  }

  /// Keeps what is known of attempts that run, or that ended without being able to say it themselves.
  ///
  /// - Parameter notes: JSON objects, as `AttemptSteps.note` makes them.
  package func note(_ notes: [(lease: TaskLease, detail: String)]) async throws {
    _ = try await call(
      "SELECT queue.note_attempts($1, $2, $3::jsonb[])",
      [notes.map(\.lease.taskID), notes.map(\.lease.leaseToken), notes.map(\.detail)])
  }

  package func release(_ lease: TaskLease, reason: String) async throws {
    _ = try await call("SELECT queue.release($1, $2, $3)", [lease.taskID, lease.leaseToken, reason])
  }

  /// Gives a task back because of this host, or because it waited too long.
  ///
  /// - Parameter detail: a JSON object, as `fail` takes it.
  package func giveBack(_ lease: TaskLease, reason: String, detail: String?) async throws -> AttemptState {
    let rows = try await call(
      "SELECT queue.give_back($1, $2, $3, $4::jsonb) AS kind", [lease.taskID, lease.leaseToken, reason, detail])
    return try PostgresRow.only(rows).decode("kind")
  }

  /// - Parameter trouble: what is wrong with the worker's host; nil when it is well.
  package func reportHost(workerID: Int, trouble: String?) async throws {
    _ = try await call("SELECT queue.report_host($1, $2)", [workerID, trouble])
  }

  /// Tells that the process of a lost incarnation lives, and had been cut off from the database.
  ///
  /// - Returns: how many tasks it no longer counts against.
  package func excuseLoss(workerID: Int, reason: String) async throws -> Int {
    let rows = try await call("SELECT queue.excuse_loss($1, $2) AS count", [workerID, reason])
    return try rows.first?.decode("count") ?? 0
  }

  package func snooze(_ lease: TaskLease, for interval: Duration, reason: String) async throws {
    _ = try await call("SELECT queue.snooze($1, $2, $3, $4)", [lease.taskID, lease.leaseToken, interval, reason])
  }

  /// The worker's one query a second: heartbeat, reaper, due tasks, counts.
  package func tick(workerID: Int?, leaseTokens: [Int64]) async throws -> Tick {
    let rows = try await call("SELECT * FROM queue.tick($1, $2)", [workerID, leaseTokens])
    let row = try PostgresRow.only(rows)
    return Tick(
      lostTokens: try row.decode("lost_tokens", as: [Int64]?.self) ?? [], isClaimable: try row.decode("claimable"),
      isPending: try row.decode("pending"), wantsAnotherSoon: try row.decode("again_soon"))
  }

  /// After a broken connection: gives back what the server leased to this worker in an answer that never arrived.
  package func releaseUnknown(workerID: Int, known: [Int64]) async throws -> Int {
    let rows = try await call("SELECT queue.release_unknown($1, $2) AS count", [workerID, known])
    return try PostgresRow.only(rows).decode("count")
  }

  package func drain(workerID: Int) async throws {
    _ = try await call("SELECT queue.drain_worker($1)", [workerID])
  }

  /// Forgets what of long ended backfills is past its time, a batch at a time.
  ///
  /// - Returns: how many tasks went; 0 when nothing is left to forget.
  package func prune() async throws -> Int {
    let rows = try await call("SELECT queue.prune() AS count", [])
    return try PostgresRow.only(rows).decode("count")
  }

  /// Closes backfills that have ended.
  package func tidy() async throws {
    _ = try await call("SELECT queue.tidy()", [])
  }

  /// - Returns: how many tasks the worker still held, which are released.
  package func stop(workerID: Int, reason: String) async throws -> Int {
    let rows = try await call("SELECT queue.stop_worker($1, $2) AS count", [workerID, reason])
    return try PostgresRow.only(rows).decode("count")
  }

  private func call(_ sql: String, _ parameters: [(any PostgresEncodable)?]) async throws -> [PostgresRow] {
    try await QueueError.translated {
      try await pool.withConnection { try await $0.query(sql, parameters) }
    }
  }

  private func claimStatement(_ workerID: Int, _ slots: Int, _ filter: Filter) -> PostgresStatement {
    PostgresStatement("SELECT * FROM queue.claim($1, $2, $3, $4)", [workerID, slots, filter.datasets, filter.sources])
  }

  private func completeStatement(_ completions: [Completion]) -> PostgresStatement {
    let results = PostgresNullableArray(completions.map(\.result))
    return PostgresStatement(
      "SELECT queue.complete_many($1, $2, $3::jsonb[]) AS lost_tokens",
      [
        completions.map(\.taskID), completions.map(\.leaseToken),
        completions.contains { $0.result != nil } ? results : nil,
      ])
  }

  private static func lostTokens(_ rows: [PostgresRow]) throws -> [Int64] {
    try rows.first?.decode("lost_tokens") ?? []
  }
}
