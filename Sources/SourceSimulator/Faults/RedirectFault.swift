import NIOHTTP1

/// `{"fault": "redirect"}`: to an HTML page that answers 200, or `"to"` anywhere, with `"status"` 301, 302, 307 or 308.
struct RedirectFault: Fault {
  static let name = "redirect"

  /// Served by the simulator itself.
  static let landingPath = "/_pages/moved.html"

  private let location: String
  private let status: Int

  init(_ parameters: inout FaultParameters) throws {
    location = try parameters.text("to") ?? Self.landingPath
    status = try parameters.integer("status", in: 300...399) ?? 302
  }

  func deliver(_ response: inout Response, _ context: FaultContext) {
    response = .redirect(to: location)
    response.status = HTTPResponseStatus(statusCode: status)
  }

  static var landingPage: Response {
    .html(.ok, title: "This page has moved", text: "Data downloads are now found on our new site.")
  }
}
