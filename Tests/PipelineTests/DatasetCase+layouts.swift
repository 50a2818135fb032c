extension DatasetCase {
  /// Layouts that the recordings do not have, as FORMATS documents them or as sources wrote them in other years.
  static let layouts: [DatasetCase] = [
    // What the ACS writes in a figure's place, each with its note, and the ends of its scale.
    DatasetCase(
      dataset: "market_income", year: 2021, sources: ["census_acs5"],
      files: [
        "2021/county.json": """
        [["NAME","B19013_001E","B01003_001E","state","county"],
        ["Prince George's County, Maryland","-666666666","100","24","033"],["B, the Second, Ohio","-999999999","100","39","001"],
        ["C County, Ohio","-888888888","100","39","003"],["D County, Ohio","-222222222.0","-555555555","39","005"],
        ["E County, Ohio","250001","100","39","007"],["F County, Ohio","2499","100","39","009"],
        ["G County, Ohio",null,null,"39","011"],["H County, Ohio","61145.0","100","39","013"]]
        """
      ],
      figures: [
        (
          "SELECT string_agg(concat_ws(' ', geo_id, median_household_income, median_household_income_note), ', ' ORDER BY geo_id) FROM market_income",
          "24033 too_few_observations, 39001 cannot_be_displayed, 39003 not_applicable, 39005 annotated, 39007 250001 top_coded, 39009 2499 bottom_coded, 39011 not_answered, 39013 61145"
        ),
        (
          "SELECT string_agg(concat_ws(' ', geo_id, population_note), ', ' ORDER BY geo_id) FROM market_income WHERE population IS NULL",
          "39005 annotated, 39011 not_answered"
        ),
        ("SELECT name FROM market_income WHERE geo_id = '39001'", "B, the Second, Ohio"),
      ]),
    DatasetCase(
      dataset: "rent_estimate", year: 2017, sources: ["apartment_list"],
      files: [
        "Apartment_List_Rent_Estimates.csv": """
        Location,Location_Type,State,Bedroom_Size,Price_2017_01,Price_2017_02
        United States,National,,Studio,901,905
        "Columbus, OH",Metro,Ohio,2br,,870
        """
      ],
      figures: [
        ("SELECT count(*) FROM rent_estimate", "3"),
        (
          "SELECT (geo_level, geo_id, bedrooms, rent) FROM rent_estimate WHERE period_start = '2017-01-01'",
          "(nation,US,studio,901)"
        ),
        ("SELECT (geo_id, state, rent) FROM rent_estimate WHERE name = 'Columbus, OH'", "(,Ohio,870)"),
      ]),
    DatasetCase(
      dataset: "rent_index", year: 2022, sources: ["zillow_research", "census_popest"],
      files: [
        "research/public_csvs/zori/Metro_zori_sm_month.csv": """
        RegionID,SizeRank,RegionName,RegionType,StateName,2021-12-31,2022-01-31
        102001,0,United States,country,,1700.5,1710.25
        394913,1,"New York, NY",msa,NY,2500,
        395236,77,"Winston-Salem, NC",msa,NC,,1200
        394807,45,"Louisville, KY",msa,KY,,1100
        394500,600,"Columbus, MS",msa,MS,,800
        """,
        "research/public_csvs/zori/County_zori_sm_month.csv": """
        RegionID,SizeRank,RegionName,RegionType,StateName,State,Metro,StateCodeFIPS,MunicipalCodeFIPS,2022-01-31
        3101,0,Autauga County,county,AL,AL,"Montgomery, AL",1,1,900
        """,
      ],
      figures: [
        // A title as a whole, one up to its first city and state, and one that the list does not have.
        (
          "SELECT string_agg(concat_ws(' ', geo_id, zillow_region_id, rent), ', ' ORDER BY rent) FROM rent_index",
          "394500 800, 01001 3101 900, 31140 394807 1100, 49180 395236 1200, US 102001 1710.25"
        ),
        ("SELECT state_code FROM rent_index WHERE metro_name = 'Montgomery, AL'", "01"),
      ]),
    DatasetCase(
      dataset: "market_tracker", year: 2024, sources: ["redfin_data_center", "census_codes"],
      files: [
        // Upper-case headers, quoted texts, no leading space.
        "redfin_market_tracker/us_national_market_tracker.tsv000.gz": redfin([
          [
            "PERIOD_BEGIN": "2024-01-01", "PERIOD_END": "2024-01-31", "PERIOD_DURATION": "30",
            "REGION_TYPE": "\"national\"", "IS_SEASONALLY_ADJUSTED": "false", "REGION": "\"National\"",
            "STATE_CODE": "\"US\"", "PROPERTY_TYPE": "\"All Residential\"", "MEDIAN_SALE_PRICE": "380000",
            "TABLE_ID": "1400", "LAST_UPDATED": "\"2024-02-20 14:34:31 Z\"",
          ]
        ])
      ],
      figures: [
        (
          "SELECT (geo_id, redfin_region_id, name, is_seasonally_adjusted, median_sale_price, homes_sold) FROM market_tracker",
          "(US,1400,National,f,380000,)"
        )
      ]),
    // The files of states, metros and counties. A county whose name the Census Bureau does not have stays without a code.
    DatasetCase(
      dataset: "market_tracker", year: 2021, sources: ["redfin_data_center", "census_codes"],
      files: [
        "redfin_market_tracker/us_national_market_tracker.tsv000.gz": redfin([
          region("national", "1400", " National", "US", homesSold: "500000")
        ]),
        "redfin_market_tracker/state_market_tracker.tsv000.gz": redfin([
          region("state", "36", "Ohio", "OH", homesSold: "12000"),
          region("state", "20", "Maryland", "MD", homesSold: "7000"),
        ]),
        "redfin_market_tracker/redfin_metro_market_tracker.tsv000.gz": redfin([
          region(
            "metro", "18140", "Columbus, OH metro area", "OH", metro: ("Columbus, OH", "18140"), homesSold: "2500"),
          region(
            "metro", "11694", "Arlington, VA metro area", "VA", metro: ("Arlington, VA", "11694"), homesSold: "900"),
        ]),
        "redfin_market_tracker/county_market_tracker.tsv000.gz": redfin([
          region("county", "2088", "Franklin County, OH", "OH", metro: ("Columbus, OH", "18140"), homesSold: "1400"),
          region("county", "1346", "St. Mary's County, MD", "MD", homesSold: "150"),
          region("county", "1333", "Baltimore City, MD", "MD", metro: ("Baltimore, MD", "12580"), homesSold: "800"),
          region("county", "1334", "Baltimore County, MD", "MD", metro: ("Baltimore, MD", "12580"), homesSold: "900"),
          region("county", "9998", "Capitol Planning Region, CT", "CT", homesSold: "2"),
          region("county", "9999", "Mary's County, MD", "MD", homesSold: "1"),
        ]),
      ],
      figures: [
        (
          "SELECT string_agg(concat_ws(' ', geo_level, redfin_region_id, geo_id, parent_metro_code, homes_sold), ', ' ORDER BY geo_level, redfin_region_id) FROM market_tracker",
          "county 1333 24510 12580 800, county 1334 24005 12580 900, county 1346 24037 150, county 2088 39049 18140 1400, county 9998 2, county 9999 1, metro 11694 11694 11694 900, metro 18140 18140 18140 2500, nation 1400 US 500000, state 20 24 7000, state 36 39 12000"
        ),
        ("SELECT string_agg(state, ' ' ORDER BY state) FROM market_tracker WHERE geo_level = 'state'", "MD OH"),
        (
          "SELECT (column_name, unexpected_count) FROM quality.check_result WHERE NOT success AND column_name = 'geo_id'",
          "(geo_id,2)"
        ),
      ]),
    // Inland in the place of riverine flooding, planning regions in Connecticut, no percentiles. The archive has a dictionary, too.
    DatasetCase(
      dataset: "hazard_risk", year: 2025, sources: ["fema_nri"],
      files: [
        "about/reports-and-data/openfema/nri/v120/NRI_Table_Counties.zip": """
        \u{FEFF}OID_,NRI_ID,STATE,STATEABBRV,STATEFIPS,COUNTY,COUNTYTYPE,COUNTYFIPS,STCOFIPS,RISK_VALUE,RISK_SCORE,RISK_RATNG,EAL_SCORE,EAL_RATNG,EAL_VALT,SOVI_SCORE,SOVI_RATNG,RESL_SCORE,RESL_RATNG,RESL_VALUE,CRF_VALUE,CFLD_AFREQ,CFLD_EALT,CFLD_EALS,CFLD_EALR,CFLD_RISKV,CFLD_RISKS,CFLD_RISKR,HAIL_AFREQ,HAIL_EALT,HAIL_EALS,HAIL_EALR,HAIL_RISKV,HAIL_RISKS,HAIL_RISKR,IFLD_AFREQ,IFLD_EALT,IFLD_EALS,IFLD_EALR,IFLD_RISKV,IFLD_RISKS,IFLD_RISKR,NRI_VER
        1,C09110,Connecticut,CT,9,Capitol,Planning Region,110,9110,31000000.5,91.25,Relatively High,90.5,Relatively High,30500000,40,Relatively Low,70,Relatively High,55.5,1.01,,,,Not Applicable,,,Not Applicable,0.9,12000,20,Very Low,12100.5,21.5,Very Low,2.25,900000,80,Relatively Moderate,910000,81.125,Relatively Moderate,December 2025
        2,C39049,Ohio,OH,39,Franklin,County,49,39049,47000000,95,Very High,94,Relatively High,46000000,60,Relatively Moderate,50,Relatively Moderate,54,1.2,,,,Not Applicable,,,Not Applicable,1.5,900000,88,Relatively High,950000,89,Relatively High,1.25,700000,75,Relatively Moderate,720000,76,Relatively Moderate,December 2025
        """,
        "about/reports-and-data/openfema/nri/v120/NRI_Table_CensusTracts.zip": """
        OID_,NRI_ID,STATEABBRV,STATEFIPS,COUNTY,STCOFIPS,TRACT,TRACTFIPS,RISK_VALUE,RISK_SCORE,RISK_RATNG,EAL_SCORE,EAL_VALT,SOVI_SCORE,SOVI_RATNG,RESL_SCORE,RESL_RATNG,RESL_VALUE,IFLD_AFREQ,IFLD_EALT,IFLD_EALS,IFLD_RISKV,IFLD_RISKS,IFLD_RISKR,NRI_VER
        1,T09110400100,CT,9,Capitol,9110,400100,9110400100,1500,12.5,Very Low,11,1400,30,Relatively Low,45,Relatively Low,50,0.5,100,5,110,6,Very Low,December 2025
        """,
      ],
      figures: [
        (
          "SELECT string_agg(concat_ws(' ', geo_id, severity, rating, note, raw_value, expected_annual_loss, annual_frequency), ', ' ORDER BY geo_id) FROM hazard_risk WHERE hazard = 'inland_flooding'",
          "09110 81.125 relatively_moderate 910000 900000 2.25, 09110400100 6 very_low 110 100 0.5, 39049 76 relatively_moderate 720000 700000 1.25"
        ),
        (
          "SELECT string_agg(DISTINCT hazard, ' ' ORDER BY hazard) FROM hazard_risk WHERE geo_level = 'county'",
          "all coastal_flooding community_resilience hail inland_flooding social_vulnerability"
        ),
        ("SELECT string_agg(DISTINCT note, ' ') FROM hazard_risk WHERE hazard = 'coastal_flooding'", "not_applicable"),
        (
          "SELECT (name, severity, raw_value, expected_annual_loss, version) FROM hazard_risk WHERE geo_id = '09110' AND hazard = 'all'",
          "(\"Capitol, CT\",91.25,31000000.5,30500000,\"December 2025\")"
        ),
      ]),
    DatasetCase(
      dataset: "building_permits", year: 2024, sources: ["census_bps"],
      files: [
        "econ/bps/County/co2024a.txt": permits(
          ["2024", "39", "049", "2", "3", "Franklin County"], header: permitsOfCounties, 900, 900, 300_000_000),
        "econ/bps/CBSA (beginning Jan 2024)/cbsa2402c.txt": permits(
          ["202402", "198", "18140", "2", "Columbus  OH"], header: permitsOfMetros("HHEADER"), 70, 70, 25_000),
      ],
      figures: [
        (
          "SELECT string_agg(format('%s %s %s %s', geo_id, period_start, one_unit_units, one_unit_value), ', ' ORDER BY geo_id) FROM building_permits",
          "18140 2024-02-01 70 25000000, 39049 2024-01-01 900 300000000"
        )
      ]),
    DatasetCase(
      dataset: "building_permits", year: 1999, sources: ["census_bps"],
      files: [
        "econ/bps/County/co1999a.txt": permits(
          ["1999", "39", "049", "2", "3", "Franklin County"], header: permitsOfCounties, 9, 9, 1_000_000),
        // Metros of that time have four digits.
        "econ/bps/Metro (ending 2023)/ma9911c.txt": permits(
          ["9911", "999", "1840", "C", "Columbus  OH"], header: permitsOfMetros("MONCOV"), 7, 7, 800),
      ],
      figures: [
        (
          "SELECT string_agg(format('%s %s %s %s', geo_id, period_start, one_unit_units, one_unit_value), ', ' ORDER BY geo_id) FROM building_permits",
          "1840 1999-11-01 7 800000, 39049 1999-01-01 9 1000000"
        )
      ]),
  ]

  /// A row of January 2021 in the files of 2022 and before.
  private static func region(
    _ type: String, _ id: String, _ name: String, _ state: String, metro: (name: String, code: String) = ("", ""),
    homesSold: String
  ) -> [String: String] {
    [
      "PERIOD_BEGIN": "2021-01-01", "PERIOD_END": "2021-01-31", "PERIOD_DURATION": "30", "REGION_TYPE": type,
      "TABLE_ID": id, "IS_SEASONALLY_ADJUSTED": "f", "REGION": name, "STATE_CODE": state,
      "PROPERTY_TYPE": "All Residential", "MEDIAN_SALE_PRICE": "250000", "HOMES_SOLD": homesSold,
      "PARENT_METRO_REGION": metro.name, "PARENT_METRO_REGION_METRO_CODE": metro.code,
      "LAST_UPDATED": "2021-02-20 14:34:31",
    ]
  }

  /// A file of Redfin with rows of the given cells and no others.
  private static func redfin(_ rows: [[String: String]]) -> String {
    let measures = [
      "MEDIAN_SALE_PRICE", "MEDIAN_LIST_PRICE", "MEDIAN_PPSF", "MEDIAN_LIST_PPSF", "HOMES_SOLD", "PENDING_SALES",
      "NEW_LISTINGS", "INVENTORY", "MONTHS_OF_SUPPLY", "MEDIAN_DOM", "AVG_SALE_TO_LIST", "SOLD_ABOVE_LIST",
      "PRICE_DROPS", "OFF_MARKET_IN_TWO_WEEKS",
    ]
    var names = [
      "PERIOD_BEGIN", "PERIOD_END", "PERIOD_DURATION", "REGION_TYPE", "REGION_TYPE_ID", "TABLE_ID",
      "IS_SEASONALLY_ADJUSTED", "REGION", "CITY", "STATE", "STATE_CODE", "PROPERTY_TYPE", "PROPERTY_TYPE_ID",
    ]
    names += measures.flatMap { [$0, $0 + "_MOM", $0 + "_YOY"] }
    names += ["PARENT_METRO_REGION", "PARENT_METRO_REGION_METRO_CODE", "LAST_UPDATED"]
    let lines = [names] + rows.map { cells in names.map { cells[$0] ?? "" } }
    return lines.map { $0.joined(separator: "\t") + "\n" }.joined()
  }

  private static let permitsOfCounties = (
    "Survey,FIPS,FIPS,Region,Division,County", "Date,State,County,Code,Code,Name"
  )

  private static func permitsOfMetros(_ flag: String) -> (String, String) {
    ("Survey,CSA,CBSA,\(flag),CBSA", "Date,Code,Code,,Name")
  }

  /// A file of the Building Permits Survey: two lines of header, a blank one, and a place with buildings of one unit only.
  private static func permits(_ place: [String], header: (String, String), _ figures: Int...) -> String {
    let groups = [
      "1-unit", "2-units", "3-4 units", "5+ units", "1-unit rep", "2-units rep", "3-4 units rep", "5+ units rep",
    ]
    let row = place + (figures + [Int](repeating: 0, count: 9)).map(String.init) + [String](repeating: "0", count: 12)
    return """
      \(header.0),\(groups.map { ",\($0)," }.joined(separator: ","))
      \(header.1),\([String](repeating: "Bldgs,Units,Value", count: 8).joined(separator: ","))
       
      \(row.joined(separator: ","))

      """
  }
}
