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
/// One loop takes all decisions, on events that everything else posts: so there is nothing to lock. What the database
/// cannot do now stops neither the tasks that run nor the loop: what could not be reported is reported when it can, and
/// the fence decides whether it still counts. `QueueTrouble` says which errors are waited out, `AttemptKeeper` brings
/// each attempt to its end.
actor WorkerService: Service {
  struct Settings: Sendable {
    var slots: Int
    var name: String
    var host: String
    var version: String
    var filter: QueueClient.Filter
    var drainTimeout: Duration
    var endsWhenEmpty: Bool
    /// How long an attempt may wait for one thing, of which nothing comes, before its task is given back. 10 minutes: three
    /// times what a source may be silent and tried again for, and far less than a task's time.
    var waitLimit = Duration.seconds(600)
    /// How long the database may owe the loop an answer before it connects anew: as long as a lease, since a worker that was
    /// not heard of for that long has lost its tasks anyhow.
    var answerLimit = Duration.seconds(30)
    /// How long to wait before the queue is asked again that could not answer.
    var retryInterval = (shortest: Duration.milliseconds(100), longest: Duration.seconds(2))
  }

  enum Event: Sendable {
    /// There may be tasks to claim.
    case wake
    /// Time for a tick.
    case check
    case sessionEnded(generation: Int)
    case finished(leaseToken: Int64, Result<TaskOutcome, any Error>)
    /// The host was looked at; `trouble` is what is wrong with it, and `advice` what to do about that.
    case probed(number: Int, trouble: String?, advice: String?, mended: [String])
    case shutdown
    /// Posted by the loop itself: what came before is one batch.
    case batchEnd
  }

  /// A tick a second, and a little more so that workers do not all ask at once: an idle worker's only query.
  static let tickInterval = (shortest: 1.0, longest: 1.2)
  /// Longer than the reaper's grace of half a second.
  static let tickSoonInterval = Duration.milliseconds(550)
  /// How long handlers have to react to cancellation before they are left behind.
  static let abandonInterval = Duration.seconds(5)

  let settings: Settings
  let database: PostgresConfiguration
  let handler: any TaskHandler
  let redaction: Redaction
  let client: QueueClient
  let registration: WorkerRegistration
  /// Hears when tasks are claimed, that the loop turns, and that it stops.
  let manager: ServiceManager
  /// What waits for nobody: begun once the first claim was made.
  let housekeeping: (@Sendable () async -> Void)?
  /// What its endpoints tell of it.
  let told: WorkerHealth
  var keepingHouse: Task<Void, Never>?
  let events: AsyncStream<Event>
  let post: AsyncStream<Event>.Continuation
  var logger: Logger {
    didSet { keeper.logger = logger }
  }

  var session: WorkerSession?
  var sessionGeneration = 0
  var listening: Task<Void, Never>?
  /// The incarnation to go on with after a reconnection; nil before the first and after one that was given up.
  var workerID: Int?
  /// The attempts in its slots, and what of ended ones the queue is to be told.
  let keeper: AttemptKeeper
  var health = HostHealth()
  /// What the queue knows of it, for this incarnation.
  var toldTrouble: String?
  /// Attempts that were given back though their handlers do not end: each takes a slot for as long.
  var abandoned: Set<Int64> = []
  /// Incarnations that were lost while this process could not reach the database: that was no crash.
  var lossesToExcuse: [Int] = []
  /// What the database last refused since it was last heard of.
  var databaseTrouble: String?
  var wantsClaim = true
  var wantsTick = false
  var isEmpty = false
  var drainDeadline: ContinuousClock.Instant?

  init(
    settings: Settings, database: PostgresConfiguration, handler: any TaskHandler, redaction: Redaction, logger: Logger,
    manager: ServiceManager = .none, housekeeping: (@Sendable () async -> Void)? = nil,
    told: WorkerHealth = WorkerHealth()
  ) {
    self.manager = manager
    self.housekeeping = housekeeping
    self.told = told
    self.settings = settings
    var database = database
    database.answerLimit = settings.answerLimit
    self.database = database
    self.handler = handler
    self.redaction = redaction
    self.logger = logger
    client = QueueClient(pool: PostgresPool(database, maximumCount: 1))
    keeper = AttemptKeeper(client: client, redaction: redaction, name: settings.name, logger: logger)
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
    do {
      try await openSession()
    } catch  where QueueTrouble(error) == .passing {
      logger.warning("the queue cannot take this worker yet", metadata: ["error": "\(error.inOneLine)"])
    }  // a database that cannot be reached at the start is the operator's to know
    let ticking = Task { [post] in
      while !Task.isCancelled {
        try? await Task.sleep(for: .seconds(Double.random(in: Self.tickInterval.shortest...Self.tickInterval.longest)))
        post.yield(.check)
      }
    }
    defer { ticking.cancel() }

    var iterator = events.makeAsyncIterator()
    var wait = settings.retryInterval.shortest
    while true {
      do {
        try await advance()
        if keepingHouse == nil, let housekeeping { keepingHouse = Task { await housekeeping() } }
        wait = settings.retryInterval.shortest
        if isDone(canReport: true) { break }
        await takeEvents(&iterator)
      } catch {
        wantsTick = true
        let trouble = QueueTrouble(error)
        if trouble == .passing || trouble == .connectionLost { databaseTrouble = error.inOneLine }
        switch trouble {
        case .givenUp(let reason): await startAnew(reason)
        case .hopeless:
          await end(because: error, &iterator)
          throw error
        case .connectionLost:
          logger.warning("database connection lost", metadata: ["error": "\(error.inOneLine)"])
          await closeSession()
        case .passing:
          logger.warning("the queue is asked again soon", metadata: ["error": "\(error.inOneLine)"])
        }
        // Events are heard meanwhile: SIGTERM needs no database.
        await takeEvents(&iterator, for: wait * Double.random(in: 0.5...1))
        if isDone(canReport: false) { break }
        wait = min(wait * 2, settings.retryInterval.longest)
      }
    }
    await end()
  }

  /// In a line, for `systemctl status`.
  var status: String {
    let work = "\(keeper.running.count) of \(settings.slots) slots busy"
    if drainDeadline != nil { return "draining: \(work)" }
    if let trouble = databaseTrouble { return "\(work); waits for the database: \(redaction(trouble))" }
    if let toldTrouble { return "claims nothing: \(toldTrouble)" }
    return work
  }

  /// Suspended or cut off for longer than the lease, or the database has begun a new life: others have our tasks by now.
  private func startAnew(_ reason: String) async {
    logger.warning("given up by the queue; starting anew", metadata: ["reason": "\(reason)"])
    keeper.forgetAll()
    if let workerID, databaseTrouble != nil { lossesToExcuse.append(workerID) }
    workerID = nil
    toldTrouble = nil
    await closeSession()
  }

  /// Everything there is to do now: report, claim, tick.
  private func advance() async throws {
    if session == nil { try await openSession() }
    try await excuseLosses()
    try await tellHealth()
    try await keeper.tellEnds()
    try await completeAndClaim()
    if wantsTick {
      try await tick()
      // It may have found work of which no notification tells: behind a pooler there are none.
      if wantsClaim { try await completeAndClaim() }
    }
    told.note(
      isRegistered: workerID != nil, trouble: health.trouble, isDraining: drainDeadline != nil,
      running: keeper.running.count)
  }

  // MARK: Events

  /// Takes what was posted; waits for a first event, or until `interval` is over.
  func takeEvents(_ iterator: inout AsyncStream<Event>.Iterator, for interval: Duration? = nil) async {
    let until = interval.map { ContinuousClock.now + $0 }
    if let interval {
      Task { [post] in
        try? await Task.sleep(for: interval)
        post.yield(.wake)
      }
    }
    repeat {
      await takeBatch(&iterator)
    } while until.map { $0 > .now && drainDeadline == nil } ?? false
  }

  private func takeBatch(_ iterator: inout AsyncStream<Event>.Iterator) async {
    var isFirst = true
    while let event = await iterator.next(isolation: self) {
      if isFirst {
        post.yield(.batchEnd)
        isFirst = false
      }
      switch event {
      case .wake: wantsClaim = true
      case .check:
        wantsTick = true
        manager.alive(status)
      case .sessionEnded(let generation):
        if generation == sessionGeneration { await closeSession() }
      case .finished(let token, let result): finish(token, result)
      case .probed(let number, let trouble, let advice, let mended): probed(number, trouble, advice, mended: mended)
      case .shutdown: await startDraining()
      case .batchEnd: return
      }
    }
  }

  private func tick() async throws {
    guard let workerID else { return }
    wantsTick = false
    let tick = try await keeper.tick(workerID: workerID)
    databaseTrouble = nil
    let now = ContinuousClock.now
    endWaits(at: now)
    if tick.isClaimable { wantsClaim = true }
    if tick.wantsAnotherSoon {
      Task { [post] in
        try? await Task.sleep(for: Self.tickSoonInterval)
        post.yield(.check)
      }
    }
    isEmpty = !tick.isPending
    if !keeper.running.isEmpty, health.isLookDue(at: now) { probe() }
    try await keeper.tellSteps()
  }
}
