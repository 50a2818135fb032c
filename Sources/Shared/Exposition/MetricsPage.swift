internal import Base

/// The text that Prometheus reads, in its own format or as OpenMetrics.
package struct MetricsPage: Sendable {
  package enum Format: Sendable {
    case prometheus, openMetrics

    /// What the reader's `Accept` prefers.
    package init(accept: String?) {
      self = accept?.contains("application/openmetrics-text") == true ? .openMetrics : .prometheus
    }

    package var contentType: String {
      switch self {
      case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
      case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
      }
    }
  }

  package struct Sample: Sendable {
    package var labels: [(name: String, value: String)]
    package var value: Double

    package init(labels: [(name: String, value: String)] = [], value: Double) {
      self.labels = labels
      self.value = value
    }
  }

  private let format: Format
  private var text = ""

  package init(_ format: Format) {
    self.format = format
  }

  /// A family with its samples; nothing where there are none.
  package mutating func add(_ family: MetricFamily, _ samples: [Sample]) {
    guard !samples.isEmpty else { return }
    head(family)
    for sample in samples { line(family.name, sample.labels, sample.value) }
  }

  package mutating func add(
    _ family: MetricFamily, _ histograms: [(labels: [(name: String, value: String)], Histogram)]
  ) {
    guard !histograms.isEmpty else { return }
    head(family)
    for (labels, histogram) in histograms {
      var count = 0
      for (bound, more) in zip(family.bounds, histogram.counts) {
        count += more
        line(family.name + "_bucket", labels + [("le", Self.number(bound))], Double(count))
      }
      line(family.name + "_bucket", labels + [("le", "+Inf")], Double(histogram.count))
      line(family.name + "_sum", labels, histogram.sum)
      line(family.name + "_count", labels, Double(histogram.count))
    }
  }

  package func rendered() -> String {
    format == .openMetrics ? text + "# EOF\n" : text
  }

  private mutating func head(_ family: MetricFamily) {
    // OpenMetrics names a counter's family without the ending of its samples.
    let name =
      format == .openMetrics && family.kind == .counter && family.name.hasSuffix("_total")
      ? String(family.name.dropLast("_total".count)) : family.name
    text += "# HELP \(name) \(Self.escaped(family.help, quotes: false))\n# TYPE \(name) \(family.kind.rawValue)\n"
  }

  private mutating func line(_ name: String, _ labels: [(name: String, value: String)], _ value: Double) {
    text += name
    if !labels.isEmpty {
      let pairs = labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
      text += "{" + pairs.joined(separator: ",") + "}"
    }
    text += " \(Self.number(value))\n"
  }

  /// Names of datasets, sources and hosts come from outside.
  private static func escaped(_ text: String, quotes: Bool) -> String {
    var escaped = ""
    for scalar in OutsideText.line(text).unicodeScalars {
      switch scalar {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\"" where quotes: escaped += "\\\""
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  private static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
    return value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
  }
}
