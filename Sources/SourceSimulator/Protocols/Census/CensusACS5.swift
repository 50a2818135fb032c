import NIOHTTP1

/// `GET /data/{year}/acs/acs5?get=…&for=…` over `recordings/census_acs5/<year>/<level>.json`.
///
/// Statuses and texts are the API's as people have seen them: 400 with a line of text, 204 for no rows, 404 for a vintage
/// that was not released. A year or level that is not recorded is such a vintage.
struct CensusACS5: SourceProtocol {
  /// More than 50 variables in a call are refused.
  static let variableLimit = 50

  private let recordings: RecordedTables
  private let keyWall: CensusKeyWall

  init(recordings: RecordedTables, keyWall: String?) {
    self.recordings = recordings
    self.keyWall = CensusKeyWall(key: keyWall)
  }

  func answer(_ request: Request, source: String) async throws -> Response {
    if let page = keyWall.page(request.path) { return page }
    guard request.method == .GET || request.method == .HEAD else { return .text(.methodNotAllowed, "error: GET only") }
    guard let year = Self.year(of: request.segments) else { return notFound }
    if let refusal = keyWall.refusal(of: request, source: source) { return refusal }
    let query: CensusQuery
    do { query = try CensusQuery(request.query) } catch let error as CensusQueryError {
      return .text(.badRequest, "error: \(error.message)")
    }
    guard let table = try await recordings.table("\(year)/\(query.level.fileName)") else { return notFound }
    return try query.answer(from: table)
  }

  private var notFound: Response {
    .html(.notFound, title: "HTTP Status 404 - Not Found", text: "The requested resource is not available.")
  }

  /// `/data/2012/acs/acs5`, or `/data/2012/acs5` as it was until 2016.
  private static func year(of segments: [Substring]) -> Int? {
    guard segments.count >= 3, segments[0] == "data", segments[1].utf8.count == 4, let year = Int(segments[1]) else {
      return nil
    }
    let rest = segments[2...].joined(separator: "/")
    return rest == "acs/acs5" || rest == "acs5" ? year : nil
  }
}
