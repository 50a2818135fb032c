import FoundationEssentials
import Glibc
import Logging
import Postgres
import Queue
import ServiceLifecycle
import Base
import Telemetry

/// Claims tasks, runs each in a Swift task of its own, and reports how it ended; for as long as the process lives.
///
/// One loop takes all decisions, on events that everything else posts: so there is nothing to lock. A broken connection
/// stops neither the tasks that run nor the loop: what could not be reported is reported when the database is back, and
/// the fence decides whether it still counts.
actor WorkerService: Service {
  struct Settings: Sendable {
    var slots: Int
    var name: String
    var host: String
    var version: String
    var filter: QueueClient.Filter
    var drainTimeout: Duration
    var endsWhenEmpty: Bool
  }

  enum Event: Sendable {
    /// There may be tasks to claim.
    case wake
    /// Time for a tick.
    case check
    case sessionEnded(generation: Int)
    case finished(leaseToken: Int64, Result<TaskOutcome, any Error>)
    case shutdown
    /// Posted by the loop itself: what came before is one batch.
    case batchEnd
  }

  /// What a finished task's handler left for the queue to be told.
  enum Report {
    case snooze(TaskLease, Duration, reason: String)
    case release(TaskLease, reason: String)
    case failure(TaskLease, FailureReport)
    case note(TaskLease, detail: String)

    var lease: TaskLease {
      switch self {
      case .snooze(let lease, _, _), .release(let lease, _), .failure(let lease, _), .note(let lease, _): lease
      }
    }
  }

  /// A tick a second, and a little more so that workers do not all ask at once: an idle worker's only query.
  static let tickInterval = (shortest: 1.0, longest: 1.2)
  /// Longer than the reaper's grace of half a second.
  static let tickSoonInterval = Duration.milliseconds(550)
  /// How long handlers have to react to cancellation before they are left behind.
  static let abandonInterval = Duration.seconds(5)
  static let reconnectInterval = (shortest: Duration.milliseconds(100), longest: Duration.seconds(2))

  let settings: Settings
  let database: PostgresConfiguration
  let handler: any TaskHandler
  let redaction: Redaction
  let client: QueueClient
  let registration: WorkerRegistration
  let events: AsyncStream<Event>
  let post: AsyncStream<Event>.Continuation
  var logger: Logger

  var session: WorkerSession?
  var sessionGeneration = 0
  var listening: Task<Void, Never>?
  /// The incarnation to go on with after a reconnection; nil before the first and after one that was given up.
  var workerID: Int?
  var running: [Int64: RunningTask] = [:]
  var completions: [QueueClient.Completion] = []
  var reports: [Report] = []
  var wantsClaim = true
  var wantsTick = false
  var isEmpty = false
  var drainDeadline: ContinuousClock.Instant?

  init(
    settings: Settings, database: PostgresConfiguration, handler: any TaskHandler, redaction: Redaction, logger: Logger
  ) {
    self.settings = settings
    self.database = database
    self.handler = handler
    self.redaction = redaction
    self.logger = logger
    client = QueueClient(pool: PostgresPool(database, maximumCount: 1))
    registration = WorkerRegistration(
      name: settings.name, host: settings.host, processID: getpid(), version: settings.version, slots: settings.slots)
    (events, post) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
  }

  nonisolated func run() async throws {
    try await withGracefulShutdownHandler {
      try await work()
    } onGracefulShutdown: {
      self.post.yield(.shutdown)
    }
  }

  private func work() async throws {
    try await openSession()  // at the start, a database that cannot be reached is the operator's to know
    let ticking = Task { [post] in
      while !Task.isCancelled {
        try? await Task.sleep(for: .seconds(Double.random(in: Self.tickInterval.shortest...Self.tickInterval.longest)))
        post.yield(.check)
      }
    }
    defer { ticking.cancel() }

    var iterator = events.makeAsyncIterator()
    var reconnectInterval = Self.reconnectInterval.shortest
    while true {
      do {
        try await advance()
        reconnectInterval = Self.reconnectInterval.shortest
        if try await isDone() { break }
        await takeEvents(&iterator)
      } catch let error as PostgresError where error.isConnectionFailure {
        // SIGTERM is heard without a database, too.
        post.yield(.check)
        await takeEvents(&iterator)
        let hasToReport = !completions.isEmpty || !reports.isEmpty
        if let drainDeadline, running.isEmpty, !hasToReport || ContinuousClock.now > drainDeadline { break }
        logger.warning("database connection lost", metadata: ["error": "\(error.summary)"])
        await closeSession()
        try? await Task.sleep(for: reconnectInterval * Double.random(in: 0.5...1))
        reconnectInterval = min(reconnectInterval * 2, Self.reconnectInterval.longest)
      } catch QueueError.workerEnded(let reason) {
        // Suspended or cut off for longer than the lease: others have our tasks by now.
        logger.warning("given up by the queue; starting anew", metadata: ["reason": "\(reason)"])
        for token in running.keys { running[token]?.stop(.leaseLost) }
        completions = []
        reports = []
        workerID = nil
        await closeSession()
      }
    }
    await end()
  }

  /// Everything there is to do now: report, claim, tick.
  private func advance() async throws {
    if session == nil { try await openSession() }
    try await sendReports()
    try await completeAndClaim()
    if wantsTick { try await tick() }
  }

  // MARK: Session

  private func openSession() async throws {
    let isNew = workerID == nil
    let opened = try await WorkerSession.open(
      database, client: client, registration: registration, resuming: workerID)
    workerID = opened.workerID
    session = opened
    sessionGeneration += 1
    logger[metadataKey: "worker"] = "\(opened.workerID)"
    if isNew {
      logger.info(
        "worker started",
        metadata: [
          "name": "\(settings.name)", "slots": "\(settings.slots)",
          "wakeup": opened.listener == nil ? "polling (behind a pooler)" : "notifications",
        ])
    } else {
      let known = running.keys + completions.map(\.leaseToken) + reports.map(\.lease.leaseToken)
      let released = try await client.releaseUnknown(workerID: opened.workerID, known: Array(known))
      logger.info("connected again", metadata: ["released": "\(released)"])
      if drainDeadline != nil { try await client.drain(workerID: opened.workerID) }
    }
    if let listener = opened.listener {
      listening = Task { [post, generation = sessionGeneration] in
        for await notification in listener.notifications {
          post.yield(notification.channel == WorkerSession.cancelChannel ? .check : .wake)
        }
        post.yield(.sessionEnded(generation: generation))
      }
    }
    wantsClaim = true
    wantsTick = true
  }

  func closeSession() async {
    await session?.listener?.close()
    session = nil
    await listening?.value
    listening = nil
  }

  // MARK: Events

  private func takeEvents(_ iterator: inout AsyncStream<Event>.Iterator) async {
    var isFirst = true
    while let event = await iterator.next(isolation: self) {
      if isFirst {
        post.yield(.batchEnd)
        isFirst = false
      }
      switch event {
      case .wake: wantsClaim = true
      case .check: wantsTick = true
      case .sessionEnded(let generation):
        if generation == sessionGeneration { await closeSession() }
      case .finished(let token, let result): finish(token, result)
      case .shutdown: await startDraining()
      case .batchEnd: return
      }
    }
  }

  private func tick() async throws {
    guard let workerID else { return }
    wantsTick = false
    let held = running.filter { $0.value.stopReason != .leaseLost }.map(\.key)
    let tick = try await client.tick(workerID: workerID, leaseTokens: held)
    for token in tick.lostTokens {
      running[token]?.stop(.leaseLost)
    }
    let now = ContinuousClock.now
    for (token, task) in running where task.timeIsUpAt < now { running[token]?.stop(.timeLimit) }
    if tick.isClaimable { wantsClaim = true }
    if tick.wantsAnotherSoon {
      Task { [post] in
        try? await Task.sleep(for: Self.tickSoonInterval)
        post.yield(.check)
      }
    }
    isEmpty = !tick.isPending
    // For whoever asks what an attempt does, or did when its worker died.
    let notes = running.values.compactMap { task in task.steps.note(redaction).map { (task.lease, $0) } }
    if !notes.isEmpty { try await client.note(notes) }
  }

  // MARK: Tasks

  private func completeAndClaim() async throws {
    guard let workerID else { return }
    let free = drainDeadline == nil && wantsClaim ? settings.slots - running.count : 0
    let reported = completions
    let leases: [TaskLease]
    let lost: [Int64]
    switch (reported.isEmpty, free > 0) {
    case (true, false): return
    case (false, false):
      (lost, leases) = (try await client.complete(reported), [])
    case (true, true):
      (lost, leases) = ([], try await client.claim(workerID: workerID, slots: free, filter: settings.filter))
    case (false, true):
      (lost, leases) = try await client.complete(
        reported, thenClaim: free, workerID: workerID, filter: settings.filter)
    }
    completions.removeFirst(reported.count)
    for token in lost { logger.info("completed a task whose lease was lost", metadata: ["attempt": "\(token)"]) }
    leases.forEach(start)
    if free > 0 {
      wantsClaim = !leases.isEmpty
      isEmpty = false
      if leases.isEmpty, settings.endsWhenEmpty { wantsTick = true }
    }
  }

  private func start(_ lease: TaskLease) {
    let identity = WorkerIdentity(
      workerID: workerID ?? 0, name: settings.name, host: settings.host, version: settings.version)
    let context = TaskContext(worker: identity, logger: logger, lease: lease)
    logger.debug("started", metadata: lease.logMetadata)
    let handle = Task { [handler, post] in
      let result: Result<TaskOutcome, any Error>
      do {
        result = .success(try await handler.run(lease, context))
      } catch {
        result = .failure(error)
      }
      post.yield(.finished(leaseToken: lease.leaseToken, result))
    }
    running[lease.leaseToken] = RunningTask(
      lease: lease, steps: context.steps, handle: handle, timeIsUpAt: .now + lease.timeLimit, stopReason: nil)
  }

  private func finish(_ token: Int64, _ result: Result<TaskOutcome, any Error>) {
    guard let task = running.removeValue(forKey: token) else { return }
    wantsClaim = true
    let lease = task.lease
    let level: Logger.Level = drainDeadline == nil ? .debug : .info
    switch (result, task.stopReason) {
    case (.success(.published), _):
      logger.log(level: level, "finished", metadata: lease.logMetadata)
    case (_, .leaseLost):
      logger.info("stopped: \(RunningTask.StopReason.leaseLost.rawValue)", metadata: lease.logMetadata)
      note(task)
    case (.success(.completed(let result)), _):
      logger.log(level: level, "finished", metadata: lease.logMetadata)
      completions.append(.init(taskID: lease.taskID, leaseToken: token, result: result))
    case (.success(.snoozed(let interval, let reason)), _):
      reports.append(.snooze(lease, interval, reason: redaction(reason)))
    case (.failure(QueueError.leaseLost(let reason)), _):
      logger.info("fenced off", metadata: lease.logMetadata.merging(["reason": "\(reason)"]) { $1 })
      note(task)
    case (.failure, .draining):
      reports.append(.release(lease, reason: "worker \(settings.name) stops"))
      note(task)
    case (.failure, .timeLimit):
      reports.append(
        .failure(
          lease,
          FailureReport(
            .transient, "ran longer than its limit of \(lease.timeLimit)", type: "TimeLimit", steps: task.steps,
            redaction: redaction)))
    case (.failure(let error), nil):
      reports.append(.failure(lease, FailureReport(error, steps: task.steps, redaction: redaction)))
    }
  }

  /// Tells how far an attempt came that the queue has ended already.
  private func note(_ task: RunningTask) {
    if let detail = task.steps.note(redaction) { reports.append(.note(task.lease, detail: detail)) }
  }

  /// Tells the queue, one by one: these are the rare ends.
  private func sendReports() async throws {
    while let report = reports.first {
      let lease = report.lease
      do {
        switch report {
        case .snooze(_, let interval, let reason):
          try await client.snooze(lease, for: interval, reason: reason)
          logger.info("snoozed", metadata: lease.logMetadata.merging(["reason": "\(reason)"]) { $1 })
        case .release(_, let reason):
          try await client.release(lease, reason: reason)
          logger.info("released", metadata: lease.logMetadata)
        case .note(_, let detail): try await client.note([(lease, detail)])
        case .failure(_, let failure):
          let outcome = try await client.fail(
            lease, errorClass: failure.errorClass, reason: failure.reason, detail: failure.detail,
            retryAfter: failure.retryAfter)
          let details: Logger.Metadata = [
            "class": "\(failure.errorClass.rawValue)", "outcome": "\(outcome)", "reason": "\(failure.reason)",
          ]
          logger.info("attempt failed", metadata: lease.logMetadata.merging(details) { $1 })
        }
      } catch QueueError.leaseLost(let reason) {
        logger.info("fenced off", metadata: lease.logMetadata.merging(["reason": "\(reason)"]) { $1 })
      }
      reports.removeFirst()
    }
  }
}
