internal import Base
internal import Console
internal import Exposition
internal import FoundationEssentials
internal import HTTPTypes
internal import Logging
internal import Postgres
internal import Settings

/// Where requests are answered: who asks is found out, what they ask runs under their role in one transaction, and what they
/// did is kept.
struct Desk: Sendable {
  let pool: PostgresPool
  let gate: Gate
  let configuration: AkerConfiguration
  let explorer: Explorer
  let logger: Logger

  /// What came by HTTP, apart from the library that brought it.
  struct Asked: Sendable {
    var head: HTTPRequest
    var address: String
    var path: [String: String]
    var query: [(name: String, value: String)]
    var body: String
  }

  struct Answer: Sendable {
    var status: HTTPResponse.Status
    var headers: [HTTPField.Name: String]
    var body: String
    /// For pages: what was answered, the cursor of what follows, and why it was refused.
    var value: (any Sendable)?
    var next: Int64?
    var problem: Problem?
    /// Instead of the body.
    var bytes: [UInt8]?
  }

  static let seconds = MetricFamily(
    "aker_http_request_seconds", .histogram, "How long the service took to answer, by operation.",
    labels: ["operation"], bounds: [0.005, 0.01, 0.03, 0.1, 0.3, 1, 3, 10])
  static let requests = MetricFamily(
    "aker_http_requests_total", .counter, "Requests answered, by operation and status.",
    labels: ["operation", "status"])

  /// Never throws: what went wrong is an answer, too.
  func answer(_ operation: Operation, _ asked: Asked) async -> Answer {
    let began = ContinuousClock.now
    let answer = await self.answer(operation, asked, try: 1)
    ProcessMetrics.shared.add(to: Self.requests, operation.id, "\(answer.status.code)")
    ProcessMetrics.shared.observe((.now - began) / .seconds(1), in: Self.seconds, operation.id)
    return answer
  }

  private func answer(_ operation: Operation, _ asked: Asked, try number: Int) async -> Answer {
    var caller: Caller?
    do {
      let admitted = try await gate.admit(asked.head, from: asked.address, isAct: operation.kind == .act)
      caller = admitted
      guard admitted.level >= operation.level else {
        throw Problem(
          .forbidden, "\(admitted.name) is a \(admitted.level.rawValue), and this needs \(operation.level.rawValue)",
          hint: "Ask with a token of that level: aker token create NAME --level \(operation.level.rawValue)")
      }
      let (values, body) = try RequestReader(operation).read(asked)
      if let ask = operation.ask { return respond(operation, asked, try await ask(explorer, admitted, body)) }
      return try await pool.withConnection { connection in
        let exchange = Exchange(
          caller: admitted, connection: connection, configuration: configuration, values: values, body: body,
          known: Self.known(asked))
        try await operation.prepare?(exchange)
        return try await connection.withWhole { try await answer(operation, asked, exchange) }
      }
    } catch let error as PostgresError where error.isConnectionFailure && !error.isCommitInDoubt && number < 3 {
      // A session of the pool that the server ended meanwhile: the next is a new one.
      return await answer(operation, asked, try: number + 1)
    } catch {
      return await refuse(operation, asked, caller, error)
    }
  }

  /// Within the transaction.
  private func answer(_ operation: Operation, _ asked: Asked, _ exchange: Exchange) async throws -> Answer {
    let (connection, caller) = (exchange.connection, exchange.caller)
    let key = operation.kind == .act ? asked.head.headerFields[.idempotencyKey] : nil
    if let key {
      let fingerprint = SHA256.hash("\(operation.id)\n\(asked.head.path ?? "")\n\(asked.body)")
      let kept = try await connection.query(
        "SELECT status, content FROM service.claim_key($1, $2, decode($3, 'hex'))",
        [caller.name, key, fingerprint])
      if let row = kept.first {
        return Answer(
          status: .init(code: try row.decode("status")), headers: [.idempotencyReplayed: "true"],
          body: try row.decode("content"))
      }
    }
    _ = try await connection.query(
      "SELECT set_config('role', $1, true), set_config('aker.actor', $2, true)",
      [caller.level.role, caller.name])
    if operation.kind != .act { try await connection.execute("SET LOCAL transaction_read_only = on") }
    let reply = try await operation.run(exchange)
    if operation.kind == .act {
      _ = try await connection.query("SELECT set_config('role', 'none', true)")
      try await record(operation, caller, target: reply.target, outcome: "done", connection)
      if let key {
        _ = try await connection.query(
          "SELECT service.keep_answer($1, $2, $3, $4)",
          [caller.name, key, reply.status.code, reply.json])
      }
    }
    return respond(operation, asked, reply)
  }

