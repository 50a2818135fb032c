import Catalog
import Engine
import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// What a published file says of itself to whoever finds it without us, as docs/notebooks.md reads it.
@Suite("Published files", .database)
struct PublishedFileTests {
  private struct About: Decodable {
    struct Column: Decodable {
      var name: String
      var type: String
      var unit: String?
      var description: String
      var is_key: Bool
    }
    var dataset: String
    var title: String
    var description: String
    var columns: [Column]
  }

  private struct Row: Decodable { let text: String }

  @Test("the Parquet metadata describes every column of the file, in its order, with units")
  func metadata() async throws {
    try await Simulator.running { simulator in
      let endpoints = ["census_acs5": simulator.endpoint + "/census_acs5"]
      try await Workshop.open(datasets: ["market_income"], endpoints: endpoints) { workshop, connection in
        try await workshop.enqueue("market_income", 2012...2012, asOf: "2024-06", connection)
        try await workshop.work(["AKER_CENSUS_API_KEY": "demo"])
        try await workshop.requireExactlyOnce("market_income", partitions: 1, connection)
        let file = workshop.cache + "/data_lake/market_income/as_of=2024-06/data_year=2012/market_income.parquet"
        var script = EngineScript()
        script.readPaths = [file]
        script.add(
          "about", "SELECT decode(value) AS text FROM parquet_kv_metadata('\(file)') WHERE decode(key) = 'aker';")
        script.add(
          "columns",
          "SELECT name AS text FROM parquet_schema('\(file)') WHERE num_children IS NULL;")
        let output = try await workshop.engine().run(script)
        let texts = try output.rows("about", as: Row.self).map(\.text)
        try #require(texts.count == 1)
        let about = try JSONDecoder().decode(About.self, from: Data(texts[0].utf8))
        let spec = try workshop.spec("market_income")
        #expect(about.dataset == "market_income" && about.title == spec.title && about.description == spec.description)
        #expect(about.columns.map(\.name) == (try output.rows("columns", as: Row.self).map(\.text)))
        #expect(about.columns.map(\.name) == spec.columns.map(\.name))
        #expect(
          about.columns.map(\.unit) == spec.columns.map(\.unit)
            && about.columns.contains { $0.unit == "USD of data_year" })
        #expect(about.columns.allSatisfy { !$0.description.isEmpty && !$0.type.isEmpty })
        #expect(Set(about.columns.filter(\.is_key).map(\.name)) == Set(spec.key))
      }
    }
  }
}
