import Catalog
import FoundationEssentials
import Postgres
import Quality
import Testing
import TestSupport

/// Checks that look at what was there before.
@Suite("Checks against earlier years and vintages", .database)
struct ComparisonTests {
  private static let yaml = """
    name: compared
    title: T
    partitions: {years: 2020-2022}
    requests:
      - {name: file, source: test_files, path: "/{data_year}-{as_of}.csv", format: csv, columns: [id, figure]}
    columns:
      - {name: id, type: text, description: Name.}
      - {name: figure, type: bigint, description: Figure.}
    key: [id]
    checks:
      - expect_row_count_to_be_close_to_previous_year: {within: 0.2}
      - expect_row_count_to_be_close_to_previous_vintage: {within: 0.2}
      - expect_column_null_share_to_be_close_to_previous_vintage: {column: figure, within: 0.1}
      - expect_input_to_be_fetched_within_days: {days: 7}
    """

  private static func csv(_ rows: Int, nulls: Int = 0) -> String {
    "id,figure\n" + (0..<rows).map { "\($0),\($0 < nulls ? "" : "1")\n" }.joined()
  }

  @Test("a partition that shrinks against its year or vintage before, or loses values, is not published")
  func compares() async throws {
    let files = [
      "2020-2024-01.csv": Self.csv(100), "2021-2024-01.csv": Self.csv(110), "2022-2024-01.csv": Self.csv(50),
      "2020-2024-02.csv": Self.csv(70), "2021-2024-02.csv": Self.csv(110, nulls: 40),
    ]
    try await Workshop.serving(Array(files.keys)) { path, target in
      try Data((files[path] ?? "").utf8).write(to: URL(filePath: target))
    } body: { workshop, connection in
      try workshop.define(
        "compared", Self.yaml, "SELECT id, CAST(nullif(figure, '') AS BIGINT) AS figure FROM raw.file")
      try await workshop.apply(connection)
      for (year, asOf) in [
        (2020, "2024-01"), (2021, "2024-01"), (2022, "2024-01"), (2020, "2024-02"), (2021, "2024-02"),
      ] {
        try await workshop.enqueue("compared", year...year, asOf: asOf, connection)
        let result = try await workshop.work()
        #expect(result.exitCode == 0, "\(result)")
      }
      let published = try await connection.query(
        "SELECT data_year || ' ' || as_of AS name FROM lineage.publication ORDER BY 1")
      #expect(try published.map { try $0.decode("name", as: String.self) } == ["2020 2024-01", "2021 2024-01"])
      let failed = try await connection.query(
        """
        SELECT v.data_year || ' ' || v.as_of || ' ' || r.check_name AS name
        FROM quality.check_result r JOIN quality.validation v USING (validation_id) WHERE NOT r.success ORDER BY 1
        """)
      #expect(
        try failed.map { try $0.decode("name", as: String.self) } == [
          "2020 2024-02 expect_row_count_to_be_close_to_previous_vintage",
          "2021 2024-02 expect_column_null_share_to_be_close_to_previous_vintage",
          "2022 2024-01 expect_row_count_to_be_close_to_previous_year",
        ])
      let classes = try await connection.query("SELECT DISTINCT error_class FROM queue.task WHERE state = 'failed'")
      #expect(try classes.map { try $0.decode("error_class", as: String.self) } == ["data"])
    }
  }

  @Test("what was fetched too long ago is not fresh")
  func freshness() throws {
    let reading = DatasetSpec.read(datasetYAML: Self.yaml, transformSQL: "SELECT 1")
    let spec = try #require(reading.spec, "\(reading.problems)")
    let query = CheckQuery(spec, file: "x.parquet")
    for (days, isFresh) in [(6.5, true), (7.5, false)] {
      var context = CheckContext()
      context.oldestInputDays = days
      let results = CheckEvaluation(["rows": 1], spec: spec, query: query, context: context).results
      let fresh = try #require(results.first { $0.check.name == .fresh })
      #expect(fresh.success == isFresh)
      #expect(fresh.message.contains("\(days) days old"), "\(fresh.message)")
    }
  }
}
