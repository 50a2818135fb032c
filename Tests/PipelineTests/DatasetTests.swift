import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// The datasets from their recorded sources to the warehouse. Expected figures were read from the source files with other
/// programs than ours.
@Suite("The datasets", .database)
struct DatasetTests {
  /// Publishes from the project's recordings, or from others.
  private func publish(
    _ dataset: String, _ years: ClosedRange<Int>, sources: [String], recordings: String = PackageRoot.recordings,
    _ body: (PostgresConnection) async throws -> Void
  ) async throws {
    try await Simulator.running(recordings: recordings) { simulator in
      let endpoints = Dictionary(uniqueKeysWithValues: sources.map { ($0, simulator.endpoint + "/" + $0) })
      try await Workshop.open(datasets: [dataset], endpoints: endpoints) { workshop, connection in
        try await workshop.enqueue(dataset, years, asOf: "2026-09", connection)
        try await workshop.work(slots: 2, ["AKER_BEA_API_KEY": "a-key", "AKER_BLS_API_KEY": "a-key"])
        let failed = try await connection.query(
          "SELECT row_to_json(t)::text AS task FROM queue.task t WHERE state <> 'completed'")
        for task in failed { Issue.record("\(try task.decode("task", as: String.self))") }
        try await body(connection)
      }
    }
  }

  private func expect(
    _ expected: String, _ sql: String, _ connection: PostgresConnection, at place: SourceLocation = #_sourceLocation
  ) async throws {
    let rows = try await connection.query("SELECT (\(sql))::text AS answer")
    let found: String? = try rows[0].decode("answer")
    #expect(found == expected, "\(sql)", sourceLocation: place)
  }

  @Test("market_jobs: a suppressed zero is NULL, a count of establishments stays")
  func jobs() async throws {
    try await publish("market_jobs", 2020...2021, sources: ["bls_qcew"]) { connection in
      let county = "FROM market_jobs WHERE data_year = 2021 AND geo_id = '39049'"
      try await expect("2274", "SELECT count(*) \(county)", connection)
      try await expect("805", "SELECT count(*) \(county) AND is_suppressed", connection)
      try await expect(
        "(36466,743438,48628531917,65410)",
        "SELECT (establishments, employment, total_wages, average_annual_pay) \(county) AND industry_code = '10' "
          + "AND own_code = '0'", connection)
      try await expect(
        "(1,t)",
        "SELECT (establishments, employment IS NULL) \(county) AND own_code = '2' AND industry_code = '1022' "
          + "AND agglvl_code = '73'", connection)
      try await expect("6384781", "SELECT sum(employment) \(county)", connection)
      // The file of the whole country, of which fifteen counties are recorded.
      try await expect(
        "(nation,15,17630)",
        "SELECT (min(region), count(DISTINCT geo_id), count(*)) FROM market_jobs WHERE data_year = 2021", connection)
    }
  }

  @Test("market_unemployment: thousands with commas, names with commas, 7 states of the recording")
  func unemployment() async throws {
    try await publish("market_unemployment", 2015...2018, sources: ["bls_laus"]) { connection in
      let rows = "FROM market_unemployment WHERE data_year = 2017"
      try await expect("398", "SELECT count(*) \(rows)", connection)
      try await expect(
        #"("Fairfield County, CT",479458,457625,21833,4.6)"#,
        "SELECT (name, labor_force, employed, unemployed, unemployment_rate) \(rows) AND geo_id = '09001'", connection)
      try await expect(
        "(99307,96481,2826,2.8)",
        "SELECT (labor_force, employed, unemployed, unemployment_rate) \(rows) AND geo_id = '51510'", connection)
    }
  }

  @Test("market_unemployment: N.A. is no figure, and says so")
  func unemploymentNotAvailable() async throws {
    let folder = "/tmp/aker-recordings-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder + "/bls_laus/lau", withIntermediateDirectories: true)
    let file =
      "   Labor Force Data by County, 2020 Annual Averages\r\n\r\n"
      + "CN0100100000000   01     001   Autauga County, AL           2020        25,838       24,576      1,262      4.9\r\n"
      + "CN7200100000000   72     001   Adjuntas Municipio, PR       2020          N.A.         N.A.       N.A.     N.A.\r\n"
      + "\r\nSOURCE:  BLS, LAUS\r\n"
    try Data(file.utf8).write(to: URL(filePath: folder + "/bls_laus/lau/laucnty20.txt"))
    try await publish("market_unemployment", 2020...2020, sources: ["bls_laus"], recordings: folder) { connection in
      try await expect(
        "(,,not_available)",
        "SELECT (labor_force, unemployment_rate, note) FROM market_unemployment WHERE geo_id = '72001'", connection)
      try await expect("1262", "SELECT unemployed FROM market_unemployment WHERE geo_id = '01001'", connection)
    }
  }

