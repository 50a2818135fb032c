internal import Base
internal import Console
internal import FoundationEssentials
internal import HTTPTypes

/// One thing that can be asked or done by HTTP. Routes, the document and the tests are all made of the one list of these.
struct Operation: Sendable {
  struct Parameter: Sendable {
    enum Place: String, Sendable { case path, query }
    var name: String
    var place: Place
    var schema: Schema
    var summary: String
  }

  enum Kind: Sendable {
    /// Read-only, with an ETag.
    case question
    /// Kept in the audit, and done once under an Idempotency-Key.
    case act
    /// Posted like an act, since it has a body, and changes nothing.
    case preview
  }

  /// As clients generated from the document name it.
  var id: String
  var kind: Kind
  var method: HTTPRequest.Method
  /// Below the prefix and `/api/v1`, with its parameters in braces: `/tasks/{task}`.
  var path: String
  /// Where it is served, below the prefix.
  var address: String { isAtRoot ? path : OpenAPI.base + path }
  var summary: String
  var level: Level
  /// The commands that do the same: `task`, `flow pause`.
  var commands: [String]
  var parameters: [Parameter]
  var body: Schema?
  var answer: Schema
  /// Whether it answers in pages, with `Link: <…>; rel="next"`.
  var isPaged = false
  /// Of an answer that is no JSON.
  var media: String?
  /// Served beside the API and not below `/api/v1`: where other programs look for it.
  var isAtRoot = false
  /// Called before, with the service's own rights: makes the definitions of its catalog known, or the grid's cells again.
  var prepare: (@Sendable (Exchange) async throws -> Void)?
  /// Called within a transaction, under the role of who asks.
  var run: @Sendable (Exchange) async throws -> Reply
  /// Called instead, without a session: what it asks needs one of its own.
  var ask: (@Sendable (Explorer, Caller, JSONValue) async throws -> Reply)?

  static func question(
    _ id: String, _ path: String, _ summary: String, commands: [String], level: Level = .viewer,
    query: [Parameter] = [], answer: Schema, isPaged: Bool = false,
    prepare: (@Sendable (Exchange) async throws -> Void)? = nil,
    _ run: @escaping @Sendable (Exchange) async throws -> Reply
  ) -> Operation {
    Operation(
      id: id, kind: .question, method: .get, path: path, summary: summary, level: level, commands: commands,
      parameters: pathParameters(path) + query, body: nil, answer: answer, isPaged: isPaged, prepare: prepare, run: run)
  }

  static func act(
    _ id: String, _ path: String, _ summary: String, commands: [String], level: Level = .operator,
    method: HTTPRequest.Method = .post, kind: Kind = .act, body: Schema?, answer: Schema,
    prepare: (@Sendable (Exchange) async throws -> Void)? = nil,
    _ run: @escaping @Sendable (Exchange) async throws -> Reply
  ) -> Operation {
    Operation(
      id: id, kind: kind, method: method, path: path, summary: summary, level: level, commands: commands,
      parameters: pathParameters(path), body: body, answer: answer, prepare: prepare, run: run)
  }

  /// A question whose words are whoever asks's own: posted, since it has a body.
  static func inquiry(
    _ id: String, _ path: String, _ summary: String, body: Schema, answer: Schema,
    _ ask: @escaping @Sendable (Explorer, Caller, JSONValue) async throws -> Reply
  ) -> Operation {
    Operation(
      id: id, kind: .preview, method: .post, path: path, summary: summary, level: .viewer, commands: [],
      parameters: pathParameters(path), body: body, answer: answer,
      run: { _ in throw Problem(.internalServerError, "\(id) has a session of its own") }, ask: ask)
  }

  /// Numbers are named for what they number; the rest are texts.
  private static func pathParameters(_ path: String) -> [Parameter] {
    path.split(separator: "/").filter { $0.hasPrefix("{") }.map { part in
      let name = String(part.dropFirst().prefix { $0 != "}" })
      let isNumber = ["task", "backfill", "batch", "year", "z", "x", "y"].contains(name)
      let most = ["year": 9999, "z": CountyTile.mostZoom, "x": CountyTile.mostPlace, "y": CountyTile.mostPlace][name]
      return Parameter(
        name: name, place: .path, schema: isNumber ? .integer(least: 0, most: most) : .string(),
        summary: isNumber ? "Its number." : "Its name.")
    }
  }
}

/// What is answered: an Encodable of the `Console`, as `--json` prints it.
struct Reply: Sendable {
  var status: HTTPResponse.Status = .ok
  /// For pages, which need no JSON; nil where there is only that.
  var value: (any Sendable)?
  var json: String
  /// What its ETag is of, where the answer says when it was made.
  var tagged: String?
  /// What the act was about, for the audit.
  var target = ""
  /// The cursor of the next page; nil for the last.
  var next: Int64?
  /// Instead of JSON: what the operation's `media` says.
  var bytes: [UInt8]?
  /// How long whoever asked may keep it unasked; else it is to be asked whether it is the same still.
  var keptSeconds = 0

  init(_ value: some Encodable & Sendable, status: HTTPResponse.Status = .ok, target: String = "", next: Int64? = nil)
    throws
  {
    json = String(decoding: try AkerJSON.encoder().encode(value), as: UTF8.self)
    self.value = value
    self.status = status
    self.target = target
    self.next = next
  }

  init(json: String, status: HTTPResponse.Status = .ok) {
    self.json = json
    self.status = status
  }

  /// - Parameter tag: what its ETag is of. Bytes that the asker has already need not be made: nil.
  init(bytes: [UInt8]?, tag: String, keptSeconds: Int) {
    json = ""
    tagged = tag
    self.bytes = bytes
    self.keptSeconds = keptSeconds
  }
}
