import NIOHTTP1

/// `GET /search?q=…` of Nominatim from `search@q=….json`; what was not recorded is found nowhere: `[]`.
struct Nominatim: PathProtocol {
  let source: String
  let files: RecordedFiles

  func claims(_ request: Request) -> Bool {
    source.hasPrefix("nominatim") && request.path == "/search"
  }

  func answer(_ request: Request, source: String) throws -> Response {
    // The usage policy asks for a User-Agent that names the application.
    guard request.headers.first(name: "User-Agent")?.isEmpty == false else {
      return .html(.forbidden, title: "Access blocked", text: "Requests must name the application in User-Agent.")
    }
    let answer = try files.answer(request, source: source)
    return answer.status == .notFound ? .json([]) : answer
  }
}
