internal import Base
internal import Dashboard
internal import HTTPTypes
internal import Hummingbird

/// Addresses at which there is nothing.
extension Pages {
  /// Whether somebody looks, who can do nothing with JSON: browsers say that they want HTML, and programs do not.
  func isForBrowser(_ request: Request) -> Bool {
    (request.method == .get || request.method == .head)
      && request.headers[.accept]?.contains("text/html") == true
      && !request.uri.path.hasPrefix(site.prefix + OpenAPI.base)
  }

  /// A page that leads on. It tells nothing that needs a token.
  func missing(_ request: Request, _ context: APIContext) async throws -> Response {
    try await visiting(request, context, admits: false) { _ in
      throw Problem(
        .notFound, "there is no page at \(OutsideText.line(request.uri.path))",
        hint: "Look whether the address is typed right, or begin at the grid: \(site.path("")).")
    }
  }
}
