/// What partitions ask of one source, when nothing of it is in the cache.
package struct SourceCost: Sendable, Equatable {
  package var sourceID: String
  private var requests: Double = 0
  /// Whether it may be more: answers in pages, and requests that rows decide on, of which the definition says no number.
  package private(set) var isLeast = false
  /// Whether the number is an estimate.
  package private(set) var isEstimated = false
  /// What documents of stated sizes have together.
  package private(set) var byteCount: Int64 = 0
  /// Requests of which no size is stated.
  package private(set) var unsizedCount = 0

  package init(sourceID: String) {
    self.sourceID = sourceID
  }

  package var requestCount: Int { Int(requests.rounded(.up)) }
  /// Whether each of its requests has a stated size.
  package var isSized: Bool { unsizedCount == 0 && !isLeast }

  mutating func add(_ request: DatasetRequest, times: Int) {
    let isOpen = request.pages != nil || request.rowsFile != nil
    var count = request.cost?.requestCount
    if count == nil {
      // The pages of a layer are asked for after its count.
      count = Double(request.documentCount * (request.pages?.style == .arcgis ? 2 : 1))
      isLeast = isLeast || isOpen
    } else {
      isEstimated = true
    }
    let asked = (count ?? 0) * Double(times)
    requests += asked
    if let megabytes = request.cost?.megabytes {
      byteCount += Int64(megabytes * 1e6 * asked)
    } else {
      unsizedCount += Int(asked.rounded(.up))
    }
  }

  package mutating func add(_ other: SourceCost) {
    requests += other.requests
    isLeast = isLeast || other.isLeast
    isEstimated = isEstimated || other.isEstimated
    byteCount += other.byteCount
    unsizedCount += other.unsizedCount
  }

  /// Bytes that are known otherwise, for instance by what came before.
  package mutating func addBytes(_ count: Int64) { byteCount += count }

  /// An answer is reckoned to take at least so long, for how many a source's limit of tasks at a time lets through: two
  /// ways across a continent, and the time that servers take.
  private static let answerSeconds = 0.2

  /// How long so many requests take by all that the source's limits say: its rate, its tasks at a time, its daily quota.
  package func seconds(_ limit: SourceDefinition.RateLimit) -> Double {
    let count = Double(requestCount)
    let rate = limit.requestsPerSecond.map { max(0, count - Double(limit.burst ?? 1)) / $0 } ?? 0
    let atOnce = count * Self.answerSeconds / Double(limit.concurrency ?? 1)
    guard let perDay = limit.perDay, perDay > 0, requestCount > perDay else { return max(rate, atOnce) }
    return max(rate, atOnce, Double((requestCount - 1) / perDay) * 86_400)
  }

  /// For instance `about 624 requests to census_tiger, about 2.5 GB`.
  package var words: String {
    let noun = requestCount == 1 ? "request" : "requests"
    let number = isEstimated ? "about \(requestCount)" : "\(requestCount)"
    let asked = "\(number) \(noun)\(isLeast ? " or more" : "") to \(sourceID)"
    guard byteCount > 0 else { return "\(asked), of a size that is not known" }
    return "\(asked), \(isSized ? "about" : "more than") \(Self.size(byteCount))"
  }

  /// Two digits: more would say that it was measured.
  package static func size(_ bytes: Int64) -> String {
    let units: [(String, Double)] = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6)]
    let (unit, size) = units.first { Double(bytes) >= $0.1 * 0.9995 } ?? ("kB", 1e3)
    let value = Double(bytes) / size
    if value >= 10 { return "\(Int(value.rounded())) \(unit)" }
    let tenths = (value * 10).rounded() / 10
    return tenths < 0.1 ? "0.1 \(unit)" : "\(tenths == tenths.rounded() ? "\(Int(tenths))" : "\(tenths)") \(unit)"
  }
}
