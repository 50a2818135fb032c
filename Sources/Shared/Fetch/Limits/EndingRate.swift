/// A limit that lets nobody begin once an attempt is over. Who waits for a request by then may still send it: it may be
/// granted already, and what it brings is kept for the next attempt.
struct EndingRate: RateLimiter {
  let limiter: any RateLimiter
  let isOver: @Sendable () -> Bool

  func acquire(_ sourceID: String) async throws {
    if isOver() { throw CancellationError() }
    try await limiter.acquire(sourceID)
  }

  func coolDown(_ sourceID: String, for duration: Duration, reason: String) async throws {
    try await limiter.coolDown(sourceID, for: duration, reason: reason)
  }
}
