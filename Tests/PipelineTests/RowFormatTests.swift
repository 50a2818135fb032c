import Catalog
import Engine
import FoundationEssentials
import Logging
import Postgres
import TestSupport
import Testing

@testable import Pipeline

@Suite("Rows from DuckDB to Postgres", .database, .whateverHappens)
struct RowFormatTests {
  private static let columns = [
    ("t", "text"), ("i", "integer"), ("b", "bigint"), ("d", "double"), ("y", "boolean"), ("day", "date"),
    ("moment", "timestamp"), ("g", "geometry"),
  ]

  private static func spec(_ name: String, _ columns: [(String, String)]) throws -> DatasetSpec {
    let yaml = """
      name: \(name)
      title: Rows
      partitions: {years: 2000-}
      requests: [{name: rows, source: s, path: /rows.csv, format: csv, columns: [a]}]
      columns:
      \(columns.map { "  - {name: \($0), type: \"\($1)\", description: A value.}" }.joined(separator: "\n"))
      key: [t]
      """
    return try #require(DatasetSpec.read(datasetYAML: yaml, transformSQL: "SELECT 1").spec)
  }

  /// Each value of each type in a row, and 20,000 rows more: the file has several groups of rows for two COPYs.
  private static let rows = """
    SELECT * FROM (VALUES
      (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
      ('', 0, 0, 0.0, false, '1970-01-01', '1970-01-01 00:00:00+00', 'POINT(1 2)', 0),
      ('a"b,c\\d' || chr(10) || chr(13) || chr(9) || 'é€😀' || chr(1), -2147483648, -9223372036854775808, -0e0, true,
        '0001-01-01', '0001-01-01 00:00:00+00', 'POLYGON((0 0,1 0,1 1,0 0))', -9.99),
      ('\\N', 2147483647, 9223372036854775807, 1.7976931348623157e308, true, '9999-12-31', '9999-12-31 23:59:59.999999+00',
        'MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))', 9.99),
      ('\\.', 1, 1, 5e-324, true, '2000-01-01', '1969-12-31 23:59:59.500001+00', 'LINESTRING(0.1 0.2,1e-9 1)', 0.01),
      (repeat('long ', 40000), 1, 1, 0.1, true, '1999-12-31', '2024-02-29 12:00:00.000001+00',
        'GEOMETRYCOLLECTION(POINT(1 1))', 1.1)
    ) UNION ALL SELECT 'row ' || n, n, n * 1000000007, n / 7, n % 2 = 0, DATE '1900-01-01' + CAST(n AS INTEGER),
      TIMESTAMPTZ '1950-01-01 00:00:00+00' + to_microseconds(n * 123456789), 'POINT(' || n / 1000 || ' 1)', 0
    FROM range(20000) r(n)
    """

  @Test("binary and CSV bring the same values of every type; decimals come as CSV, whose digits are right")
  func bothFormats() async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/aker-rows-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let duckdb = try await Workshop.duckdb
    let engine = Engine(
      duckdb, limits: EngineLimits(memoryBytes: 536_870_912, threads: 2, temporaryDirectory: folder + "/spill"),
      logger: Logger(label: "test"))
    let plain = try Self.spec("plain", Self.columns)
    let withDecimal = try Self.spec("with_decimal", Self.columns + [("n", "decimal(38,37)")])
    #expect(RowFormat(of: plain, duckdb) == .binary)
    #expect(RowFormat(of: withDecimal, duckdb) == .csv)

    let file = folder + "/rows.parquet"
    var script = EngineScript()
    script.extensions = [.spatial]
    script.writePaths = [file]
    let values = withDecimal.columns.enumerated().map { index, column in
      "CAST(c\(index) AS \(column.type.duckdbName)) AS \(column.name)"
    }
    let names = withDecimal.columns.indices.map { "c\($0)" }.joined(separator: ", ")
    script.add(
      "file",
      "COPY (SELECT \(values.joined(separator: ", ")) FROM (\(Self.rows)) v(\(names))) TO '\(file)' (FORMAT parquet);")
    _ = try await engine.run(script)

    let connection = try await TestDatabase.current.connect()
    let pool = PostgresPool(TestDatabase.current.configuration, maximumCount: 1)
    for spec in [plain, withDecimal] {
      let columns = spec.columns.map { "\($0.name) \($0.type.postgresName)" }.joined(separator: ", ")
      try await connection.execute("CREATE TABLE warehouse.\(spec.name) (data_year int, as_of text, \(columns))")
      let partition = Partition(dataset: spec.name, dataYear: 2021, region: "", asOf: "2024-06")
      let loader = WarehouseLoader(engine: engine, spec: spec, partition: partition, localFile: file)
      #expect(try await loader.fill(spec.name, connection, and: pool) == 20_006)
    }
    let shared = "SELECT data_year, as_of, \(plain.columns.map(\.name).joined(separator: ", ")) FROM warehouse."
    // As texts: -0 is 0 to a comparison.
    let difference = """
      SELECT r::text FROM (\(shared)plain) r EXCEPT ALL SELECT r::text FROM (\(shared)with_decimal) r
      """
    #expect(try await connection.query(difference).isEmpty)
    let digits = try await connection.query(
      "SELECT count(*)::int AS count FROM warehouse.with_decimal WHERE n::text IN ('9.99' || repeat('0', 35), '1.1' || repeat('0', 36))"
    )
    #expect(try digits[0].decode("count", as: Int.self) == 2)
    await pool.close()
    await connection.close()
  }
}
