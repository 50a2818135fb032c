package import Catalog
internal import Synchronization

/// Keeps to each source's rate within this process alone: for a partition that is built by hand, outside the queue.
package final class PacedRate: RateLimiter {
  private struct Bucket {
    var tokens: Double
    var filledAt: ContinuousClock.Instant
  }

  private let registry: SourceRegistry
  private let buckets = Mutex<[String: Bucket]>([:])

  package init(_ registry: SourceRegistry) {
    self.registry = registry
  }

  package func acquire(_ sourceID: String) async throws {
    guard let limit = registry[sourceID]?.rateLimit, let rate = limit.requestsPerSecond, rate > 0 else { return }
    let burst = Double(max(1, limit.burst ?? 1))
    let wait: Double = buckets.withLock { buckets in
      let now = ContinuousClock.now
      var bucket = buckets[sourceID] ?? Bucket(tokens: burst, filledAt: now)
      let elapsed = (now - bucket.filledAt) / .seconds(1)
      // Below zero is a place in the line: who comes later waits longer.
      bucket.tokens = min(burst, bucket.tokens + elapsed * rate) - 1
      bucket.filledAt = now
      buckets[sourceID] = bucket
      return max(0, -bucket.tokens / rate)
    }
    if wait > 0 { try await Task.sleep(for: .seconds(wait)) }
  }

  /// Nobody else asks: whoever is told to wait gets the error, and decides.
  package func coolDown(_ sourceID: String, for duration: Duration, reason: String) async throws {}
}
