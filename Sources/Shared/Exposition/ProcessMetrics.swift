internal import Synchronization

/// What this process counts, in memory: nothing of it is in the database, and a scrape waits for nothing.
///
/// Label values come from the catalog and from closed sets, so that their number is bounded; more than `mostSeries` of a
/// family are counted together as `other`.
package final class ProcessMetrics: Sendable {
  package static let shared = ProcessMetrics()

  private struct Series: Hashable {
    var family: String
    var values: [String]
  }

  private struct State {
    var families: [String: MetricFamily] = [:]
    var values: [Series: Double] = [:]
    var histograms: [Series: Histogram] = [:]
    var seriesCount: [String: Int] = [:]
  }

  private let state = Mutex(State())
  private static let mostSeries = 500

  package init() {}

  /// Adds to a counter.
  package func add(_ amount: Double = 1, to family: MetricFamily, _ labels: String...) {
    state.withLock { state in
      let series = Self.series(family, labels, &state)
      state.values[series, default: 0] += amount
    }
  }

  package func set(_ value: Double, of family: MetricFamily, _ labels: String...) {
    state.withLock { state in
      let series = Self.series(family, labels, &state)
      state.values[series] = value
    }
  }

  package func observe(_ value: Double, in family: MetricFamily, _ labels: String...) {
    state.withLock { state in
      let series = Self.series(family, labels, &state)
      state.histograms[series, default: Histogram(bounds: family.bounds)].observe(value)
    }
  }

  /// Adds all families to a page, by name.
  package func write(to page: inout MetricsPage) {
    let state = state.withLock { $0 }
    for family in state.families.values.sorted(by: { $0.name < $1.name }) {
      func labels(_ series: Series) -> [(name: String, value: String)] {
        Array(zip(family.labels, series.values)).map { (name: $0.0, value: $0.1) }
      }
      if family.kind == .histogram {
        let found = state.histograms.filter { $0.key.family == family.name }
          .sorted { $0.key.values.lexicographicallyPrecedes($1.key.values) }
        page.add(family, found.map { (labels: labels($0.key), $0.value) })
      } else {
        let found = state.values.filter { $0.key.family == family.name }
          .sorted { $0.key.values.lexicographicallyPrecedes($1.key.values) }
        page.add(family, found.map { MetricsPage.Sample(labels: labels($0.key), value: $0.value) })
      }
    }
  }

  private static func series(_ family: MetricFamily, _ labels: [String], _ state: inout State) -> Series {
    state.families[family.name] = family
    let series = Series(family: family.name, values: labels)
    if state.values[series] != nil || state.histograms[series] != nil { return series }
    let count = state.seriesCount[family.name, default: 0]
    guard count < mostSeries else {
      return Series(family: family.name, values: labels.map { _ in "other" })
    }
    state.seriesCount[family.name] = count + 1
    return series
  }
}
