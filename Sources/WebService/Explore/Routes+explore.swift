internal import Base
internal import Dashboard
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Questions in SQL by HTTP: whoever goes away while one is answered ends it.
extension Routes {
  /// Cancels what is done when the other side closes the connection. Nothing more is read from it then: it is closed after
  /// the answer.
  static func whileListening(
    _ request: Request, _ respond: (Request) async throws -> Response
  ) async throws -> Response {
    try await request.body.consumeWithCancellationOnInboundClose { body in
      var request = request
      request.body = body
      var response = try await respond(request)
      response.headers[.connection] = "close"
      return response
    }
  }

  func csv(_ request: Request, _ context: APIContext) async throws -> Response {
    let caller = try await desk.gate.admit(request.head, from: context.address, isAct: true)
    let type = request.headers[.contentType]?.lowercased().split(separator: ";").first.map(String.init)
    guard type == "application/json" else {
      throw Problem(.unsupportedMediaType, "the body is to be JSON", hint: "Send Content-Type: application/json")
    }
    return try await Self.whileListening(request) { request in
      let text = try await Self.body(of: request, within: patience, context)
      guard let body = JSONValue.parse(text.utf8) else { throw Problem(.badRequest, "the body is no JSON") }
      if let mistake = Schema.fields("", [Operations.question]).mistake(in: body) {
        throw Problem(.unprocessableContent, mistake)
      }
      return Self.csv(try await desk.explorer.download(body.at("sql")?.text ?? "", as: caller))
    }
  }

  static func csv(_ download: Download) -> Response {
    Response(
      status: .ok,
      headers: [
        .contentType: "text/csv; charset=utf-8", .cacheControl: "no-store",
        .contentDisposition: "attachment; filename=\"answer.csv\"",
      ],
      body: ResponseBody { writer in
        try await download.csv { try await writer.write($0) }
        try await writer.finish(nil)
      })
  }
}
