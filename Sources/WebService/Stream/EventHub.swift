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
  private var toldEvents: Set<Int64> = []
  private var lastEvent: Int64?

  private struct Listener {
    var messages: AsyncStream<String>.Continuation
    /// The name of the token that let them in: they hear no more once it is not valid.
    var token: String?
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
        let reason = (error as? any ClassifiedError)?.summary ?? "\(error)"
        logger.debug("events wait for the database", metadata: ["reason": "\(reason)"])
      }
      rounds += 1
      if rounds % Self.heartbeatInterval == 0 { send(": here\n\n") }
      // A database that takes long is asked less often.
      try? await Task.sleep(for: max(Self.interval, (.now - began) * 5))
    }
    // The next listener begins with what is then.
    polling = nil
    seen = [:]
    if !listeners.isEmpty, !isClosed { polling = Task { await poll() } }
  }

  private func look() async throws {
    let after = lastEvent
    let newest = lastListener
    let asksForTokens = listeners.values.contains { $0.token != nil }
    let rows = try await pool.withConnection { connection in
      try await connection.query(
        """
        SELECT kind, key, data FROM service.changes($1)
        UNION ALL SELECT 'token', name, NULL FROM service.tokens WHERE state = 'valid' AND $2
        """, [after, asksForTokens])
    }
    var validTokens: Set<String> = []
    let isFirst = seen.isEmpty
    var now: [String: String] = [:]
    for row in rows {
      let (kind, key) = (try row.decode("kind", as: String.self), try row.decode("key", as: String.self))
      if kind == "token" {
        validTokens.insert(key)
        continue
      }
      let data = try row.text("data") ?? "{}"
      if kind == "event" {
        guard let id = Int64(key), toldEvents.insert(id).inserted else { continue }
        lastEvent = max(lastEvent ?? 0, id)
        if after != nil { tell(kind, data) }
        continue
      }
      let name = "\(kind) \(key)"
      now[name] = data
      if !isFirst, seen[name] != data { tell(kind, data) }
    }
    if !isFirst {
      for name in seen.keys.sorted() where now[name] == nil {
        let parts = name.split(separator: " ", maxSplits: 1)
        tell("gone", JSONValue.object(["kind": .string(String(parts[0])), "key": .string(String(parts[1]))]).json)
      }
    }
    seen = now
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
