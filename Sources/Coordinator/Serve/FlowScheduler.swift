import Base
import Catalog
import Settings
import Console
import FoundationEssentials
import Glibc
import Logging
import Postgres
import Queue
import Schedule
import ServiceLifecycle

/// Enqueues each flow of `flows.yml` when it is due, by the database's clock.
///
/// Every due time is a row of `schedule.due`: noted once, and settled in the transaction that enqueues it. So any number may
/// serve at once, and be killed at any time: what is not settled is found by the next. Who leads says which flows there
/// are, and prunes; all of them note and fire.
struct FlowScheduler: Service {
  let session: Session
  private let logger = Logger(label: "aker.serve")
  private let holder = UUID()

  private let turned: @Sendable () -> Void
  /// What whoever leads does besides, each with its term.
  private let duties: [LeaderDuty]

  /// - Parameter turned: is called at each turn, whether or not the database could be asked.
  init(session: Session, duties: [LeaderDuty] = [], turned: @escaping @Sendable () -> Void = {}) {
    self.session = session
    self.duties = duties
    self.turned = turned
  }

  /// The lead is held for four seconds.
  static let interval = Duration.seconds(1)
  private static let longestWait = Duration.seconds(10)
  private static let pruneInterval = Duration.seconds(600)

  /// What one coordinator remembers between two rounds.
  private struct Memory {
    var term: Int64?
    var applied: [FlowDefinition]?
    /// Of each flow that could not be enqueued: why, and when it is tried again.
    var troubles: [String: (reason: String, until: ContinuousClock.Instant)] = [:]
    var toldProblems: [String] = []
    var nextPrune = ContinuousClock.now
    /// When each duty is due again.
    var nextDuties: [Int: ContinuousClock.Instant] = [:]
  }

  func run() async throws {
    var memory = Memory()
    var connection: PostgresConnection?
    let rounds = Rounds(
      interval: Self.interval, longestWait: Self.longestWait, logger: logger, subject: "flows wait")
    try await rounds.run {
      turned()
      let open = if let connection { connection } else { try await session.connect() }
      connection = open
      try await round(&memory, open)
    } onTrouble: {
      await connection?.close()
      connection = nil
      memory.term = nil
    }
    if memory.term != nil, let connection { try? await FlowLedger(connection).abdicate(holder: holder) }
    await connection?.close()
  }

  private func round(_ memory: inout Memory, _ connection: PostgresConnection) async throws {
    let ledger = FlowLedger(connection)
    let term = try await ledger.lead(holder: holder, name: "\(HostName.current), process \(getpid())")
    if let term, term != memory.term { logger.notice("leads", metadata: ["term": "\(term)"]) }
    if term == nil, memory.term != nil { logger.notice("another leads") }
    memory.term = term
    if let term {
      do {
        try await lead(term, &memory, ledger)
        try await performDuties(term, &memory, connection)
      } catch let error as PostgresError where error.sqlState == "AK007" {
        memory.term = nil
      }
    }
    while try await ledger.noteDue() > 0 {}
    for due in try await ledger.waiting() {
      if let trouble = memory.troubles[due.flow], trouble.until > .now { continue }
      try await fire(due, &memory, ledger, connection)
    }
  }

  // MARK: The leader's

  /// A duty that fails holds no flow up: it is tried again when it is due again.
  private func performDuties(_ term: Int64, _ memory: inout Memory, _ connection: PostgresConnection) async throws {
    for (index, duty) in duties.enumerated() where (memory.nextDuties[index] ?? .now) <= .now {
      memory.nextDuties[index] = .now + duty.interval
      do {
        try await duty.perform(term, connection)
      } catch let error as PostgresError where error.sqlState == "AK007" || error.isConnectionFailure {
        throw error
      } catch {
        if Task.isCancelled { throw error }
        logger.error(
          "a duty of the leader's failed", metadata: ["duty": "\(duty.name)", "reason": "\(Rounds.reason(error))"])
      }
    }
  }

