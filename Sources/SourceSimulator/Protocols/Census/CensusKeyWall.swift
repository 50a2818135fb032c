import NIOHTTP1

/// Since May 2026 the Census API sends a data query without a good key to an HTML page that answers 200.
struct CensusKeyWall: Sendable {
  /// Nil when any key, or none, will do.
  var key: String?

  /// - Parameter source: the first segment of the path here, which the real API has not.
  func refusal(of request: Request, source: String) -> Response? {
    guard let key else { return nil }
    let given = request.query["key"] ?? ""
    guard given != key else { return nil }
    var response = Response.redirect(to: "/\(source)/data/\(given.isEmpty ? "missing" : "invalid")_key.html")
    response.headers.add(name: "X-DataWebAPI-KeyError", value: "1")
    return response
  }

  /// The pages that a refusal leads to.
  func page(_ path: String) -> Response? {
    switch path {
    case "/data/missing_key.html":
      .html(.ok, title: "Missing Key", text: "A valid <em>key</em> must be included with each data API request.")
    case "/data/invalid_key.html":
      .html(.ok, title: "Invalid Key", text: "A valid <em>key</em> must be included with each data API request.")
    default: nil
    }
  }
}
