package import Catalog

/// What one check found.
package struct CheckResult: Sendable {
  package var check: DatasetCheck
  package var success: Bool
  /// Rows that the expectation is about (non-null ones, for checks of values).
  package var elementCount: Int?
  package var unexpectedCount: Int?
  package var observed: Double?
  /// One sentence for people.
  package var message: String
  /// At most `exampleLimit` rows, as JSON objects.
  package var examples: [String] = []

  package static let exampleLimit = 20

  package init(check: DatasetCheck, success: Bool, observed: Double? = nil, message: String) {
    self.check = check
    self.success = success
    self.observed = observed
    self.message = message
  }

  package var unexpectedPercent: Double? {
    guard let elementCount, let unexpectedCount, elementCount > 0 else { return nil }
    return 100 * Double(unexpectedCount) / Double(elementCount)
  }

  package var isFailure: Bool { !success && check.severity == .fail }
  package var isWarning: Bool { !success && check.severity == .warn }
}
