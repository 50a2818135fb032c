import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// A home with a catalog of one dataset, over documents of the test's own: definition and documents change as a test says.
struct PriceShop {
  let home: OperatorHome
  private let connection: PostgresConnection

  static func open(
    _ body: (PriceShop) async throws -> Void
  ) async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn) { home in
      var home = home
      home.environment["AKER_CATALOG_PATH"] = home.path + "/catalog"
      let files = FileManager.default
      try files.createDirectory(atPath: home.path + "/catalog/datasets/price", withIntermediateDirectories: true)
      try files.createDirectory(atPath: home.path + "/shop", withIntermediateDirectories: true)
      try home.write(
        "sources:\n  - {id: shop, name: A shop, endpoint: \"file://\(home.path)/shop\"}\n", to: "catalog/sources.yml")
      let shop = PriceShop(home: home, connection: try await TestDatabase.current.connect())
      try shop.define(factor: 1)
      try await body(shop)
      await shop.connection.close()
    }
  }

  /// Prices of the list, times a factor.
  func define(factor: Int, least: Int = 0, doubts: Bool = false) throws {
    try home.write(
      """
      name: price
      title: What things cost
      partitions: {years: 2020-2029}
      requests:
        - {name: list, source: shop, path: "/{data_year}.csv", format: csv, columns: [item, price]}
      columns:
        - {name: item, type: text, description: What is sold.}
        - {name: price, type: double, unit: USD, description: Its price.}
      key: [item]
      checks:
        - expect_column_values_to_be_between: {column: price, min_value: \(least)\(doubts ? ", severity: warn" : "")}

      """, to: "catalog/datasets/price/dataset.yml")
    try home.write(
      "SELECT item, CAST(price AS DOUBLE) * \(factor) AS price FROM raw.list",
      to: "catalog/datasets/price/transform.sql")
  }

  func deliver(_ year: Int, _ price: String) throws {
    try home.write("item,price\ntea,\(price)\n", to: "shop/\(year).csv")
  }

  /// - Returns: all that it printed.
  @discardableResult
  func aker(
    _ line: String, exits code: Int32 = 0, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> String {
    let result = try await Program.run(
      Executable.aker, line.split(separator: " ").map(String.init), environment: home.environment)
    #expect(result.exitCode == code, "aker \(line): \(result)", sourceLocation: sourceLocation)
    return result.output + result.errorOutput
  }

  /// Until nothing is left to do.
  func work(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let result = try await Program.run(
      Executable.worker, ["--until-empty", "--slots", "1"], environment: home.environment)
    #expect(result.exitCode == 0, "\(result)", sourceLocation: sourceLocation)
  }

  /// What the warehouse shows: `139.94 as of 2024-06`; nil for nothing.
  func shown(_ year: Int) async throws -> String? {
    let rows = try await connection.query(
      "SELECT price || ' as of ' || as_of AS line FROM public.price WHERE data_year = $1", [year])
    return try rows.first?.decode("line")
  }

  func texts(_ sql: String) async throws -> [String] {
    try await connection.query(sql).map { $0.text(0) ?? "" }
  }
}
