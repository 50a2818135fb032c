/// The checks there are. Those that Great Expectations has bear its names and take its arguments.
package enum CheckName: String, Sendable, CaseIterable, Codable {
  // A column's values, one by one; `mostly` is the share of non-null values that must pass.
  case notNull = "expect_column_values_to_not_be_null"
  case null = "expect_column_values_to_be_null"
  case between = "expect_column_values_to_be_between"
  case unique = "expect_column_values_to_be_unique"
  case inSet = "expect_column_values_to_be_in_set"
  case notInSet = "expect_column_values_to_not_be_in_set"
  case matchRegex = "expect_column_values_to_match_regex"
  case notMatchRegex = "expect_column_values_to_not_match_regex"
  case lengthBetween = "expect_column_value_lengths_to_be_between"
  // Columns together.
  case compoundUnique = "expect_compound_columns_to_be_unique"
  case pairAGreater = "expect_column_pair_values_a_to_be_greater_than_b"
  // The table, or one figure of a column.
  case rowCountBetween = "expect_table_row_count_to_be_between"
  case rowCountEqual = "expect_table_row_count_to_equal"
  case meanBetween = "expect_column_mean_to_be_between"
  case medianBetween = "expect_column_median_to_be_between"
  case sumBetween = "expect_column_sum_to_be_between"
  case minBetween = "expect_column_min_to_be_between"
  case maxBetween = "expect_column_max_to_be_between"
  case distinctInSet = "expect_column_distinct_values_to_be_in_set"
  case distinctContain = "expect_column_distinct_values_to_contain_set"
  case distinctEqual = "expect_column_distinct_values_to_equal_set"
  case distinctCount = "expect_column_unique_value_count_to_be_between"
  case nullShareBetween = "expect_column_proportion_of_non_null_values_to_be_between"
  // What ETL needs besides.
  case rowCountPreviousYear = "expect_row_count_to_be_close_to_previous_year"
  case rowCountPreviousVintage = "expect_row_count_to_be_close_to_previous_vintage"
  case nullSharePreviousVintage = "expect_column_null_share_to_be_close_to_previous_vintage"
  case levelPrevious = "expect_column_level_to_be_close_to_previous"
  case foreignKey = "expect_column_values_to_exist_in_dataset"
  case geometryValid = "expect_column_geometries_to_be_valid"
  case geometryExtent = "expect_column_geometries_to_be_within_extent"
  case fresh = "expect_input_to_be_fetched_within_days"

  /// How a check is worked out, and what it needs to be told.
  package enum Kind: Sendable {
    /// A condition on each value of a column.
    case values
    /// A condition on each row.
    case rows
    /// A figure of the whole table or column.
    case figure
    /// A figure compared with one that was published before.
    case comparison
    /// Something known without reading the rows.
    case context
  }

  package var kind: Kind {
    switch self {
    case .notNull, .null, .between, .unique, .inSet, .notInSet, .matchRegex, .notMatchRegex, .lengthBetween,
      .geometryValid, .geometryExtent, .foreignKey:
      .values
    case .compoundUnique, .pairAGreater: .rows
    case .rowCountBetween, .rowCountEqual, .meanBetween, .medianBetween, .sumBetween, .minBetween, .maxBetween,
      .distinctInSet, .distinctContain, .distinctEqual, .distinctCount, .nullShareBetween:
      .figure
    case .rowCountPreviousYear, .rowCountPreviousVintage, .nullSharePreviousVintage, .levelPrevious: .comparison
    case .fresh: .context
    }
  }

  /// Whether it is about one named column.
  package var needsColumn: Bool {
    switch self {
    case .compoundUnique, .pairAGreater, .rowCountBetween, .rowCountEqual, .rowCountPreviousYear,
      .rowCountPreviousVintage, .fresh:
      false
    default: true
    }
  }
}
