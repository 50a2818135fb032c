/// Who may ask a source now: the queue's token buckets in production, shared by all hosts; nobody's business in a dry run.
package protocol RateLimiter: Sendable {
  /// Returns when one request may be sent.
  func acquire(_ sourceID: String) async throws
  /// Tells every host to leave the source alone.
  func coolDown(_ sourceID: String, for duration: Duration, reason: String) async throws
}

/// No limit: for a single partition built by hand, where the operator is the limit.
package struct UnlimitedRate: RateLimiter {
  package init() {}
  package func acquire(_ sourceID: String) async throws {}
  package func coolDown(_ sourceID: String, for duration: Duration, reason: String) async throws {}
}
