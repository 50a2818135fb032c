import NIOHTTP1

/// One answer, before it is written.
struct Response: Sendable {
  var status: HTTPResponseStatus
  var headers: HTTPHeaders
  var body: any Body
  /// Whether parts may be asked for, as of files.
  var offersRanges = false
  var delivery = Delivery()

  init(_ status: HTTPResponseStatus, headers: HTTPHeaders = [:], body: any Body = BytesBody([])) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  static func text(_ status: HTTPResponseStatus, _ text: String) -> Response {
    Response(status, headers: ["Content-Type": "text/plain;charset=utf-8"], body: BytesBody(text))
  }

  static func html(_ status: HTTPResponseStatus, title: String, text: String) -> Response {
    let page = """
      <!DOCTYPE html>
      <html lang="en">
      <head><title>\(title)</title></head>
      <body><h1>\(title)</h1><p>\(text)</p></body>
      </html>

      """
    return Response(status, headers: ["Content-Type": "text/html;charset=utf-8"], body: BytesBody(page))
  }

  static func json(_ value: JSONValue, status: HTTPResponseStatus = .ok) -> Response {
    Response(status, headers: ["Content-Type": "application/json;charset=utf-8"], body: BytesBody(value.text))
  }

  static func redirect(to location: String) -> Response {
    Response(.found, headers: ["Location": location])
  }
}
