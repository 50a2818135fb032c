internal import Catalog

/// What the country and its whole history cost of a dataset that is planned, in the words of its page.
package struct FullRunForecast: Encodable, Sendable {
  package var dataset: String
  package var first_year: Int
  package var last_year: Int
  package var partitions: Int
  package var requests: Int
  /// Whether it may be more requests.
  package var is_least: Bool
  /// Of requests of a stated size; nil where no size is.
  package var bytes: Int64?
  package var seconds: Double
  package var text: [String]

  init(_ spec: DatasetSpec, _ registry: SourceRegistry) {
    let run = spec.fullRun
    let byteCount = run.costs.reduce(0) { $0 + $1.byteCount }
    dataset = spec.name
    (first_year, last_year, partitions) = (run.firstYear, run.lastYear, run.partitionCount)
    requests = run.costs.reduce(0) { $0 + $1.requestCount }
    is_least = run.costs.contains(where: \.isLeast)
    bytes = byteCount > 0 ? byteCount : nil
    seconds = run.seconds(registry)
    text = ["a full run of \(spec.name) costs (\(run.extent)):"] + run.lines(registry)
  }
}
