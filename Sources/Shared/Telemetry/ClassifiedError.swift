/// An error an operator can act on: its class, one line that says what happened and where, and what to do now.
package protocol ClassifiedError: Error, Sendable {
  var errorClass: ErrorClass { get }
  /// One line, secrets redacted: what was tried, on what, what came back.
  var summary: String { get }
  /// What the operator can do, as a sentence or a command; nil when waiting is all there is.
  var advice: String? { get }
  /// How long the other side asked to be left alone, when it said so.
  var retryAfter: Duration? { get }
}

extension ClassifiedError {
  package var advice: String? { nil }
  package var retryAfter: Duration? { nil }
}
