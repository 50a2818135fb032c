import Testing

/// One dataset, built from its recordings, with figures that were read from the recorded files by other programs than ours
/// (awk, Python): a new dataset is a new line here.
struct DatasetCase: Sendable, CustomTestStringConvertible {
  var dataset: String
  var year: Int
  var sources: [String]
  /// Datasets that it reads, in the order in which they are built.
  var upstreams: [String] = []
  /// Files of the one source that stand in for the recordings: layouts of other years.
  var files: [String: String] = [:]
  /// A query of one value, and what it must be.
  var figures: [(query: String, expected: String)]

  var testDescription: String { "\(dataset) \(year)" }

  static let all: [DatasetCase] = [
    DatasetCase(
      dataset: "rent_index", year: 2020, sources: ["zillow_research", "census_popest"],
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
        // Codes of the Census Bureau: of three metros named Columbus, that of Ohio.
        (
          "SELECT string_agg(DISTINCT concat_ws(' ', zillow_region_id, name, geo_id), ', ') FROM rent_index WHERE geo_level = 'metro'",
          "394358 Baltimore, MD 12580, 394492 Columbus, OH 18140, 395209 Washington, DC 47900"
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
      dataset: "market_tracker", year: 2020, sources: ["redfin_data_center", "census_codes"],
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
    DatasetCase(
      dataset: "market_population", year: 2012, sources: populationSources,
      figures: [
        ("SELECT population FROM market_population WHERE geo_id = '24047'", "51398"),
        ("SELECT sum(population) FROM market_population WHERE geo_level = 'county' AND state_code = '51'", "8014955"),
        (
          "SELECT string_agg(DISTINCT series || ' ' || reference_period, ', ') FROM market_population", "acs5 2008-2012"
        ),
      ]),
    DatasetCase(
      dataset: "market_population", year: 2020, sources: populationSources,
      figures: [
        (
          "SELECT string_agg(concat_ws(' ', series, population, reference_period, vintage), ', ' ORDER BY series) FROM market_population WHERE geo_id = '39049'",
          "decennial 1310926 2020-04-01 2020, pep 1325672 2020-07-01 2021"
        ),
        (
          "SELECT string_agg(series || ' ' || n, ', ' ORDER BY series) FROM (SELECT series, count(*) AS n FROM market_population GROUP BY 1) s",
          "acs5 295, decennial 10, pep 10"
        ),
        // The recordings of 2020 have incomes only.
        ("SELECT DISTINCT population_note FROM market_population WHERE series = 'acs5'", "not_answered"),
      ]),
    // Vintages before 2019 have another name for a place.
    DatasetCase(
      dataset: "market_population", year: 2018, sources: populationSources,
      figures: [
        (
          "SELECT string_agg(concat_ws(' ', geo_id, name, population, vintage), ', ') FROM market_population WHERE series = 'pep' AND geo_id = '39049'",
          "39049 Franklin County, Ohio 1287506 2018"
        )
      ]),
    // The files of later vintages have states, too, a name in Latin-1, and planning regions.
    DatasetCase(
      dataset: "market_population", year: 2023, sources: populationSources,
      figures: [
        (
          "SELECT string_agg(concat_ws(' ', series, geo_level, n), ', ' ORDER BY geo_level) FROM (SELECT series, geo_level, count(*) AS n FROM market_population GROUP BY 1, 2) s",
          "pep county 11, pep state 7"
        ),
        (
          "SELECT string_agg(concat_ws(' ', geo_id, name, population, reference_period, vintage), ', ' ORDER BY geo_id) FROM market_population WHERE geo_id IN ('09120', '35013', '39', '39049')",
          "09120 Greater Bridgeport Planning Region, Connecticut 331234 2023-07-01 2023, 35013 Doña Ana County, New Mexico 229580 2023-07-01 2023, 39 Ohio 11919524 2023-07-01 2023, 39049 Franklin County, Ohio 1319826 2023-07-01 2023"
        ),
      ]),
    DatasetCase(
      dataset: "commute_flows", year: 2020, sources: ["lehd_lodes"],
      figures: [
        (
          "SELECT string_agg(home_geo_id || ' ' || jobs, ', ' ORDER BY home_geo_id) FROM commute_flows WHERE geo_id = '24031' AND home_geo_id IN ('11001', '24031', 'all')",
          "11001 50, 24031 18, all 89"
        ),
        ("SELECT count(*) FROM commute_flows WHERE region = 'md'", "30"),
        (
          "SELECT string_agg(DISTINCT geo_id, ' ' ORDER BY geo_id) FROM commute_flows WHERE region = 'al'",
          "01001 01073"
        ),
        // Flows from all homes are the count by workplace.
        ("SELECT sum(CASE home_geo_id WHEN 'all' THEN -jobs ELSE jobs END) FROM commute_flows", "0"),
      ]),
    DatasetCase(
      dataset: "amenity_benchmarks", year: 2020, sources: ["vendor_amenities"],
      figures: [
        ("SELECT count(*) FROM amenity_benchmarks", "48"),
        (
          "SELECT string_agg(concat_ws(' ', metric, round(value::numeric, 5), unit, reported_unit), ', ' ORDER BY metric) FROM amenity_benchmarks WHERE geo_id = '18140' AND amenity = 'pool'",
          "installation_cost 2395.41000 usd_per_door kUSD/door, operating_cost 11.17833 usd_per_unit_month USD/unit/year, rent_premium 20.12000 usd_per_unit_month USD/unit/month, usage_rate 0.41200 share %"
        ),
        (
          "SELECT (geo_id, amenity, metric) FROM amenity_benchmarks WHERE interval_low IS NULL",
          "(12580,package_lockers,operating_cost)"
        ),
      ]),
    DatasetCase(
      dataset: "membership_revenue", year: 2020, sources: ["vendor_membership"],
      figures: [
        (
          "SELECT string_agg(concat_ws(' ', metric, round(value::numeric, 4), unit), ', ' ORDER BY metric) FROM membership_revenue WHERE geo_id = '47900' AND program = 'pet'",
          "penetration 0.2751 share, revenue 9.2400 usd_per_unit_month, revenue_per_member 32.9875 usd_per_unit_month"
        )
      ]),
    DatasetCase(
      dataset: "retention_signals", year: 2021, sources: ["vendor_retention"],
      figures: [
        (
          "SELECT string_agg(concat_ws(' ', signal, round(value::numeric, 6), unit), ', ' ORDER BY signal) FROM retention_signals WHERE geo_id = '47900' AND period_start = '2021-07-01'",
          "concession 6.194300 usd_per_unit_month, lead_to_lease_rate 0.123745 share, renewal_rate 0.615960 share, turnover_rate 0.133900 share"
        ),
        ("SELECT bool_and(share BETWEEN 0 AND 1) FROM retention_signals WHERE unit = 'share'", "true"),
      ]),
    DatasetCase(
      dataset: "hazard_risk", year: 2021, sources: ["fema_nri"],
      figures: [
        ("SELECT count(DISTINCT geo_id) FROM hazard_risk WHERE geo_level = 'county'", "14"),
        (
          "SELECT string_agg(concat_ws(' ', hazard, severity, rating, note, raw_value, expected_annual_loss), ', ' ORDER BY hazard) FROM hazard_risk WHERE geo_id = '39049' AND hazard IN ('all', 'coastal_flooding', 'wildfire')",
          "all 19.87481585 relatively_moderate 44448707.86, coastal_flooding not_applicable, wildfire 57.757832 very_high 1167357.982"
        ),
        ("SELECT raw_value FROM hazard_risk WHERE geo_id = '39049' AND hazard = 'social_vulnerability'", "-1.54"),
        (
          "SELECT (count(*) FILTER (WHERE note = 'not_applicable' AND severity IS NULL), count(*) FILTER (WHERE note = 'no_rating')) FROM hazard_risk WHERE geo_level = 'county'",
          "(46,17)"
        ),
        ("SELECT string_agg(geo_id, ' ') FROM hazard_risk WHERE note = 'insufficient_data'", "39049010300"),
        ("SELECT count(DISTINCT geo_id) FROM hazard_risk WHERE geo_level = 'tract' AND state_code = '01'", "3"),
      ]),
    DatasetCase(
      dataset: "hazard_risk", year: 2023, sources: ["fema_nri"],
      figures: [
        (
          "SELECT string_agg(concat_ws(' ', hazard, severity, rating, raw_value), ', ' ORDER BY hazard) FROM hazard_risk WHERE geo_id = '39049' AND hazard IN ('all', 'hail')",
          "all 66.630948 relatively_moderate 47560117.41, hail 1.085287 very_low 34010.181"
        ),
        ("SELECT DISTINCT version FROM hazard_risk", "March 2023"),
      ]),
    DatasetCase(
      dataset: "hazard_water_stress", year: 2019, sources: ["census_tiger", "wri_aqueduct", "hydrosheds"],
      upstreams: ["boundary_county"],
      figures: [
        (
          "SELECT (round(severity::numeric, 6), round(share_scored::numeric, 6)) FROM hazard_water_stress WHERE geo_id = '24' AND indicator = 'water_stress'",
          "(59.308298,0.878749)"
        ),
        (
          "SELECT string_agg(concat_ws(' ', severity, label, note, raw_value), ', ' ORDER BY geo_id) FROM hazard_water_stress WHERE state_code = '32' AND geo_level = 'basin' AND indicator = 'water_stress' AND note IS NOT NULL",
          "Arid and Low Water Use arid_and_low_use, 100 Extremely High (>80%) near_zero_supply"
        ),
        ("SELECT count(*) FROM hazard_water_stress WHERE geo_level = 'basin' AND indicator = 'water_stress'", "20"),
        // Outlines of counties were cut by the basins' boxes in Python: one within a basin, some over two or four, one with a gap.
        (
          "SELECT string_agg(concat_ws(' ', geo_id, round(severity::numeric, 6), round(raw_value::numeric, 6), round(share_scored::numeric, 6)), ', ' ORDER BY geo_id) FROM hazard_water_stress WHERE indicator = 'water_stress' AND geo_id IN ('11001', '24001', '24031', '39049')",
          "11001 61.822800 0.556405 1.000000, 24001 67.805028 0.610245 1.000000, 24031 66.398020 0.597582 0.621274, 39049 75.553280 0.679980 1.000000"
        ),
        (
          "SELECT string_agg(state_code || ' ' || n, ', ' ORDER BY state_code) FROM (SELECT state_code, count(*) AS n FROM hazard_water_stress WHERE geo_level = 'county' AND indicator = 'water_stress' GROUP BY 1) s",
          "11 1, 24 24, 39 88, 51 103"
        ),
        (
          "SELECT string_agg(geo_id || ' ' || note, ', ' ORDER BY geo_id) FROM hazard_water_stress WHERE geo_level = 'county' AND indicator = 'water_stress' AND severity IS NULL",
          "24045 no_data, 24047 no_data"
        ),
      ]),
    DatasetCase(
      dataset: "state_unemployment", year: 2020, sources: ["bls_state_unemployment"],
      figures: [
        // 51 series, which are two queries.
        ("SELECT (count(*), count(DISTINCT geo_id), count(unemployment_rate)) FROM state_unemployment", "(612,51,611)"),
        ("SELECT unemployment_rate FROM state_unemployment WHERE geo_id = '39' AND period_start = '2020-05-01'", "5.0"),
        ("SELECT (geo_id, period_start) FROM state_unemployment WHERE note = 'not_collected'", "(24,2020-10-01)"),
      ]),
  ]

  /// Datasets whose figures are in DatasetTests.
  static let figuredElsewhere: [DatasetCase] = [
    DatasetCase(dataset: "market_jobs", year: 2021, sources: ["bls_qcew"], figures: []),
    DatasetCase(dataset: "market_unemployment", year: 2017, sources: ["bls_laus"], figures: []),
    DatasetCase(dataset: "business_formation", year: 2024, sources: ["census_bfs"], figures: []),
    DatasetCase(dataset: "building_permits", year: 2019, sources: ["census_bps"], figures: []),
    DatasetCase(dataset: "personal_income", year: 2021, sources: ["bea_regional"], figures: []),
    DatasetCase(dataset: "market_income", year: 2012, sources: ["census_acs5"], figures: []),
    DatasetCase(dataset: "market_income", year: 2017, sources: ["census_acs5"], figures: []),
    DatasetCase(dataset: "price_index", year: 2023, sources: ["bls_timeseries"], figures: []),
  ]

  private static let populationSources = ["census_acs5", "census_decennial", "census_pep", "census_popest"]
}
