internal import Base
internal import Dashboard
internal import HTTPTypes

/// How pages ask and act: by the API's operations, as who looks.
extension Pages {
  private static let operations = Dictionary(uniqueKeysWithValues: Operations.all.map { ($0.id, $0) })

  /// - Returns: what the operation answered, and the cursor of what follows.
  /// - Throws: `Problem` as the API would answer it.
  func page<Value: Sendable>(
    _ id: String, _ visit: Visit, path: [String: String] = [:], query: [(name: String, value: String)] = [],
    body: [String: JSONValue]? = nil, isShared: Bool = false, as type: Value.Type = Value.self
  ) async throws -> (value: Value, next: Int64?) {
    let answer = try await answer(id, visit, path: path, query: query, body: body, isShared: isShared)
    guard let value = answer.value as? Value else {
      throw Problem(.internalServerError, "the page expects something else of \(id)")
    }
    return (value, answer.next)
  }

  /// - Parameter isShared: whether all who open the page share one answer for each change, as the open ones do.
  func ask<Value: Sendable>(
    _ id: String, _ visit: Visit, path: [String: String] = [:], query: [(name: String, value: String)] = [],
    body: [String: JSONValue]? = nil, isShared: Bool = false, as type: Value.Type = Value.self
  ) async throws -> Value {
    try await page(id, visit, path: path, query: query, body: body, isShared: isShared, as: type).value
  }

  /// The same where there may be nothing to answer.
  func find<Value: Sendable>(
    _ id: String, _ visit: Visit, path: [String: String] = [:], query: [(name: String, value: String)] = [],
    as type: Value.Type = Value.self
  ) async throws -> Value? {
    do {
      return try await ask(id, visit, path: path, query: query, as: type)
    } catch let problem as Problem where problem.status == .notFound {
      return nil
    }
  }

  /// - Parameter key: under which an act is done once.
  func answer(
    _ id: String, _ visit: Visit, path: [String: String] = [:], query: [(name: String, value: String)] = [],
    body: [String: JSONValue]? = nil, key: String? = nil, isShared: Bool = false
  ) async throws -> Desk.Answer {
    guard let operation = Self.operations[id] else {
      throw Problem(.internalServerError, "there is no operation \(id)")
    }
    var head = visit.head
    // Its answer is for the page, whatever the browser has of that.
    head.headerFields[.ifNoneMatch] = nil
    head.headerFields[.contentType] = "application/json"
    head.headerFields[.idempotencyKey] = key
    head.path = operation.address
    let asked = Desk.Asked(
      head: head, address: visit.address, path: path, query: query, body: body.map { JSONValue.object($0).json } ?? "")
    let answer: Desk.Answer
    // What all look at, and what is large, is asked once for each change, whoever opens the page.
    if operation.kind == .question, visit.isLive || isShared {
      let words =
        [visit.caller.level.rawValue, id] + path.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        + query.map { "\($0.name)=\($0.value)" }
      answer = await kept.answer(words.joined(separator: "\n"), told: await hub.toldCount) {
        await desk.answer(operation, asked)
      }
    } else {
      answer = await desk.answer(operation, asked)
      if operation.kind == .act { await kept.forget() }
    }
    if let problem = answer.problem { throw problem }
    return answer
  }
}

extension Pages {
  /// How long a page took from its request's head to its compressed bytes, as browsers show it: `page;dur=3.1`, in
  /// milliseconds.
  static func timing(since began: ContinuousClock.Instant) -> String {
    let microseconds = (ContinuousClock.now - began) / .microseconds(1)
    return "page;dur=\(microseconds.rounded() / 1000)"
  }
}

extension HTTPField.Name {
  static let serverTiming = HTTPField.Name("Server-Timing")!
}
