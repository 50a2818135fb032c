/// An error an operator can act on: its class, one line that says what happened and where, and what to do now.
package protocol ClassifiedError: Error, Sendable {
  var errorClass: ErrorClass { get }
  /// One line, secrets redacted: what was tried, on what, what came back.
  var summary: String { get }
  /// What the operator can do, as a sentence or a command; nil when waiting is all there is.
  var advice: String? { get }
  /// What lies beneath the summary, from near to far: `HTTP 503 from api.census.gov`, then what the server said. Empty
  /// where the summary is all there is.
  var causes: [String] { get }
  /// How long the other side asked to be left alone, when it said so.
  var retryAfter: Duration? { get }
  /// Whether it may be this host's fault (its disk, its memory, its programs, its way to the lake) rather than the
  /// task's: whoever met it should look at the host before the task pays for it.
  var mayBeHost: Bool { get }
  /// Whether it is this host's fault for certain, even if the host is well by the time that it is looked at: a disk that
  /// was full for a moment, memory that others had, a session that the database ended. Implies `mayBeHost`.
  var isHosts: Bool { get }
  /// How a program ends that could not go on for it.
  var exitStatus: ExitStatus { get }
}

extension ClassifiedError {
  package var advice: String? { nil }
  package var causes: [String] { [] }
  package var retryAfter: Duration? { nil }
  package var mayBeHost: Bool { isHosts }
  package var isHosts: Bool { false }
  package var exitStatus: ExitStatus { errorClass.exitStatus }
}

extension Error {
  /// Its summary where it is classified; else whatever it says of itself.
  package var inOneLine: String { (self as? any ClassifiedError)?.summary ?? "\(self)" }
}
