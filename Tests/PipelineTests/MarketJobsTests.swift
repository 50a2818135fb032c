import Catalog
import CatalogTools
import Postgres
import TestSupport
import Testing

/// The whole country in one file, and a slice of one area beside it.
@Suite("market_jobs", .database)
struct MarketJobsTests {
  @Test("a slice has what the whole file has of its area, and market_profile counts a county once")
  func sliceAndWhole() async throws {
    let datasets = [
      "market_income", "market_population", "market_jobs", "market_unemployment", "personal_income", "building_permits",
      "rent_index", "commute_flows", "hazard_risk", "hazard_water_stress", "boundary_county",
    ]
    try await Simulator.running { simulator in
      try await Workshop.open(datasets: datasets, endpoints: ["bls_qcew": simulator.endpoint + "/bls_qcew"]) {
        workshop, connection in
        let views = CatalogFolder(directory: PackageRoot.catalog).views.filter { $0.name == "market_profile" }
        #expect(try await CatalogApply().applyViews(views, connection) == [])
        func profile() async throws -> [String] {
          try await connection.query(
            """
            SELECT concat_ws(' ', geo_id, data_year, employment) AS line FROM market_profile
            WHERE geo_id IN ('39049', '39129') ORDER BY 1
            """
          ).map { try $0.decode("line") }
        }
        // The slice alone, then the file beside it.
        try await workshop.enqueue("market_jobs", 2021...2021, asOf: "2026-09", regions: ["39049"], connection)
        try await workshop.work()
        #expect(try await profile() == ["39049 2021 743438"])
        try await workshop.enqueue("market_jobs", 2020...2021, asOf: "2026-09", regions: ["nation"], connection)
        try await workshop.work()
        #expect(
          try await profile() == ["39049 2020 727016", "39049 2021 743438", "39129 2020 13465", "39129 2021 14301"])

        let differing = try await connection.query(
          """
          WITH whole AS (SELECT to_jsonb(j) - 'region' AS row FROM market_jobs j WHERE region = 'nation' AND data_year = 2021 AND geo_id = '39049'),
            slice AS (SELECT to_jsonb(j) - 'region' AS row FROM market_jobs j WHERE region = '39049' AND data_year = 2021)
          SELECT (SELECT count(*) FROM slice) AS rows,
            (SELECT count(*) FROM (SELECT * FROM whole EXCEPT ALL SELECT * FROM slice) d)
              + (SELECT count(*) FROM (SELECT * FROM slice EXCEPT ALL SELECT * FROM whole) d) AS differing
          """)
        #expect(try differing[0].decode("rows", as: Int.self) == 2274)
        #expect(try differing[0].decode("differing", as: Int.self) == 0)
      }
    }
  }
}
