internal import Base
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

  private static let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options, .trace]

  func router() -> Router<APIContext> {
    let router = Router(context: APIContext.self)
    router.add(middleware: Envelope())
    var served: [String: Set<HTTPRequest.Method>] = [:]
    func on(
      _ path: String, _ method: HTTPRequest.Method,
      _ respond: @escaping @Sendable (Request, APIContext) async throws -> Response
    ) {
      served[path, default: []].insert(method)
      router.on(RouterPath(prefix + path), method: method, use: respond)
    }
    for operation in Operations.all {
      on(OpenAPI.base + operation.path, operation.method) { request, context in
        try await answer(operation, request, context)
      }
    }
    on(OpenAPI.base + "/events", .get) { request, context in try await events(request, context) }
    let document = OpenAPI.document(version: version, prefix: prefix)
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
    for (path, known) in served {
      let allowed = known.map(\.rawValue).sorted().joined(separator: ", ")
      for method in Self.methods where !known.contains(method) {
        router.on(RouterPath(prefix + path), method: method) { _, _ -> Response in
          throw Problem(
            .methodNotAllowed, "\(method.rawValue) is not for this path", hint: "There is \(allowed).",
            headers: [.allow: allowed])
        }
      }
    }
    return router
  }

  private func answer(_ operation: Operation, _ request: Request, _ context: APIContext) async throws -> Response {
    let asked = try await Self.asked(
      request, context, names: operation.parameters.filter { $0.place == .path }.map(\.name))
    let answer = await desk.answer(operation, asked)
    var headers = HTTPFields()
    headers[.contentType] = "application/json"
    for (name, value) in answer.headers { headers[name] = value }
    if answer.status == .notModified { headers[.contentType] = nil }
    return Response(
      status: answer.status, headers: headers,
      body: answer.status == .notModified ? .init() : .init(byteBuffer: ByteBuffer(string: answer.body)))
  }

  private static func asked(_ request: Request, _ context: APIContext, names: [String]) async throws -> Desk.Asked {
    var path: [String: String] = [:]
    for name in names { path[name] = context.parameters.get(name) ?? "" }
    let query = request.uri.queryParameters.map { (name: String($0.key), value: String($0.value)) }
    let body: ByteBuffer
    do {
      body = try await request.body.collect(upTo: context.maxUploadSize)
    } catch {
      throw Problem(.contentTooLarge, "the body is larger than \(context.maxUploadSize) bytes")
    }
    return Desk.Asked(
      head: request.head, address: context.address, path: path, query: query, body: String(buffer: body))
  }

  private func events(_ request: Request, _ context: APIContext) async throws -> Response {
    _ = try await desk.gate.admit(request.head, from: context.address, isAct: false)
    let stream = try await hub.listen(after: request.headers[.lastEventID])
    return Response(
      status: .ok,
      headers: [
        .contentType: "text/event-stream", .cacheControl: "no-store", HTTPField.Name("X-Accel-Buffering")!: "no",
      ],
      body: ResponseBody { writer in
        for await message in stream { try await writer.write(ByteBuffer(string: message)) }
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
  func handle(
    _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
  ) async throws -> Response {
    var response: Response
    do {
      response = try await next(request, context)
    } catch {
      let problem = Self.problem(error, request)
      response = Routes.response(problem.status, Problem.contentType, problem.json)
      for (name, value) in problem.headers { response.headers[name] = value }
    }
    response.headers[.xContentTypeOptions] = "nosniff"
    response.headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'"
    response.headers[HTTPField.Name("Referrer-Policy")!] = "no-referrer"
    return response
  }

  private static func problem(_ error: any Error, _ request: Request) -> Problem {
    guard let error = error as? any HTTPResponseError else { return Problem(error) }
    return error.status == .notFound
      ? Problem(
        .notFound, "there is nothing at \(OutsideText.line(request.uri.path))",
        hint: "openapi.json lists what there is.")
      : Problem(error.status, error.status.reasonPhrase)
  }
}
