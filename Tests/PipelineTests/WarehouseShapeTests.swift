import Base
import Catalog
import Engine
import FoundationEssentials
import Lake
import Pipeline
import Postgres
import Testing
import TestSupport

/// Geometry, keys of other datasets, and tables that change their shape.
@Suite("Shapes of tables", .database)
struct WarehouseShapeTests {
  private static func collection(_ features: [(id: String, ring: String)]) -> String {
    let features = features.map { feature in
      #"{"type":"Feature","properties":{"id":"\#(feature.id)"},"geometry":{"type":"Polygon","coordinates":[[\#(feature.ring)]]}}"#
    }
    return #"{"type":"FeatureCollection","features":[\#(features.joined(separator: ","))]}"#
  }

  private static let square = "[-83.1,39.9],[-83.0,39.9],[-83.0,40.0000000000001],[-83.1,40.0],[-83.1,39.9]"
  private static let bowTie = "[-83.1,39.9],[-83.0,40.0],[-83.0,39.9],[-83.1,40.0],[-83.1,39.9]"
  private static let swapped = "[39.9,-83.1],[39.9,-83.0],[40.0,-83.0],[40.0,-83.1],[39.9,-83.1]"

  private static func yaml(_ name: String, _ file: String) -> String {
    """
    name: \(name)
    title: Places
    partitions: {years: 2020-2022}
    requests:
      - {name: places, source: test_files, path: "/\(file)", format: geojson, columns: [id, geometry]}
    columns:
      - {name: id, type: text, description: Place.}
      - {name: shape, type: geometry, description: Its outline.}
    key: [id]
    checks:
      - expect_column_geometries_to_be_valid: {column: shape}
      - expect_column_geometries_to_be_within_extent: {column: shape, extent: [-180, 15, -60, 75]}
    """
  }
  private static let sql = "SELECT id, ST_GeomFromText(geometry) AS shape FROM raw.places"

  private func serve(
    _ files: [String: String], _ body: (Workshop, PostgresConnection) async throws -> Void
  ) async throws {
    try await Workshop.serving(Array(files.keys)) { path, target in
      try Data((files[path] ?? "").utf8).write(to: URL(filePath: target))
    } body: { workshop, connection in
      var workshop = workshop
      // Where the spatial extension is.
      workshop.environment["AKER_HOME"] = PackageRoot.path + "/.aker"
      try await body(workshop, connection)
    }
  }

  @Test("geometry is published as GeoParquet and in PostGIS, to the last bit; a broken or misplaced one is not")
  func geometry() async throws {
    let files = [
      "good.json": Self.collection([("a", Self.square)]),
      "broken.json": Self.collection([("a", Self.square), ("b", Self.bowTie)]),
      "swapped.json": Self.collection([("a", Self.swapped)]),
    ]
    try await serve(files) { workshop, connection in
      for name in ["good", "broken", "swapped"] {
        try workshop.define("places_\(name)", Self.yaml("places_\(name)", name + ".json"), Self.sql)
      }
      try await workshop.apply(connection)
      for name in ["good", "broken", "swapped"] {
        try await workshop.enqueue("places_\(name)", 2020...2020, asOf: "2024-06", connection)
      }
      let result = try await workshop.work(slots: 2)
      #expect(result.exitCode == 0, "\(result)")

      let path = try #require(try await workshop.lake.files().first)
      let file = workshop.lake.location + "/" + path
      var script = EngineScript()
      script.needsSpatial = true
      script.readPaths = [file]
      script.add(
        "geo",
        "SELECT decode(value) AS geo FROM parquet_kv_metadata('\(file)') WHERE decode(key) = 'geo';")
      script.add("wkb", "SELECT ST_AsHEXWKB(shape) AS wkb FROM read_parquet('\(file)');")
      struct Geo: Decodable { let geo: String }
      struct Shape: Decodable { let wkb: String }
      let engine = try await workshop.engine()
      let output = try await engine.run(script)
      let geo = try #require(try output.rows("geo", as: Geo.self).first?.geo)
      #expect(geo.contains(#""primary_column":"shape""#) && geo.contains("WKB"), "\(geo)")
      let inFile = try #require(try output.rows("wkb", as: Shape.self).first?.wkb)
      let rows = try await connection.query(
        "SELECT upper(encode(ST_AsBinary(shape, 'NDR'), 'hex')) AS wkb, ST_SRID(shape) AS srid FROM places_good")
      #expect(try rows[0].decode("wkb", as: String.self) == inFile.uppercased())
      #expect(try rows[0].decode("srid", as: Int.self) == 4326)

      for (dataset, check) in [
        ("places_broken", "expect_column_geometries_to_be_valid"),
        ("places_swapped", "expect_column_geometries_to_be_within_extent"),
      ] {
        #expect(try await connection.query("SELECT FROM \(dataset)").isEmpty)
        let failed = try await connection.query(
          """
          SELECT r.check_name, r.unexpected_count, r.examples::text AS examples, t.error_class
          FROM quality.validation v JOIN quality.check_result r USING (validation_id) JOIN queue.task t USING (task_id)
          WHERE v.dataset = $1 AND NOT r.success
          """, [dataset])
        #expect(try failed.map { try $0.decode("check_name", as: String.self) } == [check])
        #expect(try failed.first?.decode("unexpected_count", as: Int.self) == 1)
        #expect(try failed.first?.decode("error_class", as: String.self) == "data")
        #expect(try failed.first?.text("examples")?.contains("\"id\"") == true)
      }
    }
  }

