internal import FoundationEssentials
package import Telemetry

/// A handler's error as the queue keeps it.
package struct FailureReport: Sendable {
  package var errorClass: ErrorClass
  package var reason: String
  package var retryAfter: Duration?
  /// JSON.
  package var detail: String?

  package init(_ error: any Error, redaction: Redaction) {
    guard let classified = error as? any ClassifiedError else {
      // Unknown to us, so perhaps gone the next time; max_attempts is the end of it.
      self.init(.transient, "\(error)", type: "\(type(of: error))", redaction: redaction)
      return
    }
    self.init(
      classified.errorClass == .workerLost ? .transient : classified.errorClass, classified.summary,
      type: "\(type(of: error))", advice: classified.advice, retryAfter: classified.retryAfter, redaction: redaction)
  }

  package init(
    _ errorClass: ErrorClass, _ reason: String, type: String, advice: String? = nil, retryAfter: Duration? = nil,
    redaction: Redaction
  ) {
    self.errorClass = errorClass
    self.reason = redaction(reason)
    self.retryAfter = retryAfter
    detail = (try? JSONEncoder().encode(Detail(advice: advice.map { redaction($0) }, error: type)))
      .map { String(decoding: $0, as: UTF8.self) }
  }

  private struct Detail: Encodable {
    var advice: String?
    var error: String
  }
}
