internal import FoundationEssentials
package import Base
package import Telemetry

/// A handler's error as the queue keeps it.
package struct FailureReport: Sendable {
  package var errorClass: ErrorClass
  package var reason: String
  package var advice: String?
  package var causes: [String]
  package var retryAfter: Duration?
  /// JSON: advice, error type, cause chain, the steps and the documents of the attempt.
  package var detail: String?

  /// - Parameter advice: where the error has none of its own.
  package init(_ error: any Error, advice: String? = nil, steps: AttemptSteps? = nil, redaction: Redaction) {
    guard let classified = error as? any ClassifiedError else {
      // Unknown to us, so perhaps gone the next time; max_attempts is the end of it.
      self.init(
        .transient, "\(error)", type: "\(type(of: error))", advice: advice, steps: steps, redaction: redaction)
      return
    }
    self.init(
      classified.errorClass == .workerLost ? .transient : classified.errorClass, classified.summary,
      type: "\(type(of: error))", advice: classified.advice ?? advice, causes: classified.causes,
      retryAfter: classified.retryAfter, steps: steps, redaction: redaction)
  }

  package init(
    _ errorClass: ErrorClass, _ reason: String, type: String, advice: String? = nil, causes: [String] = [],
    retryAfter: Duration? = nil, steps: AttemptSteps? = nil, redaction: Redaction
  ) {
    self.errorClass = errorClass
    self.reason = OutsideText.line(redaction(reason))
    self.advice = advice.map { OutsideText.lines(redaction($0)) }
    self.causes = causes.prefix(Self.mostCauses).map { OutsideText.line(redaction($0)) }
    self.retryAfter = retryAfter
    let record = steps?.record(redaction)
    let detail = Detail(
      advice: self.advice, error: type, causes: self.causes, step: record?.step,
      steps: record?.steps, inputs: record?.inputs, log: record?.log)
    self.detail = (try? JSONEncoder().encode(detail)).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The same end, told with nothing but `reason`.
  package func saying(_ reason: String) -> FailureReport {
    var copy = self
    copy.reason = reason
    copy.causes = []
    copy.advice = nil
    copy.detail = nil
    return copy
  }

  /// From near to far: what lies further beneath tells nobody anything.
  private static let mostCauses = 20

  private struct Detail: Encodable {
    var advice: String?
    var error: String
    var causes: [String]
    var step: String?
    var steps: [AttemptSteps.Step]?
    var inputs: [AttemptSteps.Input]?
    var log: [AttemptLog.Line]?
  }
}
