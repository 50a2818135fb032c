package import Catalog
internal import FoundationEssentials
internal import Glibc
package import Lineage
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
    package var outcome: PublicationRecord.Outcome
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
    /// What its handler met; nil where it was stopped.
    package var error: (any Error)?
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
      let identity = registration.identity(session.workerID)
      let handler = try environment.handler(
        inputs: recorded, observer: observer, restoring: restoring ? publicationID : nil)
      try await keep(lease, by: identity, handler, client)
      let published = try await Self.uncancelled { try await publication(lease) }
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

  private enum Event: Sendable {
    case ended(Result<TaskOutcome, any Error>)
    /// Time for a heartbeat.
    case check
    /// Whoever asked for the run has given it up.
    case interrupted
  }

  /// As often as a worker's.
  private static let heartbeatInterval = Duration.seconds(1)

  /// Keeps one attempt until it has ended and the queue knows how, also where the calling task is cancelled meanwhile.
  private func keep(
    _ lease: TaskLease, by worker: WorkerIdentity, _ handler: PipelineTaskHandler, _ client: QueueClient
  ) async throws {
    let (events, post) = AsyncStream.makeStream(of: Event.self)
    let keeping = Task {
      let keeper = AttemptKeeper(client: client, redaction: redaction, name: worker.name, logger: logger)
      keeper.start(lease, by: worker, handler) { post.yield(.ended($0)) }
      for await event in events {
        switch event {
        case .check: await heartbeat(keeper, worker.workerID)
        case .interrupted: keeper.stop(lease.leaseToken, .draining)
        case .ended(let result): return try await settle(lease, result, keeper)
        }
      }
    }
    let ticking = Task {
      while !Task.isCancelled {
        try? await Task.sleep(for: Self.heartbeatInterval)
        post.yield(.check)
      }
    }
    defer { ticking.cancel() }
    try await withTaskCancellationHandler {
      try await keeping.value
    } onCancel: {
      post.yield(.interrupted)
    }
  }

  private nonisolated(nonsending) func heartbeat(_ keeper: AttemptKeeper, _ workerID: Int) async {
    do {
      _ = try await keeper.tick(workerID: workerID)
      try await keeper.tellSteps()
    } catch QueueError.workerEnded {
      keeper.forgetAll()
    } catch {
      logger.info("the queue was not told that this lives", metadata: ["reason": "\(error)"])
    }
  }

  /// Tells the queue how the attempt ended, where the publication did not.
  private nonisolated(nonsending) func settle(
    _ lease: TaskLease, _ result: Result<TaskOutcome, any Error>, _ keeper: AttemptKeeper
  ) async throws {
    guard let ending = keeper.ending(of: lease.leaseToken, result) else { return }
    if case .released = ending {
      // Not given back, since nobody wants it any more.
      try await cancel(lease, "interrupted")
      keeper.settle(lease.leaseToken, .discarded(reason: "interrupted"))
      await tellWhatIsKnown(keeper)
      throw CancellationError()
    }
    keeper.settle(lease.leaseToken, ending)
    let report = keeper.ledger.failure
    switch ending {
    case .published, .completed, .snoozed, .discarded: await tellWhatIsKnown(keeper)
    default:
      let state = try await keeper.tellEnds()[lease.leaseToken]
      // The queue would have a worker try it again; who ran it by hand wants to know now.
      if state == .retried || state == .throttled { try await cancel(lease, "aker run tries once") }
    }
    if let failed = failed(lease, ending, report) { throw failed }
  }

  /// What whoever asked is told of an attempt that did not publish.
  private func failed(_ lease: TaskLease, _ ending: AttemptEnding, _ report: FailureReport?) -> Failed? {
    if case .discarded = ending {
      return Failed(
        taskID: lease.taskID, error: nil, errorClass: .workerLost,
        reason: "task \(lease.taskID) was cancelled or taken away while it ran",
        advice: "aker task \(lease.taskID) tells by whom.")
    }
    guard let report else { return nil }
    let error: (any Error)? =
      switch ending {
      case .failed(let error), .suspicious(let error): error
      default: nil
      }
    return Failed(
      taskID: lease.taskID, error: error, errorClass: report.errorClass, reason: report.reason, advice: report.advice,
      causes: report.causes)
  }

  /// How far an attempt came that the queue has ended already: nothing depends on it.
  private nonisolated(nonsending) func tellWhatIsKnown(_ keeper: AttemptKeeper) async {
    do {
      try await keeper.tellEnds()
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
