@testable import Catalog
import Engine
import FoundationEssentials
import Lake
import Logging
import Postgres
import Quality
import TestSupport
import Testing

/// Real files of real sources, served by the simulator; what is expected is computed by Python from the files themselves.
@Suite("Real files", .database, .enabled(if: SharedData.isPresent, "the shared data is not beside this clone"))
struct RealFileTests {
  /// A workshop with a source `test_files`, which serves `files` (path: file of the shared data).
  private func withFiles(
    _ files: [String: String], _ body: (Workshop, PostgresConnection) async throws -> Void
  ) async throws {
    let shared = try #require(SharedData.directory)
    try await Workshop.serving(Array(files.keys)) { path, target in
      try FileManager.default.createSymbolicLink(
        atPath: target, withDestinationPath: shared + "/" + (files[path] ?? ""))
    } body: { workshop, connection in
      try await body(workshop, connection)
    }
  }

  private func python(_ script: String) async throws -> String {
    let shared = try #require(SharedData.directory)
    let result = try await Program.run("python3", ["-c", script], directory: shared)
    #expect(result.exitCode == 0, "\(result)")
    return result.output.filter { !$0.isNewline }
  }

  static let bfsYAML = """
    name: bfs_test
    title: Business formation
    partitions: {years: 2004-}
    requests:
      - name: monthly
        source: test_files
        path: "/{as_of}/bfs_monthly.csv"
        format: csv
        columns: [sa, naics_sector, series, geo, year, jan, feb, mar, apr, may, jun, jul, aug, sep, oct, nov, dec]
    columns:
      - {name: adjusted, type: text, description: Seasonally adjusted or not.}
      - {name: sector, type: text, description: Sector.}
      - {name: series, type: text, description: Series.}
      - {name: geo, type: text, description: Place.}
      - {name: january, type: text, description: "As written, D and S and NA too."}
      - {name: december, type: text, description: As written.}
    key: [adjusted, sector, series, geo]
    """
  static let bfsSQL = """
    SELECT sa AS adjusted, naics_sector AS sector, series, geo, jan AS january, "dec" AS december
    FROM raw.monthly WHERE CAST(year AS INTEGER) = getvariable('data_year')
    """

