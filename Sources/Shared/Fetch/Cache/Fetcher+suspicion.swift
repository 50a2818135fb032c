internal import FoundationEssentials
internal import Logging

extension Fetcher {
  /// Notes that a build or a check refused what these documents hold: none of them is served from the cache again before its
  /// source was asked. An error that a source wrote into a success, or half an answer that looked whole, is gone then as soon
  /// as the source is well.
  ///
  /// Best effort: where it cannot be noted, the log says so, and the cache's time to live ends it.
  package func suspect(_ inputs: [FetchedInput]) async {
    var seen: Set<String> = []
    for input in inputs where input.cacheKey.map({ seen.insert($0).inserted }) ?? false {
      do {
        try await cache.suspect(input)
      } catch {
        logger.info(
          "a document could not be noted as suspect", metadata: ["url": "\(input.url)", "reason": "\(error)"])
      }
    }
  }
}

extension RawCache {
  func suspect(_ input: FetchedInput) async throws {
    guard let key = input.cacheKey else { return }
    try await withSingleFlight(key) {
      // Asked anew meanwhile: what is there is another answer.
      // A time loses less than a microsecond in the index.
      guard var known = entry(key), known.sha256 == input.sha256, !known.isSuspect,
        known.fetchedAt.timeIntervalSince(input.fetchedAt) < 1e-6
      else { return }
      known.suspicion = true
      try record(known, key: key)
      try await share(known, key: key)
    }
  }
}