  @Test("price_index: a month that was never collected is absent, and the year's average is kept apart")
  func prices() async throws {
    try await publish("price_index", 2023...2025, sources: ["bls_timeseries"]) { connection in
      let rows = "FROM price_index WHERE series_id = 'CUUR0000SA0'"
      try await expect("305.109", "SELECT index_value \(rows) AND data_year = 2023 AND period = 'M06'", connection)
      try await expect(
        "(304.702,year)", "SELECT (index_value, period_type) \(rows) AND data_year = 2023 AND period = 'M13'",
        connection)
      try await expect("104", "SELECT count(*) FROM price_index WHERE data_year = 2023", connection)
      try await expect("11", "SELECT count(*) \(rows) AND data_year = 2025 AND period_type = 'month'", connection)
      try await expect("0", "SELECT count(*) \(rows) AND period_start = '2025-10-01'", connection)
    }
  }

  @Test("business_formation: what is withheld or not available is NULL with its reason")
  func formation() async throws {
    try await publish("business_formation", 2024...2025, sources: ["census_bfs"]) { connection in
      let rows = "FROM business_formation WHERE data_year = 2024"
      try await expect("4992", "SELECT count(*) \(rows)", connection)
      try await expect("96", "SELECT count(*) \(rows) AND note = 'not_available'", connection)
      try await expect("16", "SELECT count(*) \(rows) AND note = 'below_quality_standard'", connection)
      let march = "\(rows) AND geo_id = 'MD' AND series = 'BA_BA' AND naics_sector = 'TOTAL' AND month = 3"
      try await expect("8499", "SELECT figure \(march) AND NOT is_seasonally_adjusted", connection)
      try await expect(
        "DC 11, MD 24, OH 39, PR 72, US -, VA 51",
        "SELECT string_agg(DISTINCT geo_id || ' ' || coalesce(state_code, '-'), ', ') \(rows)", connection)
      try await expect("7763", "SELECT figure \(march) AND is_seasonally_adjusted", connection)
    }
  }

  @Test("building_permits: counties in dollars, and a survey date of two digits")
  func permitsOfCounties() async throws {
    try await publish("building_permits", 1998...1998, sources: ["census_bps"]) { connection in
      try await expect(
        "(1998-01-01,3926,3926,485518154,1454)",
        "SELECT (period_start, one_unit_buildings, one_unit_units, one_unit_value, five_plus_unit_units) FROM building_permits WHERE geo_id = '39049'",
        connection)
    }
  }

  @Test("building_permits: metros in thousands")
  func permitsOfMetros() async throws {
    try await publish("building_permits", 2019...2019, sources: ["census_bps"]) { connection in
      try await expect(
        "(2019-12-01,73,73,23372000,65,7548000)",
        "SELECT (period_start, one_unit_buildings, one_unit_units, one_unit_value, five_plus_unit_units, five_plus_unit_value) FROM building_permits WHERE geo_id = '10580'",
        connection)
    }
  }

  @Test("personal_income: thousands become dollars, commas go, merged areas are marked")
  func personalIncome() async throws {
    try await publish("personal_income", 2021...2021, sources: ["bea_regional"]) { connection in
      try await expect(
        #"("Franklin, OH",f,77552338000,1321414,58689)"#,
        "SELECT (name, is_combined_area, personal_income, population, per_capita_income) FROM personal_income WHERE geo_id = '39049'",
        connection)
      try await expect(
        "(t,13670666000,159207,85867)",
        "SELECT (is_combined_area, personal_income, population, per_capita_income) FROM personal_income WHERE geo_id = '51901'",
        connection)
      try await expect(
        "(292,0,0)", "SELECT (count(*), count(*) - count(personal_income), count(note)) FROM personal_income",
        connection)
    }
  }
}
