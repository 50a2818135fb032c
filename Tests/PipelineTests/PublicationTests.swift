import FoundationEssentials
import Lake
import Lineage
import Postgres
import Testing
import TestSupport

@Suite("Publication", .database)
struct PublicationTests {
  @Test("a real worker publishes recorded income: warehouse, lake, lineage and quality agree")
  func publishesIncome() async throws {
    try await Simulator.running { simulator in
      try await Workshop.open(
        datasets: ["market_income"], endpoints: ["census_acs5": simulator.endpoint + "/census_acs5"]
      ) { workshop, connection in
        try await workshop.enqueue("market_income", 2010...2012, asOf: "2024-06", connection)
        let result = try await workshop.work(slots: 2)
        #expect(result.exitCode == 0, "\(result)")
        try await workshop.requireExactlyOnce("market_income", partitions: 3, connection)

        let tree = try #require(
          await LineageTree.current(connection, dataset: "market_income", dataYear: 2011))
        #expect(tree.inputs.count == 3)
        #expect(tree.inputs.contains { $0.note == "the source does not offer it (404)" })
        #expect(tree.lines().first == "market_income 2011 as of 2024-06")

        // The report is what Great Expectations' own schema takes, which refuses unknown fields.
        let report = workshop.lake.location + "/market_income/as_of=2024-06/data_year=2011/_validation/validation.json"
        let json = try #require(FileManager.default.contents(atPath: report))
        let keys = try JSONDecoder().decode([String: Anything].self, from: json).keys.sorted()
        #expect(keys == ["meta", "results", "statistics", "success", "suite_name", "suite_parameters"])
        struct Report: Decodable { var results: [[String: Anything]] }
        for result in try JSONDecoder().decode(Report.self, from: json).results {
          #expect(
            result.keys.sorted() == ["exception_info", "expectation_config", "meta", "result", "success"])
        }

        // The same again changes nothing, and says so.
        try await workshop.enqueue("market_income", 2010...2012, asOf: "2024-06", mode: "all", connection)
        try await workshop.work()
        let outcomes = try await connection.query(
          "SELECT outcome, count(*) AS n FROM lineage.publication GROUP BY 1 ORDER BY 1")
        #expect(try outcomes.map { try $0.decode("outcome", as: String.self) } == ["published", "unchanged"])
        #expect(try outcomes.map { try $0.decode("n", as: Int.self) } == [3, 3])

        // An older vintage goes to the lake, and not over the newer rows; a newer one replaces them.
        try await workshop.enqueue("market_income", 2012...2012, asOf: "2023-12", connection)
        try await workshop.enqueue("market_income", 2011...2011, asOf: "2025-01", connection)
        try await workshop.work()
        let vintages = try await connection.query(
          "SELECT data_year, string_agg(DISTINCT as_of, ',') AS as_of FROM market_income GROUP BY 1 ORDER BY 1")
        #expect(try vintages.map { try $0.decode("as_of", as: String.self) } == ["2024-06", "2025-01", "2024-06"])
        #expect(try await workshop.lake.files().count == 5)

        // What is not to be kept goes, and what the warehouse shows stays, however old; lineage stays whole.
        let lake = workshop.lake
        let publicationCount = try await connection.query("SELECT FROM lineage.publication").count
        func prune(_ dry: Bool) async throws -> [String] {
          try await LakePruning.run(dataset: nil, isDryRun: dry, in: lake, connection).flatMap(\.files).map(\.path)
        }
        #expect(try await prune(false) == [])
        let file = workshop.catalog + "/datasets/market_income/dataset.yml"
        let definition = String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
        try Data((definition + "\nretention: {keep_vintages: 1}\n").utf8).write(to: URL(filePath: file))
        try await workshop.apply(connection)
        let expired = [
          "market_income/as_of=2023-12/data_year=2012/market_income.parquet",
          "market_income/as_of=2024-06/data_year=2011/market_income.parquet",
        ]
        #expect(try await prune(true) == expired)
        #expect(try await lake.files().count == 5)
        #expect(try await prune(false) == expired)
        #expect(try await lake.files().count == 3)
        #expect(try await LakeRepair(lake).run(connection, removingOrphans: false).isClean)
        #expect(try await connection.query("SELECT FROM lineage.publication").count == publicationCount)
      }
    }
  }

  @Test(
    "few rows, which come with the build, and many, which are streamed, arrive alike",
    arguments: [9_999, 10_000, 10_001])
  func publishesRows(count: Int) async throws {
    try await Simulator.running { simulator in
      try await Workshop.open(endpoints: ["census_acs5": simulator.endpoint + "/census_acs5"]) { workshop, connection in
        try workshop.define(
          "rows_test",
          """
          name: rows_test
          title: Rows
          partitions: {years: 2012-}
          requests:
            - name: state
              source: census_acs5
              path: "/data/{data_year}/acs/acs5"
              query: {get: "NAME,B19013_001E,B01003_001E", for: "state:*"}
              format: json_table
              columns: [NAME, B19013_001E, B01003_001E, state]
          columns:
            - {name: n, type: bigint, description: A number.}
            - {name: label, type: text, description: What COPY could trip over.}
          key: [n]
          """,
          #"""
          SELECT range AS n, [NULL, '', 'a,b', 'say "hi"', 'two' || chr(10) || 'lines', 'é', '\.'][range % 7 + 1] AS label
          FROM range(\#(count))
          """#)
        try await workshop.apply(connection)
        try await workshop.enqueue("rows_test", 2012...2012, asOf: "2024-01", connection)
        try await workshop.work()
        try await workshop.requireExactlyOnce("rows_test", partitions: 1, connection)

        let wrong = try await connection.query(
          #"""
          SELECT n, label FROM rows_test WHERE label IS DISTINCT FROM
            (ARRAY[NULL, '', 'a,b', 'say "hi"', E'two\nlines', 'é', '\.'])[n % 7 + 1]
          """#)
        #expect(wrong.isEmpty)
        let rows = try await connection.query("SELECT count(DISTINCT n) AS n FROM rows_test")
        #expect(try rows[0].decode("n", as: Int.self) == count)
      }
    }
  }
}

/// A value that only has to be there.
private struct Anything: Decodable {
  init(from decoder: any Decoder) {}
}
