import NIOHTTP1

/// `POST /publicAPI/v2/timeseries/data/` and `GET …/data/<series>` of the Bureau of Labor Statistics, from the CSV files of
/// `recordings/<source>/series/`.
///
/// As there: status 200 whatever happens, what went wrong in the body, and too many series or years cut with nothing but
/// a message.
struct BLSTimeseries: PathProtocol {
  private let recordings: BLSSeriesFiles

  init(folder: String) {
    recordings = BLSSeriesFiles(folder: folder + "/series")
  }

  func claims(_ request: Request) -> Bool {
    request.path.hasPrefix("/publicAPI/v")
  }

  func answer(_ request: Request, source: String) async throws -> Response {
    let segments = request.segments
    guard segments.count >= 4, segments[2] == "timeseries", segments[3] == "data" else {
      return .html(.notFound, title: "404 Not Found", text: "No such page.")
    }
    var query: BLSQuery
    switch request.method {
    case .POST:
      do { query = try BLSQuery(JSONValue(parsing: request.body)) } catch {
        return Self.unprocessed("Your request body is not what it should be: \(error)")
      }
    case .GET where segments.count == 5: query = BLSQuery(series: String(segments[4]), request.query)
    default: return .text(.methodNotAllowed, "POST, or GET of one series\n")
    }
    guard !query.series.isEmpty else { return Self.unprocessed("No series was asked for.") }
    var messages = query.cut()
    let recorded = try await recordings.all()
    let isWellFormed = query.series.map {
      $0.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-#".contains($0)) }
    }
    let answers = zip(query.series, isWellFormed).map { name, isWellFormed in
      guard isWellFormed else {
        messages.append("Invalid Series for Series  \(name)")
        return BLSSeries.empty(name)
      }
      guard let series = recorded[name] else {
        messages.append("Series does not exist for Series \(name)")
        return BLSSeries.empty(name)
      }
      return series.answer(name: name, query: query, messages: &messages)
    }
    // The FAQ shows an array of results where nothing was valid.
    let isArray = !isWellFormed.contains(true)
    return Self.text(status: "REQUEST_SUCCEEDED", messages: messages, series: answers, isArray: isArray)
  }

  private static func unprocessed(_ message: String) -> Response {
    .json([
      "status": "REQUEST_NOT_PROCESSED", "responseTime": 0, "message": [.string(message)], "Results": [:],
    ])
  }

  /// With the line breaks of the real one.
  private static func text(status: String, messages: [String], series: [JSONValue], isArray: Bool) -> Response {
    let messages = JSONValue.array(messages.map { .string($0) }).text
    let results = "{\n\"series\":\n\(JSONValue.array(series).text)\n}"
    let body = """
      {"status":"\(status)","responseTime":100,"message":\(messages),"Results":\(isArray ? "[\(results)]" : results)}

      """
    return Response(.ok, headers: ["Content-Type": "application/json;charset=utf-8"], body: BytesBody(body))
  }
}
