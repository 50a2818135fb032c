import NIOHTTP1

/// `GET /api/data/?UserID=…&method=GetData&…` of the Bureau of Economic Analysis: errors are answered 200, in the body.
///
/// The tables are files, named by their parameters: `api/data/index@TableName=CAINC1&Year=2020.json`.
struct BEATables: PathProtocol {
  let source: String
  let files: RecordedFiles

  func claims(_ request: Request) -> Bool {
    source.hasPrefix("bea") && ["/api/data", "/api/data/"].contains(request.path)
  }

  func answer(_ request: Request, source: String) throws -> Response {
    guard request.query.value(ignoringCase: "UserID")?.isEmpty == false else {
      return Self.error("3", "The BEA API UserID provided in the request does not exist.")
    }
    guard request.query.value(ignoringCase: "method") != nil else {
      return Self.error("20", "The API request is missing the required Method parameter.")
    }
    var inner = request
    inner.path = "/api/data/"
    let answer = try files.answer(inner, source: source)
    guard answer.status != .notFound else {
      return Self.error("101", "The requested table, year or area is not recorded here.")
    }
    return answer
  }

  private static func error(_ code: String, _ description: String) -> Response {
    .json([
      "BEAAPI": ["Results": ["Error": ["APIErrorCode": .string(code), "APIErrorDescription": .string(description)]]]
    ])
  }
}
