internal import Catalog

/// A check's arguments under the names that Great Expectations gives them.
struct CheckArguments: Encodable {
  private let check: DatasetCheck

  init(_ check: DatasetCheck) {
    self.check = check
  }

  private enum Key: String, CodingKey {
    case column, column_list, column_A, column_B, min_value, max_value, value, value_set, regex, mostly, within, dataset
    case other_column, days, extent
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encodeIfPresent(check.column, forKey: .column)
    if check.name == .pairAGreater {
      try container.encode(check.columns[0], forKey: .column_A)
      try container.encode(check.columns[1], forKey: .column_B)
    } else if !check.columns.isEmpty {
      try container.encode(check.columns, forKey: .column_list)
    }
    switch check.name {
    case .rowCountEqual: try container.encodeIfPresent(check.minimum, forKey: .value)
    case .fresh: try container.encodeIfPresent(check.maximum, forKey: .days)
    default:
      try container.encodeIfPresent(check.minimum, forKey: .min_value)
      try container.encodeIfPresent(check.maximum, forKey: .max_value)
    }
    if !check.values.isEmpty { try container.encode(check.values, forKey: .value_set) }
    try container.encodeIfPresent(check.regex, forKey: .regex)
    if check.mostly < 1 { try container.encode(check.mostly, forKey: .mostly) }
    try container.encodeIfPresent(check.within, forKey: .within)
    try container.encodeIfPresent(check.dataset, forKey: .dataset)
    try container.encodeIfPresent(check.otherColumn, forKey: .other_column)
    if !check.extent.isEmpty { try container.encode(check.extent, forKey: .extent) }
  }
}
