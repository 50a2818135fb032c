import Testing

/// One dataset, built from its recordings, with figures that were read from the recorded files by other programs than ours
/// (awk, Python): a new dataset is a new line here.
struct DatasetCase: Sendable, CustomTestStringConvertible {
  var dataset: String
  var year: Int
  var sources: [String]
  /// Files of the one source that stand in for the recordings: layouts of other years.
  var files: [String: String] = [:]
  /// A query of one value, and what it must be.
  var figures: [(query: String, expected: String)]

  var testDescription: String { "\(dataset) \(year)" }

  static let all: [DatasetCase] = [
    DatasetCase(
      dataset: "rent_index", year: 2020, sources: ["zillow_research"],
      figures: [
        ("SELECT count(*) FROM rent_index", "156"),
        (
          "SELECT round(rent::numeric, 4) FROM rent_index WHERE geo_id = 'US' AND period_start = '2020-06-01'",
          "1584.1148"
        ),
        (
          "SELECT round(rent::numeric, 4) FROM rent_index WHERE geo_id = '11001' AND period_start = '2020-12-01'",
          "2451.8927"
        ),
        (
          "SELECT string_agg(DISTINCT geo_id, ' ' ORDER BY geo_id) FROM rent_index WHERE state_code = '39'",
          "39041 39049 39159"
        ),
      ]),
    DatasetCase(
      dataset: "rent_estimate", year: 2018, sources: ["apartment_list"],
      figures: [
        ("SELECT count(*) FROM rent_estimate", "234"),
        (
          "SELECT rent FROM rent_estimate WHERE geo_id = '39049' AND bedrooms = '2br' AND period_start = '2018-03-01'",
          "1087"
        ),
        ("SELECT min(period_start) FROM rent_estimate WHERE geo_id = '01001'", "2018-07-01"),
        ("SELECT count(*) FROM rent_estimate WHERE geo_id = 'US' AND geo_level = 'nation'", "36"),
      ]),
    DatasetCase(
      dataset: "market_tracker", year: 2020, sources: ["redfin_data_center"],
      figures: [
        ("SELECT count(*) FROM market_tracker WHERE name = 'National' AND geo_id = 'US'", "48"),
        (
          "SELECT (median_sale_price, homes_sold, inventory) FROM market_tracker WHERE period_start = '2020-06-01' AND property_type = 'All Residential' AND NOT is_seasonally_adjusted",
          "(310012,596563,1264014)"
        ),
        (
          "SELECT sum(homes_sold) FROM market_tracker WHERE property_type = 'Condo/Co-op' AND NOT is_seasonally_adjusted",
          "696099"
        ),
      ]),
  ]
}