  private func respond(_ operation: Operation, _ asked: Asked, _ reply: Reply) -> Answer {
    var headers: [HTTPField.Name: String] = [:]
    if let next = reply.next {
      var items = asked.query.filter { $0.name != "cursor" }
      items.append(("cursor", Exchange.cursor(after: next)))
      let query = items.map { "\(PercentEncoding.encoded($0.name))=\(PercentEncoding.encoded($0.value))" }
      let path = (asked.head.path ?? "").split(separator: "?").first ?? ""
      headers[.link] = "<\(path)?\(query.joined(separator: "&"))>; rel=\"next\""
    }
    guard operation.kind == .question else {
      headers[.cacheControl] = "no-store"
      return Answer(
        status: reply.status, headers: headers, body: reply.json, value: reply.value, next: reply.next)
    }
    let tag = Self.tag(reply.tagged ?? reply.json)
    headers[.eTag] = tag
    headers[.cacheControl] = reply.keptSeconds > 0 ? "private, max-age=\(reply.keptSeconds)" : "private, no-cache"
    let known = Self.known(asked)
    if known.contains(tag) || known.contains("*") { return Answer(status: .notModified, headers: headers, body: "") }
    headers[.contentType] = operation.media
    return Answer(
      status: .ok, headers: headers, body: reply.json, value: reply.value, next: reply.next, bytes: reply.bytes)
  }

  static func tag(_ tagged: String) -> String { "\"\(SHA256.hash(tagged).prefix(32))\"" }

  private static func known(_ asked: Asked) -> [String] {
    (asked.head.headerFields[.ifNoneMatch] ?? "").split(separator: ",").map {
      String($0.drop { $0 == " " }.replacing("W/", with: ""))
    }
  }

  private func refuse(
    _ operation: Operation, _ asked: Asked, _ caller: Caller?, _ error: any Error
  ) async -> Answer {
    let problem = Problem(error)
    if problem.status.code >= 500 {
      logger.error(
        "a request failed",
        metadata: [
          "operation": "\(operation.id)", "status": "\(problem.status.code)", "reason": "\(problem.detail)",
          "error": "\(OutsideText.line("\(error)"))",
        ])
    }
    // Who may not or could not act, and wrong tokens, of which an address has a few a minute: whoever is not known must not
    // fill the audit. A database that is away keeps nothing.
    let isKept = caller != nil ? operation.kind == .act || problem.status == .forbidden : problem.isWrongToken
    if isKept, problem.status != .serviceUnavailable {
      let who = caller ?? Caller(name: "unknown", level: .viewer, address: asked.address)
      try? await pool.withConnection { connection in
        try await record(
          operation, who, target: asked.head.path ?? "", outcome: "\(problem.status.code): \(problem.detail)",
          connection)
      }
    }
    var headers = problem.headers
    headers[.contentType] = Problem.contentType
    headers[.cacheControl] = "no-store"
    return Answer(status: problem.status, headers: headers, body: problem.json, problem: problem)
  }

  private func record(
    _ operation: Operation, _ caller: Caller, target: String, outcome: String, _ connection: PostgresConnection
  ) async throws {
    _ = try await connection.query(
      "SELECT service.record_act($1, $2, $3, $4, $5, $6)",
      [
        caller.name, caller.level.rawValue, caller.address, operation.id, Self.withoutTokens(OutsideText.line(target)),
        Self.withoutTokens(OutsideText.line(outcome)),
      ])
  }

  /// Whoever puts a token into an address, or takes it for its name, has not made it known to all who read the audit.
  private static func withoutTokens(_ text: String) -> String {
    text.replacing(#/aker_[A-Za-z0-9_-]{20,}/#, with: "aker_…")
  }
}
