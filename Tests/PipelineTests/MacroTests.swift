import Catalog
import CatalogTools
import FoundationEssentials
import Postgres
import Testing
import TestSupport

/// SQL that several datasets share.
@Suite("Macros of the catalog", .database)
struct MacroTests {
  private static let macros = """
    CREATE MACRO listed(rows) AS TABLE
    SELECT id, doubled(amount) AS amount
    FROM query_table(rows);

    -- Twice.
    CREATE MACRO doubled(a) AS CAST(a AS INTEGER) * 2;
    """

  private static func datasetYAML(_ name: String, macros: String = "macros: [figures]") -> String {
    """
    name: \(name)
    title: Figures
    partitions: {years: 2010-}
    \(macros)
    requests:
      - {name: rows, source: test_files, path: /rows.csv, format: csv, columns: [id, amount]}
      - name: found
        source: test_files
        path: "/{file}.csv"
        rows: files.sql
        format: csv
        columns: [other]
    columns:
      - {name: id, type: text, description: Id.}
      - {name: amount, type: integer, description: Amount.}
      - {name: other, type: text, description: Other.}
    key: [id]
    """
  }
  private static let transform = "SELECT * FROM listed(raw.rows), raw.found"
  private static let rows = ["files.sql": "SELECT 'more_' || doubled(count(*)) AS file FROM raw.rows"]

  private func write(_ macros: String, _ workshop: Workshop) throws {
    let folder = workshop.catalog + "/macros"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data(macros.utf8).write(to: URL(filePath: folder + "/figures.sql"))
  }

  @Test("the transform and the selection of rows use them, and a change of them makes what used them stale")
  func used() async throws {
    let files = ["rows.csv": "id,amount\na,1\nb,20\n", "more_4.csv": "other\nx\n"]
    try await Workshop.serving(
      Array(files.keys), { try Data(files[$0, default: ""].utf8).write(to: URL(filePath: $1)) }
    ) {
      workshop, connection in
      try write(Self.macros, workshop)
      try workshop.define("figures", Self.datasetYAML("figures"), Self.transform, rows: Self.rows)
      try await workshop.apply(connection)
      try await workshop.enqueue("figures", 2010...2010, asOf: "2024-06", connection)
      try await workshop.work()
      try await workshop.requireExactlyOnce("figures", partitions: 1, connection)
      func amounts() async throws -> [Int] {
        try await connection.query("SELECT amount FROM figures ORDER BY id").map { try $0.decode("amount") }
      }
      #expect(try await amounts() == [2, 40])

      try write(
        Self.macros.replacing("FROM query_table(rows)", with: "FROM query_table(rows) WHERE doubled(amount) > 2"),
        workshop)
      try await workshop.apply(connection)
      try await workshop.enqueue("figures", 2010...2010, asOf: "2024-06", mode: "stale", connection)
      try await workshop.work()
      try await workshop.requireExactlyOnce("figures", partitions: 1, connection)
      #expect(try await amounts() == [40])
    }
  }

  @Test("mistakes are found where they stand: in the catalog's file, the dataset's, or nowhere")
  func refused() async throws {
    try await Workshop.open { workshop, _ in
      try write(Self.macros.replacing("CAST(a AS INTEGER)", with: "toint(a)"), workshop)
      try Data("CREATE MACRO idle(a) AS a;".utf8).write(to: URL(filePath: workshop.catalog + "/macros/idle.sql"))
      try workshop.define("figures", Self.datasetYAML("figures"), Self.transform, rows: Self.rows)
      let check = CatalogCheck(engine: try await workshop.engine(), directory: workshop.catalog, registry: nil)
      func problems() async throws -> [String] {
        try await check.run().problems.map { $0.description.replacing(workshop.catalog + "/", with: "") }
      }
      var found = try await problems()
      #expect(found.contains { $0.hasPrefix("macros/figures.sql:6:28: ") && $0.contains("toint") }, "\(found)")
      #expect(
        found.contains { $0.hasPrefix("macros/idle.sql:1: ") && $0.hasSuffix("no dataset names these macros") },
        "\(found)")
      #expect(found.count == 2, "\(found)")

      try write(Self.macros, workshop)
      try workshop.define(
        "figures", Self.datasetYAML("figures", macros: "macros: [figure]"), Self.transform, rows: Self.rows)
      found = try await problems()
      #expect(
        found == [
          "datasets/figures/dataset.yml:4: macros[1]: there is no file 'macros/figure.sql' in the catalog; did you mean 'macros/figures.sql'?"
        ])

      try workshop.define("figures", Self.datasetYAML("figures", macros: "owner: us"), Self.transform, rows: Self.rows)
      found = try await problems()
      #expect(
        found.contains { $0.hasPrefix("datasets/figures/files.sql:1:19: ") && $0.contains("doubled") }, "\(found)")
    }
  }
}
