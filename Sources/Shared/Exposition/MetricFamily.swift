/// A metric as its readers know it.
package struct MetricFamily: Sendable, Equatable {
  package enum Kind: String, Sendable {
    case counter, gauge, histogram
  }

  /// With its unit, and `_total` for a counter: `aker_source_requests_total`.
  package var name: String
  package var kind: Kind
  /// One sentence, without line breaks.
  package var help: String
  /// In the order of each sample's values.
  package var labels: [String]
  /// Upper bounds of a histogram's buckets, in its unit.
  package var bounds: [Double]

  package init(_ name: String, _ kind: Kind, _ help: String, labels: [String] = [], bounds: [Double] = []) {
    self.name = name
    self.kind = kind
    self.help = help
    self.labels = labels
    self.bounds = bounds
  }
}
