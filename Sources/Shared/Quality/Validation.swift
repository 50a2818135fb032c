/// Everything that is known of how good one partition is.
package struct Validation: Sendable {
  package var dataset: String
  package var dataYear: Int
  package var region: String
  package var asOf: String
  package var definitionHash: String
  package var drift: [SchemaDrift]
  /// Empty where the drift kept the partition from being built.
  package var results: [CheckResult]
  package var rowCount: Int?
  package var profile: Profile

  package init(
    dataset: String, dataYear: Int, region: String, asOf: String, definitionHash: String, drift: [SchemaDrift],
    results: [CheckResult], rowCount: Int?, profile: Profile
  ) {
    self.dataset = dataset
    self.dataYear = dataYear
    self.region = region
    self.asOf = asOf
    self.definitionHash = definitionHash
    self.drift = drift
    self.results = results
    self.rowCount = rowCount
    self.profile = profile
  }

  package var hasFailedDrift: Bool { drift.contains(where: \.isFailure) }
  package var failedCount: Int { results.count(where: \.isFailure) }
  /// What somebody should look at: a column more than declared is none of it.
  package var warnedCount: Int { results.count(where: \.isWarning) + drift.count { $0.kind == .flattened } }
  package var success: Bool { failedCount == 0 && !hasFailedDrift }

  package var partitionName: String { "\(dataset) \(dataYear)" + (region.isEmpty ? "" : " \(region)") }
}
