/// What a partition's columns are like, kept with its validation for what comes after it: nulls, and of numbers the mean of
/// their absolute values.
package struct Profile: Sendable, Equatable, Codable {
  private struct Column: Codable {
    var nulls: Int?
    var level: Double?
  }

  package var nulls: [String: Int]
  package var levels: [String: Double]

  package init(nulls: [String: Int], levels: [String: Double]) {
    self.nulls = nulls
    self.levels = levels
  }

  package init(from decoder: any Decoder) throws {
    let columns = try decoder.singleValueContainer().decode([String: Column].self)
    nulls = columns.compactMapValues(\.nulls)
    levels = columns.compactMapValues(\.level)
  }

  /// `{"employment": {"nulls": 12, "level": 2345.5}}`.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    var columns = nulls.mapValues { Column(nulls: $0) }
    for (name, level) in levels { columns[name, default: Column()].level = level }
    try container.encode(columns)
  }
}
