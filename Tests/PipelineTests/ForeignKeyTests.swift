import Postgres
import TestSupport
import Testing

/// County facts against the outlines of their year: what is compared, what is known, and what it may not do.
@Suite("County facts and the boundaries of their year", .database)
struct ForeignKeyTests {
  private static let datasets = ["boundary_county", "market_unemployment", "personal_income"]

  @Test("counties that the boundaries lack are warned of, known ones are not, and nothing waits for boundaries")
  func warnsOfUnknownCounties() async throws {
    try await Simulator.running { simulator in
      let endpoints = Dictionary(
        uniqueKeysWithValues: ["census_tiger", "bls_laus", "bea_regional"].map { ($0, simulator.endpoint + "/" + $0) })
      try await Workshop.open(datasets: Self.datasets, endpoints: endpoints) { workshop, connection in
        func publish(_ dataset: String, asOf: String) async throws {
          try await workshop.enqueue(dataset, 2018...2018, asOf: asOf, connection)
          try await workshop.work(["AKER_BEA_API_KEY": "a-key"])
          let failed = try await connection.query(
            "SELECT dataset || ': ' || reason AS task FROM queue.task WHERE state = 'failed'")
          for task in failed { Issue.record("\(try task.decode("task", as: String.self))") }
        }
        func check(_ dataset: String) async throws -> (Bool, Int?) {
          let rows = try await connection.query(
            """
            SELECT r.success, r.unexpected_count FROM quality.check_result r
            JOIN quality.validation v USING (validation_id)
            WHERE v.dataset = $1 AND r.check_name = 'expect_column_values_to_exist_in_dataset'
            ORDER BY v.validation_id DESC LIMIT 1
            """, [dataset])
          let row = try #require(rows.first)
          return (try row.decode("success"), try row.decode("unexpected_count"))
        }

        try await publish("market_unemployment", asOf: "2026-08")
        #expect(try await check("market_unemployment") == (true, nil))

        try await publish("boundary_county", asOf: "2026-08")
        try await publish("market_unemployment", asOf: "2026-09")
        try await publish("personal_income", asOf: "2026-09")
        // The outlines that are recorded have none of Puerto Rico's 78 municipios; the merged areas of BEA are not compared.
        #expect(try await check("market_unemployment") == (false, 78))
        #expect(try await check("personal_income") == (true, 0))

        // A comparison is no input: real figures do not become made up by made up outlines.
        let marked = try await connection.query(
          "SELECT DISTINCT dataset FROM lineage.publication WHERE is_synthetic ORDER BY 1")
        #expect(try marked.map { try $0.decode("dataset", as: String.self) } == ["boundary_county"])
      }
    }
  }
}
