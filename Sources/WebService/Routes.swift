internal import Base
internal import Dashboard
internal import Exposition
internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Paths and what answers them: the operations' own, events, the document, metrics and health.
struct Routes: Sendable {
  let desk: Desk
  let hub: EventHub
  let probes: Probes
  let prefix: String
  let version: String
  /// What may be asked without a token.
  let anonymous: Level?
  /// How long a request may take to come whole.
  let patience: Duration

  func router() -> Router<APIContext> {
    let router = Router(context: APIContext.self)
    let pages = Pages(desk: desk, hub: hub, site: Site(prefix: prefix), patience: patience)
    router.add(middleware: Envelope(served: served, pages: pages))
    func on(
      _ path: String, _ method: HTTPRequest.Method,
      _ respond: @escaping @Sendable (Request, APIContext) async throws -> Response
    ) {
      router.on(RouterPath(prefix + path), method: method, use: respond)
    }
    for operation in Operations.all {
      on(operation.address, operation.method) { request, context in
        guard operation.ask != nil else { return try await answer(operation, request, context) }
        return try await Self.whileListening(request) { try await answer(operation, $0, context) }
      }
    }
    on(OpenAPI.base + "/explore/csv", .post) { request, context in try await csv(request, context) }
    on(OpenAPI.base + "/events", .get) { request, context in try await events(request, context) }
    let document = OpenAPI.document(version: version, prefix: prefix, anonymous: anonymous)
    // What can be looked at can be asked whether it is there; but a stream would never end.
    pages.add { path, method, respond in
      on(path, method, respond)
      guard method == .get, path != "/live" else { return }
      on(path, .head) { request, context in
        var head = request.head
        head.method = .get
        return try await respond(Request(head: head, body: request.body), context).createHeadResponse()
      }
    }
    on("/openapi.json", .get) { _, _ in Self.response(.ok, "application/json", document) }
    on("/livez", .get) { _, _ in Self.response(.ok, "text/plain; charset=utf-8", "ok\n") }
    on("/readyz", .get) { _, _ in
      let (isReady, text) = await probes.ready()
      return Self.response(isReady ? .ok : .serviceUnavailable, "text/plain; charset=utf-8", text)
    }
    on("/metrics", .get) { request, context in
      _ = try await desk.gate.admit(request.head, from: context.address, isAct: false)
      let format = MetricsPage.Format(accept: request.headers[.accept])
      return Self.response(.ok, format.contentType, try await probes.metrics(format))
    }
    return router
  }

  /// Each path, split, with its methods.
  private var served: [(path: [Substring], methods: Set<String>)] {
    var methods: [String: Set<String>] = [:]
    for operation in Operations.all {
      methods[operation.address, default: []].insert(operation.method.rawValue)
    }
    for path in [OpenAPI.base + "/events", "/openapi.json", "/livez", "/readyz", "/metrics"] { methods[path] = ["GET"] }
    methods[OpenAPI.base + "/explore/csv"] = ["POST"]
    return methods.map { ((prefix + $0.key).split(separator: "/"), $0.value) }
  }

