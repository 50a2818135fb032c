package import Catalog
internal import FoundationEssentials
internal import Glibc
package import Logging
package import Postgres
internal import Queue
package import Base
package import Telemetry

/// One partition built and published by this process: `aker run`.
///
/// The same way as a worker's: a backfill of one task, whose lease fences the publication. It is enqueued and claimed in
/// one transaction, so that no worker takes it first, and tried once.
package struct PartitionRun: Sendable {
  let environment: PipelineEnvironment
  let database: PostgresConfiguration
  /// Of the program, for lineage.
  let version: String
  let redaction: Redaction
  let logger: Logger

  package init(
    in environment: PipelineEnvironment, database: PostgresConfiguration, version: String, redaction: Redaction,
    logger: Logger
  ) {
    self.environment = environment
    self.database = database
    self.version = version
    self.redaction = redaction
    self.logger = logger
  }

  /// What was published, as lineage has it.
  package struct Published: Sendable {
    package var taskID: Int64
    package var publicationID: Int64
    /// `published`, `unchanged` or `lake_only`.
    package var outcome: String
    package var rowCount: Int
    package var byteCount: Int
    package var sha256: String
    package var definitionHash: String
    package var lakePath: String
    package var isSynthetic: Bool
    package var asOf: String
    /// What its checks and its columns warned of, a sentence each.
    package var warnings: [String]
    /// The vintage that the warehouse shows now.
    package var shownAsOf: String?
  }

  /// An attempt that ended in an error, which the queue keeps with its task.
  package struct Failed: Error {
    package var taskID: Int64
    package var error: any Error
    package var errorClass: ErrorClass
    package var reason: String
    package var advice: String?
    package var causes: [String] = []
  }

  /// - Parameters:
  ///   - note: for the list of backfills.
  ///   - publicationID: whose documents are read from the raw cache; the sources are asked without it.
  ///   - restoring: makes that publication again to the byte, by its own definition.
  /// - Throws: `Failed` for what the attempt met; `PipelineError.notEnqueued` and `QueueError` for what kept it from
  ///   starting; `CancellationError`, with the task cancelled, when the calling task was.
  package func run(
    _ partition: Partition, note: String, inputsOf publicationID: Int64? = nil, restoring: Bool = false,
    observer: StepObserver?
  ) async throws -> Published {
    let pool = try environment.pool
    var recorded: RecordedInputs?
    if let publicationID {
      recorded = try await pool.withConnection {
        try await RecordedInputs.read(publicationID: publicationID, cache: environment.documents, $0)
      }
    }
    let client = QueueClient(pool: pool)
    let registration = WorkerRegistration(
      name: "aker run", host: HostName.current, processID: getpid(), version: version, slots: 1)
    let session = try await WorkerSession.open(database, client: client, registration: registration, resuming: nil)
    do {
      let lease = try await claim(
        session.workerID, partition, note, definitionOf: restoring ? publicationID : nil)
      let identity = WorkerIdentity(
        workerID: session.workerID, name: registration.name, host: registration.host, version: version)
      let context = TaskContext(worker: identity, logger: logger, lease: lease)
      let (result, stop) = try await attempt(
        lease, context, client,
        try environment.handler(
          inputs: recorded, observer: observer, restoring: restoring ? publicationID : nil), session.workerID)
      let published = try await Self.uncancelled {
        try await settle(lease, result, stop, context.steps, client)
        return try await publication(lease)
      }
      await goodbye(session, client, "done")
      return published
    } catch {
      await goodbye(session, client, "ended")
      throw error
    }
  }

  private func claim(
    _ workerID: Int, _ partition: Partition, _ note: String, definitionOf publicationID: Int64?
  ) async throws -> TaskLease {
    try await QueueError.translated {
      try await environment.pool.withConnection { connection in
        try await connection.withTransaction { transaction in
          let regions = partition.region.isEmpty ? nil : [partition.region]
          let enqueued = try await transaction.one(
            // Whoever asked has said so where it is of the future.
            "SELECT * FROM queue.enqueue_backfill($1, $2, $3, $4, 'all', note => $5, allow_future_vintage => true)",
            [[partition.dataset], [partition.dataYear], partition.asOf, regions, note])
          let backfillID: Int64 = try enqueued.decode("backfill_id")
          let tasks = try await transaction.query(
            "SELECT task_id FROM queue.task WHERE backfill_id = $1", [backfillID])
          guard let task = tasks.first else {
            let skipped = try await transaction.query(
              "SELECT reason FROM queue.skipped_partition JOIN queue.lane USING (lane_id) WHERE backfill_id = $1",
              [backfillID])
            throw PipelineError.notEnqueued(
              partition: partition.description,
              reason: try skipped.first?.text("reason") ?? "the dataset has no such partition")
          }
          let taskID: Int64 = try task.decode("task_id")
          if let publicationID {
            try await transaction.execute(
              """
              SELECT queue.name_definition($1, definition_hash) FROM lineage.publication WHERE publication_id = $2
              """, [taskID, publicationID])
          }
          return try TaskLease(
            try await transaction.one("SELECT * FROM queue.claim_task($1, $2)", [workerID, taskID]))
        }
      }
    }
  }

  /// Why an attempt was stopped from outside.
  private enum Stop {
    case leaseLost
    case timeLimit
  }

  private enum Event: Sendable {
    case ended(Result<TaskOutcome, any Error>)
    case stopped(Stop?)
  }

  /// The handler, with a heartbeat beside it.
  private func attempt(
    _ lease: TaskLease, _ context: TaskContext, _ client: QueueClient, _ handler: PipelineTaskHandler, _ workerID: Int
  ) async throws -> (Result<TaskOutcome, any Error>, Stop?) {
    await withTaskGroup(of: Event.self) { group in
      group.addTask {
        do {
          return .ended(.success(try await handler.run(lease, context)))
        } catch {
          return .ended(.failure(error))
        }
      }
      group.addTask { .stopped(await watch(lease, client, workerID)) }
      var stop: Stop?
      for await event in group {
        switch event {
        case .ended(let result):
          group.cancelAll()
          return (result, stop)
        case .stopped(let reason):
          stop = reason
          if reason != nil { group.cancelAll() }
        }
      }
      preconditionFailure("the handler ends before its group does")
    }
  }

  /// As often as a worker's.
  private static let heartbeatInterval = Duration.seconds(1)

  /// - Returns: why the attempt must stop; nil when it ended meanwhile.
  private func watch(_ lease: TaskLease, _ client: QueueClient, _ workerID: Int) async -> Stop? {
    let timeIsUpAt = ContinuousClock.now + lease.timeLimit
    while !Task.isCancelled {
      do {
        try await Task.sleep(for: Self.heartbeatInterval)
        if ContinuousClock.now >= timeIsUpAt { return .timeLimit }
        let tick = try await client.tick(workerID: workerID, leaseTokens: [lease.leaseToken])
        if !tick.lostTokens.isEmpty { return .leaseLost }
      } catch QueueError.workerEnded {
        return .leaseLost
      } catch is CancellationError {
        return nil
      } catch {
        logger.info("the queue was not told that this lives", metadata: ["reason": "\(error)"])
      }
    }
    return nil
  }

  /// Tells the queue how the attempt ended, where the publication did not.
  private func settle(
    _ lease: TaskLease, _ result: Result<TaskOutcome, any Error>, _ stop: Stop?, _ steps: AttemptSteps,
    _ client: QueueClient
  ) async throws {
    let error: any Error
    switch (result, stop) {
    case (.success, _): return
    case (.failure, .leaseLost?):
      await note(lease, steps, client)
      throw Failed(
        taskID: lease.taskID, error: QueueError.leaseLost("its lease was taken away"), errorClass: .workerLost,
        reason: "task \(lease.taskID) was cancelled or taken away while it ran",
        advice: "aker task \(lease.taskID) tells by whom.")
    case (.failure, .timeLimit?):
      error = PipelineError.timeLimit(partition: lease.partitionName, limit: lease.timeLimit)
    case (.failure(let met), nil): error = met
    }
    if error is CancellationError {
      try await cancel(lease, "interrupted")
      await note(lease, steps, client)
      throw error
    }
    let report = FailureReport(error, steps: steps, redaction: redaction)
    let outcome = try await client.fail(
      lease, errorClass: report.errorClass, reason: report.reason, detail: report.detail, retryAfter: report.retryAfter)
    // The queue would have a worker try it again; who ran it by hand wants to know now.
    if outcome == .retried || outcome == .throttled { try await cancel(lease, "aker run tries once") }
    throw Failed(
      taskID: lease.taskID, error: error, errorClass: report.errorClass, reason: report.reason, advice: report.advice,
      causes: report.causes)
  }

  /// Tells how far an attempt came that the queue has ended already.
  private func note(_ lease: TaskLease, _ steps: AttemptSteps, _ client: QueueClient) async {
    guard let detail = steps.note(redaction) else { return }
    do {
      try await client.note([(lease, detail)])
    } catch {
      logger.info("how far the attempt came could not be stored", metadata: ["reason": "\(error)"])
    }
  }

  private func cancel(_ lease: TaskLease, _ reason: String) async throws {
    try await environment.pool.withConnection { connection in
      _ = try await connection.query("SELECT queue.cancel_task($1, $2)", [lease.taskID, reason])
    }
  }

  private func publication(_ lease: TaskLease) async throws -> Published {
    try await environment.pool.withConnection { connection in
      let row = try await connection.one(
        """
        SELECT p.*, w.as_of AS shown_as_of FROM lineage.publication p
          LEFT JOIN warehouse.partition w USING (dataset, data_year, region) WHERE p.task_id = $1 AND p.lease_token = $2
        """, [lease.taskID, lease.leaseToken])
      let publicationID: Int64 = try row.decode("publication_id")
      let warnings = try await connection.query(
        """
        SELECT what || coalesce(' (' || column_name || ')', '') || ': ' || coalesce(message, '') AS warning
        FROM quality.publication_warning WHERE publication_id = $1 ORDER BY 1
        """, [publicationID])
      return Published(
        taskID: lease.taskID, publicationID: publicationID, outcome: try row.decode("outcome"),
        rowCount: try row.decode("row_count"), byteCount: try row.decode("byte_count"),
        sha256: try row.decode("output_sha256"),
        definitionHash: try row.decode("definition_hash"), lakePath: try row.decode("lake_path"),
        isSynthetic: try row.decode("is_synthetic"), asOf: lease.asOf,
        warnings: try warnings.map { try $0.decode("warning") },
        shownAsOf: try row.text("shown_as_of"))
    }
  }

  private func goodbye(_ session: WorkerSession, _ client: QueueClient, _ reason: String) async {
    await Task {
      do {
        _ = try await client.stop(workerID: session.workerID, reason: reason)
        // Its backfill has ended, also where no worker is there to notice.
        try await client.tidy()
      } catch {
        logger.info("could not say goodbye; the reaper will see to it", metadata: ["reason": "\(error)"])
      }
      await session.listener?.close()
    }.value
  }

  /// Runs in a task of its own, awaited here: the statements are not cancelled with the caller's.
  private static func uncancelled<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    try await Task { try await body() }.value
  }
}
