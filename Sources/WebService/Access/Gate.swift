internal import Base
internal import FoundationEssentials
internal import HTTPTypes
internal import Postgres
internal import Synchronization

/// Finds out who asks, and turns away whom it does not know.
final class Gate: Sendable {
  private let rules: AccessRules
  private let pool: PostgresPool
  /// Failures of each address within the last minute.
  private let failures = Mutex<[String: [ContinuousClock.Instant]]>([:])

  /// So many wrong tokens a minute are a mistake; more are an attack.
  private static let mostFailures = 10
  private static let failureSpan = Duration.seconds(60)
  /// Addresses remembered at most.
  private static let mostAddresses = 10_000

  init(rules: AccessRules, pool: PostgresPool) {
    self.rules = rules
    self.pool = pool
  }

  /// - Parameters:
  ///   - address: the peer's, by its socket.
  ///   - isAct: whether the request would change something.
  /// - Throws: `Problem` 401, 403 or 429.
  func admit(_ head: HTTPRequest, from peer: String, isAct: Bool) async throws -> Caller {
    let address = ClientAddress.find(head, peer: peer, proxies: rules.forwardingProxies)
    // Whom a proxy vouches for has no token that could be wrong, and is not held up for those who come by the same proxy.
    if head.headerFields[.authorization] == nil, let caller = proxied(head, peer: peer, address) {
      if isAct { try refuseOtherSites(head) }
      return caller
    }
    if let wait = wait(address) {
      throw Problem(
        .tooManyRequests, "too many wrong tokens from \(address)", hint: "Ask again in \(wait) s.",
        headers: [.retryAfter: "\(wait)"])
    }
    if isAct { try refuseOtherSites(head) }
    if let token = try bearer(head) {
      let found = try await pool.withConnection { connection in
        try await connection.query(
          "SELECT name, level FROM service.authenticate(decode($1, 'hex'))", [SHA256.hash(token)])
      }
      guard let row = found.first, let level = Level(rawValue: try row.decode("level")) else {
        note(address)
        throw Problem.wrongToken
      }
      return Caller(name: try row.decode("name"), level: level, address: address, hasToken: true)
    }
    guard let level = rules.anonymous else {
      throw Problem(
        .unauthorized, "a token is needed",
        hint: "Make one: aker token create NAME; send it as Authorization: Bearer TOKEN",
        headers: [.wwwAuthenticate: "Bearer"])
    }
    try refuseOtherNames(head)
    return Caller(name: "anonymous", level: level, address: address)
  }

  private func bearer(_ head: HTTPRequest) throws -> String? {
    guard let text = head.headerFields[.authorization] else { return nil }
    let words = text.split(separator: " ")
    guard words.count == 2, words[0].lowercased() == "bearer" else {
      throw Problem(.unauthorized, "Authorization is to be: Bearer TOKEN", headers: [.wwwAuthenticate: "Bearer"])
    }
    return String(words[1])
  }

  /// Who a trusted proxy says it is.
  private func proxied(_ head: HTTPRequest, peer: String, _ address: String) -> Caller? {
    func value(_ name: String?) -> String? {
      name.flatMap { HTTPField.Name($0) }.flatMap { head.headerFields[$0] }.flatMap { $0.isEmpty ? nil : $0 }
    }
    guard rules.isProxy(peer), let name = value(rules.proxyHeader) else { return nil }
    let level = value(rules.proxyLevelHeader).flatMap(Level.init) ?? .viewer
    return Caller(name: String(OutsideText.line(name).prefix(100)), level: level, address: address)
  }

  /// A page of another site can have a browser send requests here, with whatever the browser knows: none of them acts.
  private func refuseOtherSites(_ head: HTTPRequest) throws {
    let refused = Problem(
      .forbidden, "the request comes from a page of another site", hint: "Acts are done from the service's own pages.")
    if let site = head.headerFields[.secFetchSite], site != "same-origin" && site != "none" { throw refused }
    if let origin = head.headerFields[.origin] {
      let host = origin.split(separator: "/").last.map(String.init)
      guard origin.contains("://"), host == head.authority else { throw refused }
    }
  }

  /// A name that another site made to point here would make its pages ours: where no token is asked for, only this host's
  /// own names are served.
  private func refuseOtherNames(_ head: HTTPRequest) throws {
    var name = head.authority ?? ""
    if let colon = name.lastIndex(of: ":"), !name.hasSuffix("]") { name = String(name[..<colon]) }
    guard ["localhost", "[::1]"].contains(name) || (name.hasPrefix("127.") && !name.contains(where: \.isLetter)) else {
      throw Problem(
        .misdirectedRequest, "this service is asked as \(OutsideText.line(name)), and answers on this host's own names",
        hint: "Ask it as 127.0.0.1 or localhost, or have it ask for tokens: aker serve --require-token")
    }
  }

  // MARK: Failures

  private func note(_ address: String) {
    failures.withLock { failures in
      if failures.count >= Self.mostAddresses {
        failures = failures.filter { ($0.value.last ?? .now) >= .now - Self.failureSpan }
        // Whoever has many addresses makes room for none but their own.
        if failures.count >= Self.mostAddresses,
          let oldest = failures.min(by: { ($0.value.last ?? .now) < ($1.value.last ?? .now) })?.key
        {
          failures[oldest] = nil
        }
      }
      failures[ClientAddress.counted(address), default: []].append(.now)
    }
  }

  /// Seconds until the address may try again; nil where it may.
  private func wait(_ address: String) -> Int? {
    let counted = ClientAddress.counted(address)
    return failures.withLock { failures in
      guard var recent = failures[counted] else { return nil }
      recent.removeAll { $0 < .now - Self.failureSpan }
      failures[counted] = recent.isEmpty ? nil : recent
      guard recent.count >= Self.mostFailures, let first = recent.first else { return nil }
      return max(1, Int((first + Self.failureSpan - .now).components.seconds) + 1)
    }
  }
}

extension HTTPField.Name {
  static let secFetchSite = HTTPField.Name("Sec-Fetch-Site")!
  static let origin = HTTPField.Name("Origin")!
  static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
  static let idempotencyReplayed = HTTPField.Name("Idempotency-Replayed")!
  static let lastEventID = HTTPField.Name("Last-Event-ID")!
  static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
  static let link = HTTPField.Name("Link")!
}
