import NIOHTTP1

/// Sends each request to the protocol of its source, and keeps the log.
struct Simulator: Sendable {
  let recordings: Recordings
  let log = RequestLog()
  let faults = FaultBook()
  private let sources: SourceDirectory

  init(recordings: Recordings, keyWall: String?) {
    self.recordings = recordings
    sources = SourceDirectory(recordings: recordings, keyWall: keyWall)
  }

  func respond(to request: Request) async -> Exchange {
    guard let first = request.segments.first else {
      return Exchange(.text(.ok, "source-simulator: see recordings/README.md\n"))
    }
    let source = String(first)
    switch source {
    case "_log": return Exchange(await logPage(request))
    case "_faults": return Exchange(await FaultPage(book: faults).answer(request))
    default: break
    }
    let struck = await faults.strike(request)
    let number = await log.begin(request, source: source, faults: struck.map { type(of: $0).name })
    do {
      return Exchange(try await answer(request, source: source, faults: struck), logNumber: number)
    } catch {
      // What is wrong with a recording or a rule should be read where it shows.
      return Exchange(.text(.internalServerError, "source-simulator: \(error)\n"), logNumber: number)
    }
  }

  /// Closes the answer's line in the log; once is enough.
  func finish(_ exchange: Exchange) async {
    guard let number = exchange.logNumber else { return }
    await log.end(number, status: exchange.response.status.code)
  }

  private func answer(_ request: Request, source: String, faults struck: [any Fault]) async throws -> Response {
    var response = try await recordedAnswer(request, source: source)
    let context = FaultContext(
      request: request, source: source, previous: await faults.exchange(response, for: request))
    for fault in struck { try fault.alter(&response, context) }
    response = try response.validated(against: request).ranged(for: request).compressed(for: request)
    for fault in struck { try fault.deliver(&response, context) }
    return response
  }

  private func recordedAnswer(_ request: Request, source: String) async throws -> Response {
    if request.path == RedirectFault.landingPath { return RedirectFault.landingPage }
    guard let handler = await sources.handler(of: source) else {
      return .text(.notFound, "source-simulator has no source \(source)\n")
    }
    var inner = request
    inner.path = String(request.path.dropFirst(source.utf8.count + 1))
    let manifest = try await recordings.manifest(of: source)
    if let refusal = manifest.refusal(of: request) { return refusal }
    var response = try await handler.answer(inner, source: source)
    if manifest.synthetic {
      response.headers.add(name: "X-Simulator-Synthetic", value: "true")
    }
    return response
  }

  private func logPage(_ request: Request) async -> Response {
    switch request.method {
    case .GET: return .json(await log.report(withRequests: request.query["requests"] != nil))
    case .DELETE:
      await log.clear()
      return Response(.noContent, headers: [:])
    default: return .text(.methodNotAllowed, "GET or DELETE\n")
    }
  }
}
