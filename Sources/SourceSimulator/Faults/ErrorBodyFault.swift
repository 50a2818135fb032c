import NIOHTTP1

/// `{"fault": "error_body"}`: 200, and an error in the body: the one that this kind of source is known for, or `"text"` with
/// `"content_type"`.
struct ErrorBodyFault: Fault {
  static let name = "error_body"

  private let text: String?
  private let contentType: String?

  init(_ parameters: inout FaultParameters) throws {
    text = try parameters.text("text")
    contentType = try parameters.text("content_type")
    guard text != nil || contentType == nil else { throw FaultError("content_type goes with text") }
  }

  func deliver(_ response: inout Response, _ context: FaultContext) throws {
    if let text {
      response = Response(
        .ok, headers: ["Content-Type": contentType ?? "application/json;charset=utf-8"], body: BytesBody(text))
      return
    }
    guard let usual = Self.usual(context) else {
      throw FaultError("error_body: nothing is known of \(context.source); give a text")
    }
    response = usual
  }

  private static func usual(_ context: FaultContext) -> Response? {
    if context.request.path.contains("/FeatureServer") || context.request.path.contains("/MapServer") {
      return .json(["error": ["code": 499, "message": "Token Required", "details": []]])
    }
    switch context.source.prefix(while: { $0 != "_" }) {
    case "bls":
      return .json([
        "status": "REQUEST_NOT_PROCESSED", "responseTime": 0,
        "message": [
          "Request could not be serviced, as the daily threshold for total number of requests allocated to the user has been reached."
        ],
        "Results": [:],
      ])
    case "bea":
      return .json([
        "BEAAPI": [
          "Results": [
            "Error": [
              "APIErrorCode": "40",
              "APIErrorDescription": "The dataset requested requires parameters that were missing from the request.",
            ]
          ]
        ]
      ])
    case "census":
      return .html(
        .ok, title: "Invalid Key", text: "A valid <em>key</em> must be included with each data API request.")
    case "nominatim":
      return .html(.ok, title: "Bandwidth limit exceeded", text: "You have been temporarily blocked.")
    default:
      return nil
    }
  }
}
