/// Requests a second of each source, from what was granted between two looks.
package struct RateMeter {
  package init() {}

  private var samples: [(at: ContinuousClock.Instant, granted: [String: Int64])] = []

  /// Shorter, and one request more or less would jump about; longer, and a stop would be noticed late.
  private static let span = Duration.seconds(5)

  /// Adds a look, and fills in the rates since the oldest one within the span.
  package mutating func measure(_ sources: inout [Snapshot.Source], at now: ContinuousClock.Instant = .now) {
    samples.append((now, Dictionary(uniqueKeysWithValues: sources.map { ($0.id, $0.granted) })))
    // One look from before the span stays, so that there is always one to compare with.
    while samples.count > 2, now - samples[1].at >= Self.span { samples.removeFirst() }
    guard let first = samples.first, now > first.at else { return }
    let seconds = (now - first.at) / .seconds(1)
    for index in sources.indices {
      guard let before = first.granted[sources[index].id] else { continue }
      sources[index].rate = Double(max(0, sources[index].granted - before)) / seconds
    }
  }
}
