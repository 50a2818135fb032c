internal import HTTPTypes
internal import Base
internal import Exposition
internal import FoundationEssentials
internal import Logging
internal import Postgres

/// What changes, told to all who listen: one query for any number of them, as often as `LookPace` says, and none while nobody
/// listens.
actor EventHub {
  /// With a session of its own: a look waits there for what changes.
  private let pool: PostgresPool
  private let logger: Logger
  /// Numbers go on from one message to the next for as long as this process lives, and mean nothing to another.
  private let instance = String(UUID().uuidString.prefix(8)).lowercased()
  private var number = 0
  private var kept: [(number: Int, text: String)] = []
  private var listeners: [Int: Listener] = [:]
  private var lastListener = 0
  private var polling: Task<Void, Never>?
  private var pace: LookPace
  private var isClosed = false
  /// What was last seen of each thing but cells, and the events that were told.
  private var seen: [String: String] = [:]
  /// What the last look saw of the database; nil before the first since somebody listens.
  private var snapshot: String?
  /// How many tasks ran of each lane and year, by `lane year`.
  private var running: [String: Int64] = [:]
  /// Cells as they were last told: what was only counted anew is not told again.
  private var toldCells: [String: String] = [:]
  private var toldEvents: Set<Int64> = []
  private var lastEvent: Int64?

  private struct Listener {
    var messages: AsyncStream<String>.Continuation
    /// The name of the token that let them in: they hear no more once it is not valid.
    var token: String?
  }

  /// No question lasts longer, however rarely it is to look.
  private static let mostPatience = Duration.seconds(10)
  /// More cells than this are told by one `reset`: whoever shows them reads them again anyway.
  private static let mostCells = 1_000
  private static let mostToldCells = 20_000
  private static let heartbeatInterval = 15
  private static let keptCount = 5_000
  private static let mostListeners = 1_000
  /// Who reads no faster than this falls behind, is cut off, and comes again with the number of what it last read.
  private static let mostPending = 2_000

  init(pool: PostgresPool, pace: LookPace = LookPace(), logger: Logger) {
    self.pool = pool
    self.pace = pace
    self.logger = logger
  }

  var listenerCount: Int { listeners.count }

  /// Grows with each message.
  var toldCount: Int { number }

  /// - Parameter id: of the last message that the listener has had: what came since is told first. Where that is not kept, a
  ///   message `reset` says that everything is to be read again.
  func listen(after id: String?, as caller: Caller) throws -> AsyncStream<String> {
    guard !isClosed, listeners.count < Self.mostListeners else {
      throw Problem(.serviceUnavailable, "there are too many listeners", headers: [.retryAfter: "10"])
    }
    let (stream, continuation) = AsyncStream.makeStream(
      of: String.self, bufferingPolicy: .bufferingOldest(Self.mostPending))
    lastListener += 1
    let listener = lastListener
    continuation.onTermination = { [weak self] _ in Task { await self?.leave(listener) } }
    listeners[listener] = Listener(messages: continuation, token: caller.hasToken ? caller.name : nil)
    continuation.yield("retry: 2000\n\n")
    for text in missed(after: id) { continuation.yield(text) }
    if polling == nil { polling = Task { await poll() } }
    return stream
  }

  func close() {
    isClosed = true
    polling?.cancel()
    for listener in listeners.values { listener.messages.finish() }
    listeners = [:]
  }

  private func leave(_ listener: Int) {
    listeners[listener] = nil
  }

  private func missed(after id: String?) -> [String] {
    guard let id else { return [] }
    let parts = id.split(separator: "-")
    let first = kept.first?.number ?? number + 1
    guard parts.count == 2, parts[0] == instance, let last = Int(parts[1]), last + 1 >= first, last <= number else {
      return ["id: \(instance)-\(number)\nevent: reset\ndata: {}\n\n"]
    }
    return kept.filter { $0.number > last }.map(\.text)
  }

  private func poll() async {
    await lookAgainAndAgain()
    // The next listener begins with what is then.
    polling = nil
    (seen, snapshot, running, toldCells) = ([:], nil, [:], [:])
    if !listeners.isEmpty, !isClosed { polling = Task { await poll() } }
  }

  private func lookAgainAndAgain() async {
    let began = ContinuousClock.now
    var beaten = 0
    var patience = Duration.zero
    while !Task.isCancelled, !listeners.isEmpty {
      var start = ContinuousClock.now
      var isAway = false
      do {
        let waited = try await look(patience)
        start = start.advanced(by: waited)
      } catch {
        isAway = true
        let reason = error.inOneLine
        logger.debug("events wait for the database", metadata: ["reason": "\(reason)"])
      }
      pace.look(at: start)
      if (.now - began) / .seconds(Self.heartbeatInterval) >= Double(beaten + 1) {
        beaten += 1
        send(": here\n\n")
      }
      let next = pace.next(taken: max(.zero, .now - start), isBusy: !running.isEmpty)
      try? await Task.sleep(until: isAway ? next.unlessChanged : next.ifChanged, clock: .continuous)
      patience = min(Self.mostPatience, max(.zero, next.unlessChanged - .now))
    }
  }

  /// - Parameter patience: how long to wait for what changes.
  /// - Returns: how long it waited.
  private func look(_ patience: Duration) async throws -> Duration {
    let (after, since) = (lastEvent, snapshot)
    let newest = lastListener
    let asksForTokens = listeners.values.contains { $0.token != nil }
    let known = running.map { (key, count) in
      let parts = key.split(separator: " ").compactMap { Int($0) }
      return (lane: parts[0], year: parts[1], count: count)
    }
    let rows = try await pool.withConnection { connection in
      try await connection.query(
        """
        SELECT kind, key, data FROM service.await_changes($7, $1, $2, $4, $5, $6)
        UNION ALL SELECT 'token', name, NULL FROM service.tokens WHERE state = 'valid' AND $3
        """,
        [
          after, since, asksForTokens, known.map(\.lane), known.map(\.year), known.map { Int($0.count) },
          patience,
        ])
    }
    var validTokens: Set<String> = []
    var now: [String: String] = [:]
    var nowRunning: [String: Int64] = [:]
    var cells: [(key: String, data: String)] = []
    var nowSeen: String?
    var waited = Duration.zero
    for row in rows {
      let (kind, key) = (try row.decode("kind", as: String.self), try row.decode("key", as: String.self))
      let data = try row.text("data") ?? "{}"
      switch kind {
      case "token": validTokens.insert(key)
      case "snapshot": nowSeen = key
      case "waited": waited = .milliseconds(Int64(key) ?? 0)
      case "running": nowRunning[key] = Int64(data) ?? 0
      case "event":
        guard let id = Int64(key), toldEvents.insert(id).inserted else { continue }
        lastEvent = max(lastEvent ?? 0, id)
        if after != nil { tell(kind, data) }
      case "cell": cells.append((key, data))
      default:
        let name = "\(kind) \(key)"
        now[name] = data
        if since != nil, seen[name] != data { tell(kind, data) }
      }
    }
    // Transactions are numbered anew after a fail-over to what was behind: what changed cannot be told apart.
    if let since, let nowSeen, Self.last(nowSeen) < Self.last(since) { tell("reset", "{}") }
    snapshot = nowSeen
    if since != nil {
      tell(cells.filter { toldCells[$0.key] != $0.data }.sorted { $0.key < $1.key })
      for name in seen.keys.sorted() where now[name] == nil {
        let parts = name.split(separator: " ", maxSplits: 1)
        gone(String(parts[0]), String(parts[1]))
      }
    }
    (seen, running) = (now, nowRunning)
    if asksForTokens { endListeners(upTo: newest, without: validTokens) }
    lastEvent = lastEvent ?? 0
    if toldEvents.count > 10_000, let lastEvent { toldEvents = toldEvents.filter { $0 > lastEvent - 1_000 } }
    return waited
  }

  /// Of a snapshot (`first:last:others`) the transaction that comes next.
  private static func last(_ snapshot: String) -> Int64 {
    snapshot.split(separator: ":").dropFirst().first.flatMap { Int64($0) } ?? 0
  }

  /// Whose token was revoked or has ended while they listened.
  private func endListeners(upTo newest: Int, without valid: Set<String>) {
    for (number, listener) in listeners
    where number <= newest && listener.token.map({ !valid.contains($0) }) ?? false {
      listener.messages.finish()
      listeners[number] = nil
    }
  }

  private func tell(_ cells: [(key: String, data: String)]) {
    if toldCells.count > Self.mostToldCells { toldCells = [:] }
    for (key, data) in cells { toldCells[key] = data }
    if cells.count > Self.mostCells {
      tell("reset", "{}")
    } else {
      for (_, data) in cells { tell("cell", data) }
    }
  }

  private func gone(_ kind: String, _ key: String) {
    tell("gone", JSONValue.object(["kind": .string(kind), "key": .string(key)]).json)
  }

  private func tell(_ kind: String, _ data: String) {
    number += 1
    let text = "id: \(instance)-\(number)\nevent: \(kind)\ndata: \(data)\n\n"
    kept.append((number, text))
    if kept.count > Self.keptCount { kept.removeFirst(kept.count - Self.keptCount) }
    send(text)
  }

  private func send(_ text: String) {
    for (number, listener) in listeners {
      if case .dropped = listener.messages.yield(text) {
        listener.messages.finish()
        listeners[number] = nil
      }
    }
  }
}
