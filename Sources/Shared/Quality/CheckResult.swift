package import Catalog
internal import FoundationEssentials

/// What one check found.
package struct CheckResult: Sendable {
  package var check: DatasetCheck
  package var success: Bool
  /// Rows that the expectation is about (non-null ones, for checks of values).
  package var elementCount: Int?
  package var unexpectedCount: Int?
  package var observed: Double?
  /// False where there was nothing to compare with: neither passed nor failed, and in nobody's way.
  package var isCompared = true
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

  /// As one reads them; `mostly` comes last, whatever it qualifies.
  private static let argumentNames = [
    "value", "min_value", "max_value", "value_set", "regex", "dataset", "other_column", "days", "extent", "within",
    "mostly",
  ]

  /// What was expected, besides of which columns: `min_value` and `0`, `mostly` and `0.95`.
  package var expected: [(name: String, value: String)] {
    guard let data = try? JSONEncoder().encode(CheckArguments(check)) else { return [] }
    let arguments = JSONText(String(decoding: data, as: UTF8.self))
    return Self.argumentNames.compactMap { name in
      let value = arguments.items(of: name).map { $0.joined(separator: ", ") } ?? arguments.text(of: name)
      return value.map { (name, $0) }
    }
  }

  package var isFailure: Bool { !success && check.severity == .fail }
  /// Whether it tells of texts that came with letters lost.
  package var isOfLostLetters: Bool { !success && check.regex == CheckQuery.lostLetter }
  package var isWarning: Bool { !success && check.severity == .warn }
}
