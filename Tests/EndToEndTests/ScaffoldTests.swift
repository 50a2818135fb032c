import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// `aker catalog new --from`: a document becomes a dataset that checks, builds and publishes as it stands.
@Suite(.database)
struct ScaffoldTests {
  private static let births = """
    State FIPS,County,Births,Rate %,As of,Reported,Open,Kind,Spent
    01,Autauga,612,10.5,2021-03-01,2021-04-01T10:00:00Z,true,rural,"$1,200.50"
    01,Baldwin,2289,,2021-03-02,2021-04-02T10:00:00Z,false,urban,"$2,000"
    02,Autauga,7,9.1,2021-03-03,2021-04-03T10:00:00Z,true,rural,$15
    """

  @Test func aFileOfThisHostBecomesADatasetThatIsPublished() async throws {
    try await PriceShop.open { shop in
      try shop.home.write(Self.births, to: "births-2021.csv")
      let said = try await shop.aker("catalog new births --from \(shop.home.path)/births-2021.csv")
      #expect(said.contains("added source births_files") && said.contains("key: state_fips, county"), "\(said)")
      let yaml = try shop.home.text("catalog/datasets/births/dataset.yml")
      for expected in [
        "path: \"/births-{data_year}.csv\"", "{name: state_fips, type: text,", "{name: births, type: bigint,",
        "{name: rate, type: double,", "{name: reported, type: timestamp,",
        "{name: open, type: boolean,", "{name: spent, type: double,", "years: 2021-",
        "regex: '^[0-9]{2}$'", "expect_compound_columns_to_be_unique: {column_list: [state_fips, county]}",
        "expect_column_values_to_be_between: {column: births, min_value: 0}",
      ] {
        #expect(yaml.contains(expected), "\(expected) in \(yaml)")
      }
      #expect(yaml.contains("{name: source_as_of, type: date,"), "a name that each table has already: \(yaml)")
      try await shop.aker("catalog check births --strict")
      try await shop.aker("backfill births --years 2021 --as-of 2024-06 --workers 1")
      let rows = try await shop.texts(
        "SELECT concat_ws('|', state_fips, county, births, rate, source_as_of, open, spent) FROM births ORDER BY 1")
      #expect(
        rows == [
          "01|Autauga|612|10.5|2021-03-01|t|1200.5", "01|Baldwin|2289|2021-03-02|f|2000",
          "02|Autauga|7|9.1|2021-03-03|t|15",
        ])
      // Again: nothing is overwritten.
      let again = try await shop.aker("catalog new births --from \(shop.home.path)/births-2021.csv", exits: 64)
      #expect(again.contains("is there already"), "\(again)")
    }
  }

  @Test func theShapesOfJSONAreRecognised() async throws {
    try await PriceShop.open { shop in
      for (name, text, expected) in [
        (
          "table", #"[["NAME","B01","state"],["Ohio","12","39"],["Iowa","7","19"]]"#,
          ["format: json_table", "name: b01, type: bigint"]
        ),
        (
          "objects", #"[{"zulu": 1, "alpha": "x"}, {"zulu": 2, "alpha": "y"}]"#,
          ["format: json\n", "[\"zulu\", \"alpha\"]"]
        ),
        (
          "nested", #"{"meta": {"total": 2}, "response": {"data": [{"id": 1, "price": 2.5}, {"id": 2, "price": 3}]}}"#,
          ["json_path: \"response.data\"", "name: price, type: double", "key: [id]"]
        ),
        (
          "layer",
          #"{"features": [{"attributes": {"OBJECTID": 1, "NAME": "a"}}, {"attributes": {"OBJECTID": 2, "NAME": "b"}}]}"#,
          ["json_path: \"features[*].attributes\"", "name: objectid, type: bigint"]
        ),
      ] {
        try shop.home.write(text, to: "\(name).json")
        try await shop.aker("catalog new \(name) --from \(shop.home.path)/\(name).json --year 2020")
        let yaml = try shop.home.text("catalog/datasets/\(name)/dataset.yml")
        for part in expected { #expect(yaml.contains(part), "\(part) in \(yaml)") }
        try await shop.aker("catalog check \(name)")
        try await shop.aker("run \(name) --year 2020 --dry-run")
      }
    }
  }

  /// An address: its source is added with a limit, a repeated parameter is a list, and a key is in no file.
  @Test func anAddressIsTakenApart() async throws {
    try await Simulator.running { simulator in
      try await PriceShop.open { shop in
        let address = "\(simulator.endpoint)/census_acs5/data/2012/acs/acs5?get=NAME,B01003_001E&for=state:*&key=demo"
        let said = try await shop.aker("catalog new people --from \(address)")
        #expect(said.contains("export AKER_"), "\(said)")
        let yaml = try shop.home.text("catalog/datasets/people/dataset.yml")
        let sources = try shop.home.text("catalog/sources.yml")
        #expect(yaml.contains("/data/{data_year}/acs/acs5") && yaml.contains("key: [state]"), "\(yaml)")
        #expect(sources.contains("allow_private_address: true") && sources.contains("rate_limit:"), "\(sources)")
        #expect(!yaml.contains("demo") && !sources.contains("demo"))
        try await shop.aker("catalog check people")
        let bad = try await shop.aker("catalog new none --from \(simulator.endpoint)/nothing/here.csv", exits: 1)
        #expect(bad.contains("404"), "\(bad)")
        #expect(try !shop.home.text("catalog/sources.yml").contains("nothing"))
        let missing = try await shop.aker("catalog new none --from /does/not/exist.csv", exits: 64)
        #expect(missing.contains("neither a file"), "\(missing)")
      }
    }
  }
}
