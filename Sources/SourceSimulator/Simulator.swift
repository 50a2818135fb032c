import NIOHTTP1

/// Sends each request to the protocol of its source, and keeps the log.
struct Simulator: Sendable {
  let recordings: Recordings
  let log = RequestLog()
  private let protocols: [String: any SourceProtocol]

  init(recordings: Recordings, keyWall: String?) {
    self.recordings = recordings
    protocols = [
      "_generated": GeneratedFiles(),
      "census_acs5": CensusACS5(recordings: RecordedTables(folder: recordings.folder("census_acs5")), keyWall: keyWall),
    ]
  }

  func respond(to request: Request) async -> Response {
    guard let first = request.segments.first else { return .text(.ok, "source-simulator: see recordings/README.md\n") }
    if first == "_log" { return await logPage(request) }
    let source = String(first)
    let entry = await log.begin(request, source: source)
    let response = await answer(request, source: source)
    await log.end(entry, status: response.status.code)
    return response
  }

  /// Every folder of recordings is a source; those without a protocol of their own are files.
  private func handler(of source: String) -> (any SourceProtocol)? {
    if let known = protocols[source] { return known }
    guard !source.hasPrefix("."), !source.hasPrefix("_"), Files.isFolder(recordings.folder(source)) else { return nil }
    return RecordedFiles(folder: recordings.folder(source))
  }

  private func answer(_ request: Request, source: String) async -> Response {
    guard let handler = handler(of: source) else {
      return .text(.notFound, "source-simulator has no source \(source)\n")
    }
    var inner = request
    inner.path = String(request.path.dropFirst(source.utf8.count + 1))
    do {
      var response = try await handler.answer(inner, source: source)
      if try await recordings.manifest(of: source).synthetic {
        response.headers.add(name: "X-Simulator-Synthetic", value: "true")
      }
      return try response.validated(against: request).ranged(for: request).compressed(for: request)
    } catch {
      // What is wrong with a recording should be read where it shows.
      return .text(.internalServerError, "source-simulator: \(error)\n")
    }
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
