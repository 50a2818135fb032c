extension DatasetCase {
  /// Layouts that the recordings do not have, as FORMATS documents them or as sources wrote them in other years.
  static let layouts: [DatasetCase] = [
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
      dataset: "rent_index", year: 2022, sources: ["zillow_research"],
      files: [
        "research/public_csvs/zori/Metro_zori_sm_month.csv": """
        RegionID,SizeRank,RegionName,RegionType,StateName,2021-12-31,2022-01-31
        102001,0,United States,country,,1700.5,1710.25
        394913,1,"New York, NY",msa,NY,2500,
        """,
        "research/public_csvs/zori/County_zori_sm_month.csv": """
        RegionID,SizeRank,RegionName,RegionType,StateName,State,Metro,StateCodeFIPS,MunicipalCodeFIPS,2022-01-31
        3101,0,Autauga County,county,AL,AL,"Montgomery, AL",1,1,900
        """,
      ],
      figures: [
        ("SELECT string_agg(geo_id || ' ' || rent, ', ' ORDER BY geo_id) FROM rent_index", "01001 900, US 1710.25"),
        ("SELECT state_code FROM rent_index WHERE metro_name = 'Montgomery, AL'", "01"),
      ]),
    DatasetCase(
      dataset: "market_tracker", year: 2024, sources: ["redfin_data_center"],
      files: [
        // Upper-case headers, quoted texts, no leading space.
        "redfin_market_tracker/us_national_market_tracker.tsv000.gz": redfin([
          "PERIOD_BEGIN": "2024-01-01", "PERIOD_END": "2024-01-31", "PERIOD_DURATION": "30",
          "REGION_TYPE": "\"national\"", "IS_SEASONALLY_ADJUSTED": "false", "REGION": "\"National\"",
          "STATE_CODE": "\"US\"", "PROPERTY_TYPE": "\"All Residential\"", "MEDIAN_SALE_PRICE": "380000",
          "TABLE_ID": "1400", "LAST_UPDATED": "\"2024-02-20 14:34:31 Z\"",
        ])
      ],
      figures: [
        (
          "SELECT (geo_id, name, is_seasonally_adjusted, median_sale_price, homes_sold) FROM market_tracker",
          "(US,National,f,380000,)"
        )
      ]),
  ]

  /// A file of Redfin with the given cells and no others.
  private static func redfin(_ cells: [String: String]) -> String {
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
    let row = names.map { cells[$0] ?? "" }
    return names.joined(separator: "\t") + "\n" + row.joined(separator: "\t") + "\n"
  }
}
