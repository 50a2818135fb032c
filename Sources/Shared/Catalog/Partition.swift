/// Which partition at which vintage.
package struct Partition: Sendable, Hashable, CustomStringConvertible {
  package var dataset: String
  package var dataYear: Int
  /// Empty where the dataset is not split.
  package var region: String
  package var asOf: String

  package init(dataset: String, dataYear: Int, region: String = "", asOf: String) {
    self.dataset = dataset
    self.dataYear = dataYear
    self.region = region
    self.asOf = asOf
  }

  package var description: String { "\(dataset) \(dataYear)" + (region.isEmpty ? "" : " \(region)") }
}