  private func answer(_ operation: Operation, _ request: Request, _ context: APIContext) async throws -> Response {
    let asked = try await asked(
      request, context, names: operation.parameters.filter { $0.place == .path }.map(\.name))
    let answer = await desk.answer(operation, asked)
    var headers = HTTPFields()
    headers[.contentType] = "application/json"
    for (name, value) in answer.headers { headers[name] = value }
    if answer.status == .notModified {
      headers[.contentType] = nil
      return Response(status: answer.status, headers: headers)
    }
    guard let bytes = answer.bytes else {
      return Response(
        status: answer.status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: answer.body)))
    }
    headers[.vary] = "Accept-Encoding"
    let accepts = request.headers[.acceptEncoding]?.contains("gzip") == true
    if accepts { headers[.contentEncoding] = "gzip" }
    return Response(
      status: answer.status, headers: headers,
      body: .init(byteBuffer: ByteBuffer(bytes: accepts ? Gzip.compressed(bytes) : bytes)))
  }

  private func asked(_ request: Request, _ context: APIContext, names: [String]) async throws -> Desk.Asked {
    var path: [String: String] = [:]
    for name in names { path[name] = context.parameters.get(name) ?? "" }
    // As a form: most clients write a space as a plus, which the library takes for one.
    let query = Fields(form: request.uri.query ?? "").items
    let body = try await Self.body(of: request, within: patience, context)
    return Desk.Asked(head: request.head, address: context.address, path: path, query: query, body: body)
  }

  /// - Throws: `Problem` 408, 413.
  static func body(of request: Request, within limit: Duration, _ context: APIContext) async throws -> String {
    try await withThrowingTaskGroup(of: String?.self) { group in
      group.addTask {
        do {
          return String(buffer: try await request.body.collect(upTo: context.maxUploadSize))
        } catch is CancellationError {
          return nil
        } catch {
          throw Problem(
            .contentTooLarge, "the body is larger than \(context.maxUploadSize) bytes", hint: "Choose less.")
        }
      }
      group.addTask {
        try await Task.sleep(for: limit)
        return nil
      }
      defer { group.cancelAll() }
      guard let body = try await group.next() ?? nil else {
        throw Problem(.requestTimeout, "the body did not come within \(limit.components.seconds) s")
      }
      return body
    }
  }

  private func events(_ request: Request, _ context: APIContext) async throws -> Response {
    let caller = try await desk.gate.admit(request.head, from: context.address, isAct: false)
    return Self.stream(try await hub.listen(after: request.headers[.lastEventID], as: caller))
  }

  static func stream(_ messages: AsyncStream<String>) -> Response {
    Response(
      status: .ok,
      headers: [
        .contentType: "text/event-stream", .cacheControl: "no-store", HTTPField.Name("X-Accel-Buffering")!: "no",
      ],
      body: ResponseBody { writer in
        for await message in messages { try await writer.write(ByteBuffer(string: message)) }
        try await writer.finish(nil)
      })
  }

  static func response(_ status: HTTPResponse.Status, _ type: String, _ text: String) -> Response {
    Response(
      status: status, headers: [.contentType: type, .cacheControl: "no-store"],
      body: .init(byteBuffer: ByteBuffer(string: text)))
  }
}

/// Around every answer: errors as problems, and headers that keep a browser from making more of it than it is.
private struct Envelope: RouterMiddleware {
  let served: [(path: [Substring], methods: Set<String>)]
  let pages: Pages

  func handle(
    _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
  ) async throws -> Response {
    var response: Response
    do {
      response = try await next(request, context)
    } catch {
      let problem = problem(error, request)
      if problem.status == .notFound, pages.isForBrowser(request) {
        response = try await pages.missing(request, context)
        if request.method == .head { response = response.createHeadResponse() }
      } else {
        response = Routes.response(problem.status, Problem.contentType, problem.json)
        for (name, value) in problem.headers { response.headers[name] = value }
      }
    }
    response.headers[.xContentTypeOptions] = "nosniff"
    // Pages say so themselves.
    if response.headers[.contentSecurityPolicy] == nil {
      response.headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'"
      response.headers[.referrerPolicy] = "no-referrer"
    }
    return response
  }

  private func problem(_ error: any Error, _ request: Request) -> Problem {
    guard let error = error as? any HTTPResponseError else { return Problem(error) }
    if error.status == .notFound, let methods = methods(request.uri.path), !methods.contains(request.method.rawValue) {
      let allowed = methods.sorted().joined(separator: ", ")
      return Problem(
        .methodNotAllowed, "\(OutsideText.line(request.method.rawValue)) is not for this path",
        hint: "There is \(allowed).", headers: [.allow: allowed])
    }
    return error.status == .notFound
      ? Problem(
        .notFound, "there is nothing at \(OutsideText.line(request.uri.path))",
        hint: "openapi.json lists what there is.")
      : Problem(error.status, error.status.reasonPhrase)
  }

  /// Of the path that this is, as the router has it: `/batches/preview` is no `/batches/{batch}`. Nil where there is none.
  private func methods(_ path: String) -> Set<String>? {
    let parts = path.split(separator: "/")
    let found = served.filter { known in
      known.path.count == parts.count && zip(known.path, parts).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }
    return found.max { one, other in literals(one.path) < literals(other.path) }?.methods
  }

  private func literals(_ path: [Substring]) -> Int { path.count { !$0.hasPrefix("{") } }
}