  @Test("a value that another dataset does not have fails the check, and is shown")
  func foreignKeys() async throws {
    try await serve(["states.csv": "id\n01\n02\n", "cities.csv": "id,state\na,01\nb,02\nc,99\nd,\n"]) {
      workshop, connection in
      func yaml(_ name: String, _ columns: String, _ rest: String) -> String {
        """
        name: \(name)
        title: T
        partitions: {years: 2020-2022}
        requests:
          - {name: file, source: test_files, path: "/\(name).csv", format: csv, columns: [\(columns)]}
        columns:
          - {name: id, type: text, description: Name.}
        \(rest)
        """
      }
      try workshop.define("states", yaml("states", "id", "key: [id]"), "SELECT id FROM raw.file")
      try workshop.define(
        "cities",
        yaml(
          "cities", "id, state",
          """
            - {name: state, type: text, description: State.}
          key: [id]
          depends_on: [states]
          checks:
            - expect_column_values_to_exist_in_dataset: {column: state, dataset: states, other_column: id}
          """), "SELECT id, state FROM raw.file")
      try await workshop.apply(connection)
      try await workshop.enqueue("states", 2020...2020, asOf: "2024-06", connection)
      try await workshop.work()
      try await workshop.enqueue("cities", 2020...2020, asOf: "2024-06", connection)
      try await workshop.work()
      let task = try await connection.query("SELECT reason FROM queue.task WHERE dataset = 'cities'")
      let reason = try #require(try task.first?.text("reason"))
      #expect(reason.contains("failed checks"), "\(reason)")
      #expect(try await connection.query("SELECT FROM cities").isEmpty)
      let failed = try await connection.query(
        """
        SELECT unexpected_count, examples::text AS examples FROM quality.check_result
        WHERE check_name = 'expect_column_values_to_exist_in_dataset' AND NOT success
        """)
      #expect(try failed.map { try $0.decode("unexpected_count", as: Int.self) } == [1])
      let examples = try #require(try failed.first?.text("examples"))
      #expect(examples.contains(#""99""#) && !examples.contains(#""01""#), "\(examples)")
    }
  }

  @Test("a table grows by columns; any other change is refused with SQL that does it")
  func changes() async throws {
    try await Workshop.open { workshop, connection in
      func define(_ columns: [String], key: String = "a") async throws -> CatalogError? {
        let yaml = """
          name: changing
          title: T
          partitions: {years: 2020-2022}
          requests:
            - {name: file, source: census_acs5, path: "/x.csv", format: csv, columns: [a]}
          columns:
          \(columns.map { "  - {name: \($0), description: D.}" }.joined(separator: "\n"))
          key: [\(key)]
          """
        try workshop.define("changing", yaml, "SELECT a, 1 AS b, 2 AS c FROM raw.file")
        do {
          try await workshop.apply(connection)
          return nil
        } catch let error as CatalogError {
          return error
        }
      }
      func types() async throws -> [String: String] {
        let rows = try await connection.query(
          "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'changing'")
        return try Dictionary(
          uniqueKeysWithValues: rows.map { (try $0.decode("column_name"), try $0.decode("data_type")) })
      }
      #expect(try await define(["a, type: text", "b, type: integer"]) == nil)
      #expect(try await define(["a, type: text", "b, type: integer", "c, type: text"]) == nil)
      #expect(try await types()["c"] == "text")

      for (columns, change, part) in [
        (
          ["a, type: text", "b, type: bigint", "c, type: text"], "column b is integer", #"ALTER COLUMN "b" TYPE bigint"#
        ),
        (["a, type: text", "b, type: bigint"], "column c is not declared any more", #"DROP COLUMN "c""#),
      ] {
        let before = try await types()
        guard case .incompatibleTable(_, let changes, let sql) = try await define(columns) else {
          Issue.record("accepted: \(change)")
          continue
        }
        #expect(changes.contains { $0.contains(change) }, "\(changes)")
        #expect(sql.contains { $0.contains(part) }, "\(sql)")
        #expect(try await types() == before)
        // The definition that workers run is still the one that fits.
        let current = try await connection.query("SELECT FROM catalog.dataset_column WHERE dataset = 'changing'")
        #expect(current.count == before.count - 2)
        for statement in sql { try await connection.execute(statement) }
        #expect(try await define(columns) == nil)
      }
    }
  }

  @Test(
    "a name that PostGIS, a view or somebody's own table has is refused, without a word on dropping what is there",
    arguments: [
      ("spatial_ref_sys", "a table of the extension postgis"), ("geometry_columns", "a view of the extension postgis"),
      ("theirs", "a table that is not ours"), ("shown", "a view that is not ours"),
    ])
  func takenName(_ name: String, _ what: String) async throws {
    try await Workshop.open { workshop, connection in
      try await connection.execute("CREATE TABLE public.theirs (a text)")
      try await connection.execute("CREATE VIEW public.shown AS SELECT 1 AS a")
      try workshop.define(
        name,
        """
        name: \(name)
        title: T
        partitions: {years: 2000-}
        requests: [{name: r, source: census_acs5, path: "/x.csv", format: csv, columns: [a]}]
        columns: [{name: a, type: text, description: A.}]
        key: [a]
        checks: []
        """, "SELECT a FROM raw.r")
      let error = await #expect(throws: CatalogError.self) { try await workshop.apply(connection) }
      #expect(error == .nameTaken(dataset: name, by: what))
      #expect(error?.advice?.lowercased().contains("drop") == false)
      #expect(try await connection.query("SELECT FROM catalog.dataset WHERE name = $1", [name]).isEmpty)
    }
  }
}