  private func lead(_ term: Int64, _ memory: inout Memory, _ ledger: FlowLedger) async throws {
    if let flows = readFlows(&memory), flows != memory.applied {
      do {
        for change in try await ledger.apply(flows, term: term) {
          logger.notice("a flow is \(change.change)", metadata: ["flow": "\(change.flow)"])
        }
      } catch let error as PostgresError where error.sqlState == "AK003" {
        // A time zone that this host knows and the server does not.
        logger.error("flows.yml is refused; the flows stay as they were", metadata: ["reason": "\(error.message)"])
      }
      memory.applied = flows
      memory.troubles = [:]
    }
    if memory.nextPrune <= .now {
      while try await ledger.prune(term: term) > 0 {}
      memory.nextPrune = .now + Self.pruneInterval
    }
  }

  /// - Returns: nil where flows.yml is missing or has mistakes: the flows stay as they are.
  private func readFlows(_ memory: inout Memory) -> [FlowDefinition]? {
    let file = session.configuration.catalogPath + "/flows.yml"
    guard let text = FileManager.default.contents(atPath: file) else { return nil }
    let (flows, problems) = FlowDefinition.read(String(decoding: text, as: UTF8.self), file: file)
    let errors = problems.filter { $0.severity == .error }.map { "\($0)" }
    if errors != memory.toldProblems {
      for problem in errors {
        logger.error("flows.yml has a mistake; the flows stay as they were", metadata: ["problem": "\(problem)"])
      }
      memory.toldProblems = errors
    }
    return errors.isEmpty ? flows : nil
  }

  // MARK: Everybody's

  /// A mistake in the catalog, or what the database refuses in its own words (AK…) or will not store: other flows may be in
  /// order.
  private static func isAboutOneFlow(_ error: any Error) -> Bool {
    if let state = (error as? PostgresError)?.sqlState, state.hasPrefix("AK") { return true }
    return QueueTrouble.refusesValues(error) != nil || !Rounds.passes(error)
  }

  private static let troubleInterval = Duration.seconds(60)

  private func fire(
    _ due: FlowLedger.Waiting, _ memory: inout Memory, _ ledger: FlowLedger, _ connection: PostgresConnection
  ) async throws {
    do {
      let regions = try await prepare(due, connection)
      guard let settled = try await ledger.fire(due.flow, regions: regions) else { return }
      memory.troubles[due.flow] = nil
      var metadata: Logger.Metadata = ["flow": "\(due.flow)", "due": "\(settled.dueAt.formatted(.iso8601))"]
      if let reason = settled.reason { metadata["reason"] = "\(reason)" }
      if let id = settled.backfillID { metadata["backfill"] = "\(id)" }
      if let count = settled.taskCount { metadata["tasks"] = "\(count)" }
      logger.notice("a flow is due: \(settled.fate)", metadata: metadata)
    } catch {
      if !Self.isAboutOneFlow(error) { throw error }
      // A mistake in the catalog: the other flows may be in order, and this one is tried again until it can be enqueued.
      let reason = Rounds.reason(error)
      if memory.troubles[due.flow]?.reason != reason {
        logger.error("a flow cannot be enqueued", metadata: ["flow": "\(due.flow)", "reason": "\(reason)"])
      }
      memory.troubles[due.flow] = (reason, .now + Self.troubleInterval)
      try await ledger.noteTrouble(due.flow, reason)
    }
  }

  /// Makes the flow's definitions known to the database.
  ///
  /// - Returns: the regions to build, where the flow names none.
  private func prepare(_ due: FlowLedger.Waiting, _ connection: PostgresConnection) async throws -> [String]? {
    let folder = try CatalogLoading.folder(session.configuration, for: due.datasets)
    let specs = try CatalogLoading.select(due.datasets, from: folder)
    try await CatalogLoading.apply(specs, from: folder, session.configuration, connection)
    let kept = try RegionChoice(session.configuration, folder).parameter
    let regions = due.regions ?? kept
    for unmet in try await UnmetDependency.find([due.datasets, due.years, nil, regions, "all"], asOf: nil, connection) {
      logger.warning("tasks of a flow will fail", metadata: ["flow": "\(due.flow)", "reason": "\(unmet.reason)"])
    }
    return kept
  }
}
