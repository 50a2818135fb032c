internal import Base

/// A run of a dataset for the country and its whole history, with nothing in the cache.
package struct FullRun: Sendable {
  /// Where the history of datasets that go on ends: the last whole year when this was written.
  package static let lastYear = 2025

  package var firstYear: Int
  package var lastYear: Int
  package var partitionCount: Int
  package var costs: [SourceCost]

  /// The line that transfers are reckoned with: 100 Mbit/s, in bytes a second.
  private static let lineBytesPerSecond = 12_500_000.0

  /// The longest of what each source's limits take, which are asked at the same time, and of all transfers on one line.
  package func seconds(_ registry: SourceRegistry) -> Double {
    let limits = costs.map { cost in registry[cost.sourceID].map { cost.seconds($0.rateLimit) } ?? 0 }
    let bytes = costs.reduce(0.0) { $0 + Double($1.byteCount) }
    return max(limits.max() ?? 0, bytes / Self.lineBytesPerSecond)
  }

  /// For instance `the country, 1990 to 2025`.
  package var extent: String {
    "the country, " + (firstYear == lastYear ? "\(firstYear)" : "\(firstYear) to \(lastYear)")
  }

  /// A line for each source, and one for all of it, for instance `in all 36 partitions, 36 requests, about 3.1 GB, 5 min or
  /// more`.
  package func lines(_ registry: SourceRegistry) -> [String] {
    let count = costs.reduce(0) { $0 + $1.requestCount }
    let bytes = costs.reduce(Int64(0)) { $0 + $1.byteCount }
    if costs.isEmpty { return ["\(partitionCount.counted("partition")), and no request: it reads what is published"] }
    let isSized = costs.allSatisfy(\.isSized)
    let estimate = costs.contains(where: \.isEstimated) ? "about " : ""
    let size = bytes == 0 ? "bytes not known" : "\(isSized ? "about" : "more than") \(SourceCost.size(bytes))"
    let all =
      "in all \(partitionCount.counted("partition")), \(estimate)\(count.counted("request"))"
      + (costs.contains(where: \.isLeast) ? " or more" : "") + ", \(size), \(hours(registry))"
    return costs.map(\.words) + [all]
  }

  private func hours(_ registry: SourceRegistry) -> String {
    let seconds = seconds(registry)
    let time =
      seconds >= 172_800
      ? "\(Int((seconds / 86_400).rounded(.up))) days" : readableDuration(Int(max(1, seconds).rounded(.up)))
    return "\(time) at least"
  }
}