  @Test("a source that rewrites its past: the change is measured, and an older vintage never replaces a newer one")
  func revisedHistory() async throws {
    let files = [
      "2025-02/bfs_monthly.csv": "census_bfs/vintages/bfs_monthly_through_2025-02.csv",
      "2025-08/bfs_monthly.csv": "census_bfs/vintages/bfs_monthly_through_2025-08.csv",
    ]
    try await withFiles(files) { workshop, connection in
      try workshop.define("bfs_test", Self.bfsYAML, Self.bfsSQL)
      try await workshop.apply(connection)
      for (year, vintages) in [(2023, ["2025-02", "2025-08"]), (2024, ["2025-08", "2025-02"])] {
        for asOf in vintages {
          try await workshop.enqueue("bfs_test", year...year, asOf: asOf, connection)
          let result = try await workshop.work()
          #expect(result.exitCode == 0, "\(result)")
        }
      }
      let shown = try await connection.query(
        "SELECT data_year, min(as_of) AS first, max(as_of) AS last FROM bfs_test GROUP BY 1 ORDER BY 1")
      #expect(try shown.map { try $0.decode("first", as: String.self) } == ["2025-08", "2025-08"])
      #expect(try shown.map { try $0.decode("last", as: String.self) } == ["2025-08", "2025-08"])
      #expect(try await workshop.lake.files().count == 4)
      let outcomes = try await connection.query(
        "SELECT outcome, change->>'rows_added' AS added, change->>'rows_removed' AS removed, change->>'rows_changed' AS changed, change->>'cells_changed' AS cells FROM lineage.publication ORDER BY publication_id"
      )
      #expect(
        try outcomes.map { try $0.decode("outcome", as: String.self) }
          == ["published", "published", "published", "lake_only"])
      let expected = try await python(
        """
        import csv
        def read(vintage):
          rows = csv.DictReader(open(f'census_bfs/vintages/bfs_monthly_through_{vintage}.csv', newline=''))
          return {(r['sa'],r['naics_sector'],r['series'],r['geo']): (r['jan'],r['dec']) for r in rows if r['year']=='2023'}
        a, b = read('2025-02'), read('2025-08')
        both = a.keys() & b.keys()
        print(len(b.keys()-a.keys()), len(a.keys()-b.keys()), sum(a[k]!=b[k] for k in both), sum((a[k][0]!=b[k][0])+(a[k][1]!=b[k][1]) for k in both))
        """)
      let row = outcomes[1]
      let measured = try ["added", "removed", "changed", "cells"].map { try row.decode($0, as: String.self) }
      #expect(measured.joined(separator: " ") == expected)
    }
  }

  @Test("QCEW's suppressed zeros become NULL, and a check keeps them from being taken for figures")
  func suppressedZeros() async throws {
    let file = "bls_qcew/api_annual_slices/morpc-qcew-2021-a-39041.csv"
    let shared = try #require(SharedData.directory)
    let header = try #require(FileManager.default.contents(atPath: shared + "/" + file))
    let columns = String(decoding: header.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
      .split(separator: ",").map { $0.filter { !$0.isWhitespace } }
    func yaml(_ name: String) -> String {
      """
      name: \(name)
      title: Jobs
      partitions: {years: 2020-2023}
      requests:
        - name: area
          source: test_files
          path: "/{data_year}/39041.csv"
          format: csv
          columns: [\(columns.joined(separator: ", "))]
      columns:
        - {name: area, type: text, description: Area.}
        - {name: ownership, type: text, description: Owner.}
        - {name: industry, type: text, description: Industry.}
        - {name: size_class, type: text, description: Size.}
        - {name: is_suppressed, type: boolean, description: Withheld.}
        - {name: employment, type: bigint, unit: jobs, description: Annual average employment.}
        - {name: wages, type: bigint, unit: USD, description: Wages.}
      key: [area, ownership, industry, size_class]
      checks:
        - expect_column_pair_values_a_to_be_greater_than_b: {column_A: wages, column_B: employment, severity: warn}
        - expect_column_values_to_be_between: {column: employment, min_value: 1, mostly: 0.98}
      """
    }
    func sql(_ employment: String) -> String {
      """
      SELECT area_fips AS area, own_code AS ownership, industry_code AS industry, size_code AS size_class,
        disclosure_code IS NOT NULL AND disclosure_code = 'N' AS is_suppressed, \(employment) AS employment,
        CASE WHEN disclosure_code IS DISTINCT FROM 'N' THEN CAST(total_annual_wages AS BIGINT) END AS wages
      FROM raw.area
      """
    }
    try await withFiles(["2021/39041.csv": file]) { workshop, connection in
      let employment = "CAST(annual_avg_emplvl AS BIGINT)"
      try workshop.define(
        "jobs_right", yaml("jobs_right"), sql("CASE WHEN disclosure_code IS DISTINCT FROM 'N' THEN \(employment) END"))
      try workshop.define("jobs_wrong", yaml("jobs_wrong"), sql(employment))
      try await workshop.apply(connection)
      for dataset in ["jobs_right", "jobs_wrong"] {
        try await workshop.enqueue(dataset, 2021...2021, asOf: "2024-06", connection)
      }
      try await workshop.work()
      let expected = try await python(
        """
        import csv
        rows = list(csv.DictReader(open('\(file)')))
        kept = [r for r in rows if r['disclosure_code'] != 'N']
        print(len(rows), len(rows)-len(kept), sum(int(r['annual_avg_emplvl']) for r in kept))
        """)
      let published = try await connection.query(
        "SELECT count(*) AS n, count(*) - count(employment) AS nulls, sum(employment) AS jobs FROM jobs_right")
      let found = try ["n", "nulls", "jobs"].map { try published[0].decode($0, as: String.self) }
      #expect(found.joined(separator: " ") == expected)

      // Zeros in their place fail the check, are not published, and are shown.
      #expect(try await connection.query("SELECT FROM jobs_wrong").isEmpty)
      let failed = try await connection.query(
        """
        SELECT t.error_class, t.reason, r.unexpected_count, jsonb_array_length(r.examples) AS examples
        FROM queue.task t JOIN quality.validation v USING (task_id) JOIN quality.check_result r USING (validation_id)
        WHERE t.dataset = 'jobs_wrong' AND NOT r.success AND r.severity = 'fail'
        """)
      #expect(failed.count == 1)
      #expect(try failed.first?.decode("error_class", as: String.self) == "data")
      #expect(try failed.first?.decode("examples", as: Int.self) == 20)
      #expect(try failed.first?.text("reason")?.contains("expect_column_values_to_be_between (employment)") == true)
    }
  }

  @Test("columns that moved are read by name; columns that went stop the partition, with the edit that would accept it")
  func movedColumns() async throws {
    let shared = try #require(SharedData.directory)
    let file = "/tmp/aker-moved-\(UUID().uuidString).json"
    defer { try? FileManager.default.removeItem(atPath: file) }
    // As the API would answer with the columns the other way round, and one renamed as S1901's labels were.
    let contents = try #require(
      FileManager.default.contents(atPath: shared + "/census_acs5/derived_api_json/county/acs5_2018_B19013.json"))
    let rows = try JSONDecoder().decode([[String?]].self, from: contents)
    try JSONEncoder().encode(rows.map { Array($0.reversed()) }).write(to: URL(filePath: file))
    let declared = RequestColumns(names: ["NAME", "B19013_001E", "B19013_001M", "state", "county"])
    let request = DatasetRequest(
      name: "county", sourceID: "s", path: "/", query: [], format: .jsonTable, vintages: [declared], isOptional: false,
      line: 1)
    try await Workshop.open { workshop, _ in
      var script = EngineScript()
      script.readPaths = [file]
      let view = InputView(request: request, files: [file], year: 2018)
      BuildScript.addInputs(&script, views: [view], upstreams: [], year: 2018, region: "", asOf: "2020-01")
      script.add(
        "rows", "SELECT count(*) AS n, CAST(sum(CAST(\"B19013_001E\" AS BIGINT)) AS BIGINT) AS total FROM raw.county;")
      let output = try await workshop.engine().run(script)
      struct Header: Decodable { let columns: [String] }
      struct Figures: Decodable {
        let n: Int
        let total: Int
      }
      let header = try #require(try output.rows("headers", as: Header.self).first?.columns)
      let drift = SchemaDrift.compare(request: request, declared: declared, header: header, year: 2018)
      #expect(drift.count == 4)
      #expect(drift.allSatisfy { $0.kind == .moved && !$0.isFailure })
      let income = try #require(rows[0].firstIndex(of: "B19013_001E"))
      let figures = try #require(try output.rows("rows", as: Figures.self).first)
      #expect(figures.n == rows.count - 1)
      #expect(figures.total == rows.dropFirst().compactMap { $0[income].flatMap { Int($0) } }.reduce(0, +))
    }

    let old = RequestColumns(names: ["Geography", "Households!!Estimate!!Median income (dollars)"])
    let renamed = SchemaDrift.compare(
      request: request, declared: old, header: ["Geography", "Estimate!!Households!!Median income (dollars)", "x"],
      year: 2019)
    #expect(renamed.map(\.kind) == [.renamed, .extra])
    #expect(
      renamed[0].suggestion?.contains("in_file: \"Estimate!!Households!!Median income (dollars)\"") == true)
  }

  @Test("building permits: the layouts of two decades, told apart by their headers")
  func permitLayouts() async throws {
    let shared = try #require(SharedData.directory)
    do {
      func header(_ file: String) throws -> [String] {
        let contents = try #require(FileManager.default.contents(atPath: shared + "/" + file))
        let line = contents.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        return String(decoding: line, as: UTF8.self).split(separator: ",", omittingEmptySubsequences: false)
          .map { $0.filter { !$0.isWhitespace } }
      }
      let old = try header("census_bps/county_annual/co1998a.txt")
      let new = try header("census_bps/county_annual/co2019a.txt")
      let expected = try await python(
        """
        f = lambda y: [c.replace(' ','') for c in open(f'census_bps/county_annual/co{y}a.txt').readline().strip('\\r\\n').split(',')]
        print(sorted(set(f(1998))-set(f(2019))), sorted(set(f(2019))-set(f(1998))))
        """)
      let gone = Set(old).subtracting(new).sorted()
      let came = Set(new).subtracting(old).sorted()
      func list(_ names: [String]) -> String { "[" + names.map { "'\($0)'" }.joined(separator: ", ") + "]" }
      #expect("\(list(gone)) \(list(came))" == expected)
      let request = DatasetRequest(
        name: "county", sourceID: "s", path: "/", query: [], format: .csv, vintages: [], isOptional: false, line: 1)
      let drift = SchemaDrift.compare(
        request: request, declared: RequestColumns(names: Set(old).subtracting([""]).sorted()), header: new, year: 2019)
      #expect(drift.filter(\.isFailure).map(\.column).sorted() == gone)
    }
  }
}
