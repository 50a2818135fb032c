import NIOHTTP1

/// `{"fault": "status", "status": 429, "retry_after": 5}`: another status, with a line of text.
///
/// `retry_after` is sent as seconds, `retry_after_date` (seconds from now) as an HTTP date; neither: no such header.
struct StatusFault: Fault {
  static let name = "status"

  private let status: HTTPResponseStatus
  private let retryAfter: Int?
  private let retryAfterDate: Int?
  private let text: String
  private let headers: [JSONMember]

  init(_ parameters: inout FaultParameters) throws {
    guard let code = try parameters.integer("status", in: 200...599) else { throw FaultError("status is missing") }
    status = HTTPResponseStatus(statusCode: code)
    retryAfter = try parameters.integer("retry_after")
    retryAfterDate = try parameters.integer("retry_after_date")
    text = try parameters.text("text") ?? Self.usualText(status)
    headers = try parameters.members("headers") ?? []
    guard headers.allSatisfy({ $0.value.scalarText != nil }) else { throw FaultError("headers must be texts") }
  }

  /// 500 is the Census API's.
  private static func usualText(_ status: HTTPResponseStatus) -> String {
    switch status {
    case .internalServerError:
      "There was an error while running your query.  We've logged the error and we'll correct it ASAP.  "
        + "Sorry for the inconvenience."
    default: status.reasonPhrase
    }
  }

  func deliver(_ response: inout Response, _ context: FaultContext) {
    response = .text(status, text)
    if let retryAfter { response.headers.add(name: "Retry-After", value: String(retryAfter)) }
    if let retryAfterDate {
      response.headers.add(name: "Retry-After", value: HTTPDate.text(unixSeconds: HTTPDate.now + retryAfterDate))
    }
    for header in headers { response.headers.replaceOrAdd(name: header.key, value: header.value.scalarText ?? "") }
  }
}
