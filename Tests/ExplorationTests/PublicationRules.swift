import Postgres

/// What the real queue did, as record.sql wrote it down.
struct RecordedEvent: Equatable, CustomStringConvertible {
  /// The names of record.sql. Behind each: what it is called in proof/publish.pml.
  enum Kind: String {
    /// `start`: queue.register_worker
    case registered
    /// `primary.ended[...] = true`: queue.reap, queue._begin_life
    case workerEnded = "worker ended"
    /// `claim`: queue.claim
    case leased
    /// `locked[task] = me + 1`: queue.fence has let an attempt pass
    case fenced
    /// `primary.published[task]++`: queue.complete has committed
    case completed
    /// `giveUp`: the lease's row is gone, whoever took it away
    case takenBack = "taken back"
    /// `goto discard`: AK001
    case refused
    /// `seeEpoch`: queue._begin_life
    case newLife = "new life"
  }

  var position: Int64
  var transaction: Int64
  var kind: Kind
  var task: Int64
  var token: Int64
  var worker: Int32
  /// The process whose lease or worker it is; empty where there is none.
  var holder: String
  /// The process on whose behalf it was done.
  var caller: String

  init(_ row: PostgresRow) throws {
    position = try row.decode("position")
    transaction = try row.decode("transaction_id")
    let name: String = try row.decode("kind")
    guard let kind = Kind(rawValue: name) else { throw PublicationRules.Refusal(reason: "no such event: \(name)") }
    self.kind = kind
    task = try row.decode("task_id")
    token = try row.decode("lease_token")
    worker = try row.decode("worker_id")
    holder = try row.decode("holder")
    caller = try row.decode("caller")
  }

  var description: String {
    "\(position): \(kind.rawValue), task \(task), lease \(token), worker \(worker) of \(holder), by \(caller)"
  }
}

/// The rules of proof/publish.pml, for any number of tasks and processes: what its guards let happen is accepted, and what they
/// do not is refused. The file's lake and its sessions are not in the record.
struct PublicationRules {
  struct Refusal: Error, CustomStringConvertible {
    var event: RecordedEvent?
    let reason: String
    var description: String { "\(event.map { "\($0): " } ?? "")\(reason)" }
  }

  /// `primary.token`, `.holder`, `.published` and `locked` of one task.
  struct Task {
    /// 0 where nobody holds it.
    var token: Int64 = 0
    var holder = ""
    var worker: Int32 = 0
    var publishedCount = 0
    /// The transaction that was let pass the fence.
    var fencedBy: Int64?
    /// The lease that was taken back last: by which transaction, of whom, and whether behind the fence.
    var taken: (token: Int64, holder: String, transaction: Int64, isFenced: Bool)?
    var highestToken: Int64 = 0
  }

  /// `JUMP`
  private static let leap: Int64 = 16

  private(set) var tasks: [Int64: Task] = [:]
  private(set) var acceptedCount = 0
  /// `known` and not `ended`, by number: its process.
  private var living: [Int32: String] = [:]
  private var tokens: Set<Int64> = []
  private var highestToken: Int64 = 0
  /// No number of an earlier life comes again.
  private var floor: Int64 = 0

  var held: [Int64: Int64] { tasks.compactMapValues { $0.token == 0 ? nil : $0.token } }
  var published: Set<Int64> { Set(tasks.filter { $0.value.publishedCount > 0 }.keys) }

  mutating func accept(_ event: RecordedEvent) throws {
    var task = tasks[event.task] ?? Task()
    do {
      switch event.kind {
      case .registered: living[event.worker] = event.holder
      case .workerEnded: living[event.worker] = nil
      case .newLife:
        living = [:]
        floor = highestToken + Self.leap
      case .leased: try lease(event, &task)
      case .fenced:
        try require(isFenced(event, task), "the fence let an attempt pass that does not hold the task")
        task.fencedBy = event.transaction
      case .takenBack: try takeBack(event, &task)
      case .completed: try complete(event, &task)
      case .refused: try require(!isFenced(event, task), "an attempt that holds its task was refused")
      }
    } catch var refusal as Refusal {
      refusal.event = event
      throw refusal
    }
    if event.task != 0 { tasks[event.task] = task }
    acceptedCount += 1
  }

  /// `fenced`
  private func isFenced(_ event: RecordedEvent, _ task: Task) -> Bool {
    task.token != 0 && task.token == event.token && task.holder == event.caller
  }

  private mutating func lease(_ event: RecordedEvent, _ task: inout Task) throws {
    try require(task.token == 0, "somebody holds the task")
    try require(task.publishedCount == 0, "the task is published")
    try require(living[event.worker] == event.holder, "its worker has ended, or is another process's")
    try require(event.holder == event.caller, "leased to another process than the one that claims")
    try require(event.token > floor, "a lease's number of an earlier life")
    try require(event.token > task.highestToken && tokens.insert(event.token).inserted, "a lease's number comes again")
    highestToken = max(highestToken, event.token)
    task = Task(
      token: event.token, holder: event.holder, worker: event.worker, publishedCount: task.publishedCount,
      highestToken: event.token)
  }

  private func takeBack(_ event: RecordedEvent, _ task: inout Task) throws {
    try require(task.token != 0 && task.token == event.token, "nobody holds the task by this lease")
    // The holder ends its attempt; or a reaper does, once the worker has ended.
    try require(
      task.holder == event.caller || living[task.worker] != task.holder, "taken from a worker that lives")
    // SKIP LOCKED: what has passed the fence is nobody else's to take.
    try require(task.fencedBy.map { $0 == event.transaction } ?? true, "taken from behind the fence")
    task.taken = (task.token, task.holder, event.transaction, task.fencedBy != nil)
    (task.token, task.holder, task.fencedBy) = (0, "", nil)
  }

  private func complete(_ event: RecordedEvent, _ task: inout Task) throws {
    guard let taken = task.taken, task.token == 0, taken.token == event.token, taken.transaction == event.transaction
    else { throw Refusal(reason: "completed by a lease that this transaction did not hold") }
    try require(taken.holder == event.caller, "completed by another process than the one that holds the lease")
    try require(taken.isFenced, "completed without the fence")
    task.publishedCount += 1
    try require(task.publishedCount == 1, "published twice")
  }

  private func require(_ condition: Bool, _ reason: String) throws {
    if !condition { throw Refusal(reason: reason) }
  }
}
