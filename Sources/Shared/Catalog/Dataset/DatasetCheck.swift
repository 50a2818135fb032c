/// One data-quality expectation of a dataset, named as Great Expectations names it.
package struct DatasetCheck: Sendable, Equatable {
  package enum Severity: String, Sendable, Codable {
    case warn, fail
  }

  package var name: CheckName
  package var column: String?
  /// For checks over several columns together.
  package var columns: [String] = []
  package var minimum: Double?
  package var maximum: Double?
  package var values: [String] = []
  package var regex: String?
  /// The share of non-null values that must meet the expectation, 0-1.
  package var mostly: Double = 1
  /// How far a figure may be from the one it is compared with, as a share of that one.
  package var within: Double?
  /// The dataset and column that a foreign key points at.
  package var dataset: String?
  package var otherColumn: String?
  /// Values that a foreign key lets pass though they are not there, as regular expressions: known, and written down.
  package var exceptions: [String] = []
  /// The rows that a foreign key is about: column and value; nil for all.
  package var rows: Condition?
  /// Whether the greater of a pair may be the same.
  package var orEqual = false
  /// West, south, east, north in degrees, for geometries.
  package var extent: [Double] = []
  /// The years that it is made for; nil for all.
  package var years: YearRange?
  package var severity: Severity = .fail
  /// Where it stands in dataset.yml, from 1.
  package var line: Int

  package struct Condition: Sendable, Equatable {
    package var column: String
    package var value: String
  }

  package init(name: CheckName, column: String? = nil, line: Int) {
    self.name = name
    self.column = column
    self.line = line
  }
}
