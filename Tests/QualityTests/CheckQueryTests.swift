import Catalog
import Engine
import FoundationEssentials
import Logging
import Quality
import TestSupport
import Testing

/// The statement that computes the checks, over columns whose names are those that SQL is fond of.
@Suite("The statement of the checks")
struct CheckQueryTests {
  private static let yaml = """
    name: a
    title: A
    partitions: {years: 2000-}
    requests: [{name: rows, source: any, path: /, format: csv, columns: [a]}]
    columns:
      - {name: geo, type: text, description: G.}
      - {name: n, type: integer, description: N.}
      - {name: times, type: integer, description: T.}
      - {name: rows, type: integer, description: R.}
      - {name: u0, type: integer, description: U.}
    key: [geo, rows]
    checks:
      - expect_column_values_to_be_unique: {column: n}
      - expect_compound_columns_to_be_unique: {column_list: [n, times]}
      - expect_compound_columns_to_be_unique: {column_list: [geo, times]}
      - expect_column_values_to_be_between: {column: u0, max_value: 1}
    """

  @Test("columns may be named as the statement's own figures are")
  func names() async throws {
    let reading = DatasetSpec.read(datasetYAML: Self.yaml, transformSQL: "SELECT 1")
    let spec = try #require(reading.spec, "\(reading.problems)")
    let table = """
      (SELECT * FROM (VALUES ('a', 5, 1, 1, 2), ('a', 5, 2, 2, 1), ('b', 6, 7, 1, 1), ('c', 8, 7, 1, 1), ('c', 9, 7, 2, 1))
        AS v (geo, n, times, rows, u0))
      """
    let query = CheckQuery(spec, table: table)
    let engine = Engine(
      try await DuckDB.locate(
        explicit: ProcessInfo.processInfo.environment["AKER_DUCKDB"], home: PackageRoot.path + "/.aker"),
      limits: EngineLimits(memoryBytes: 1 << 28, threads: 1, temporaryDirectory: "/tmp"),
      logger: Logger(label: "tests"))
    var script = EngineScript()
    script.add("checks", query.sql)
    let figures = try #require(try await engine.run(script).rows("checks", as: [String: Double?].self).first)
    let results = CheckEvaluation(figures, spec: spec, query: query, context: CheckContext()).results
    let unexpected = results.map { "\($0.check.name.rawValue) \($0.unexpectedCount ?? -1)" }
    #expect(
      unexpected == [
        "expect_column_values_to_not_be_null 0", "expect_column_values_to_not_be_null 0",
        "expect_compound_columns_to_be_unique 0", "expect_column_values_to_be_unique 2",
        "expect_compound_columns_to_be_unique 0", "expect_compound_columns_to_be_unique 2",
        "expect_column_values_to_be_between 1",
      ])

    var examples = EngineScript()
    for (index, result) in results.enumerated() {
      if let sql = query.examplesSQL(result.check) { examples.add("\(index)", sql) }
    }
    let output = try await engine.run(examples)
    #expect(output.texts("3") == [#"{"n":5,"times_found":2}"#])
    #expect(output.texts("4") == [])
    #expect(output.texts("5") == [#"{"geo":"c","times":7,"times_found":2}"#])
  }
}
