internal import HTTPTypes
internal import Base
internal import Exposition
internal import FoundationEssentials
internal import Logging
internal import Postgres

/// What changes, told to all who listen: one query a second for any number of them, and none while nobody does.
actor EventHub {
  private let pool: PostgresPool
  private let logger: Logger
  /// Numbers go on from one message to the next for as long as this process lives, and mean nothing to another.
  private let instance = String(UUID().uuidString.prefix(8)).lowercased()
  private var number = 0
  private var kept: [(number: Int, text: String)] = []
  private var listeners: [Int: Listener] = [:]
  private var lastListener = 0
  private var polling: Task<Void, Never>?
  private var isClosed = false
  /// What was last seen of each thing, and the events that were told.
  private var seen: [String: String] = [:]
  /// The cells of each backfill's dataset, by `backfill dataset`, and the database's mark of all of them.
  private var lanes: [String: Lane] = [:]
  /// Whether anything was looked at since somebody listens.
  private var hasLooked = false
  private var toldEvents: Set<Int64> = []
  private var lastEvent: Int64?

  private struct Listener {
    var messages: AsyncStream<String>.Continuation
    /// The name of the token that let them in: they hear no more once it is not valid.
    var token: String?
  }

  private struct Lane {
    var mark: String
    var cells: [String: String] = [:]
  }

  private static let interval = Duration.seconds(1)
  private static let heartbeatInterval = 15
  private static let keptCount = 5_000
  private static let mostListeners = 1_000
  /// Who reads no faster than this falls behind, is cut off, and comes again with the number of what it last read.
  private static let mostPending = 2_000

  init(pool: PostgresPool, logger: Logger) {
    self.pool = pool
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
    var rounds = 0
    while !Task.isCancelled, !listeners.isEmpty {
      let began = ContinuousClock.now
      do {
        try await look()
      } catch {
        let reason = error.inOneLine
        logger.debug("events wait for the database", metadata: ["reason": "\(reason)"])
      }
      rounds += 1
      if rounds % Self.heartbeatInterval == 0 { send(": here\n\n") }
      // A database that takes long is asked less often.
      try? await Task.sleep(for: max(Self.interval, (.now - began) * 5))
    }
    // The next listener begins with what is then.
    polling = nil
    (seen, lanes, hasLooked) = ([:], [:], false)
    if !listeners.isEmpty, !isClosed { polling = Task { await poll() } }
  }

  private func look() async throws {
    let after = lastEvent
    let newest = lastListener
    let asksForTokens = listeners.values.contains { $0.token != nil }
    let known = lanes.map { ($0.key, $0.value.mark) }
    let rows = try await pool.withConnection { connection in
      try await connection.query(
        """
        SELECT kind, key, data FROM service.changes($1, $3, $4)
        UNION ALL SELECT 'token', name, NULL FROM service.tokens WHERE state = 'valid' AND $2
        """, [after, asksForTokens, known.map(\.0), known.map(\.1)])
    }
    var validTokens: Set<String> = []
    let isFirst = !hasLooked
    var now: [String: String] = [:]
    var changed: [String: Lane] = [:]
    var ended: [String] = []
    for row in rows {
      let (kind, key) = (try row.decode("kind", as: String.self), try row.decode("key", as: String.self))
      if kind == "token" {
        validTokens.insert(key)
        continue
      }
      let data = try row.text("data") ?? "{}"
      switch kind {
      case "event":
        guard let id = Int64(key), toldEvents.insert(id).inserted else { continue }
        lastEvent = max(lastEvent ?? 0, id)
        if after != nil { tell(kind, data) }
      case "lane": changed[key, default: Lane(mark: data)].mark = data
      case "ended": ended.append(key)
      case "cell":
        let lane = key.split(separator: " ").prefix(2).joined(separator: " ")
        changed[lane, default: Lane(mark: "")].cells[key] = data
      default:
        let name = "\(kind) \(key)"
        now[name] = data
        if !isFirst, seen[name] != data { tell(kind, data) }
      }
    }
    if !isFirst {
      for (lane, new) in changed.sorted(by: { $0.key < $1.key }) { tell(new.cells, before: lanes[lane]?.cells ?? [:]) }
      for lane in ended.sorted() { tell([:], before: lanes[lane]?.cells ?? [:]) }
      for name in seen.keys.sorted() where now[name] == nil {
        let parts = name.split(separator: " ", maxSplits: 1)
        gone(String(parts[0]), String(parts[1]))
      }
    }
    (seen, hasLooked) = (now, true)
    lanes.merge(changed) { _, new in new }
    for lane in ended { lanes[lane] = nil }
    if asksForTokens { endListeners(upTo: newest, without: validTokens) }
    lastEvent = lastEvent ?? 0
    if toldEvents.count > 10_000, let lastEvent { toldEvents = toldEvents.filter { $0 > lastEvent - 1_000 } }
  }

  /// Whose token was revoked or has ended while they listened.
  private func endListeners(upTo newest: Int, without valid: Set<String>) {
    for (number, listener) in listeners
    where number <= newest && listener.token.map({ !valid.contains($0) }) ?? false {
      listener.messages.finish()
      listeners[number] = nil
    }
  }

  /// Of a lane's cells those that are others than before, and those that are no more.
  private func tell(_ cells: [String: String], before: [String: String]) {
    for (key, data) in cells.sorted(by: { $0.key < $1.key }) where before[key] != data { tell("cell", data) }
    for key in before.keys.sorted() where cells[key] == nil { gone("cell", key) }
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
