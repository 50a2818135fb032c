import Catalog
import CatalogTools
import Engine
import FoundationEssentials
import Logging
import Pipeline
import Postgres
import Testing
import TestSupport

/// Requests whose documents depend on rows: of what is published, of what came before, and of what was asked already.
@Suite("Requests for selected rows", .database)
struct RowRequestTests {
  private static let places = """
    name: places
    title: Places
    partitions: {years: 2011-}
    requests:
      - {name: list, source: census_bps, path: /list.csv, format: csv, columns: [id, street, city, state, zip]}
    columns:
      - {name: id, type: text, description: Id.}
      - {name: street, type: text, description: Street.}
      - {name: city, type: text, description: City.}
      - {name: state, type: text, description: State.}
      - {name: zip, type: text, description: Zip.}
    key: [id]
    """
  private static let found = """
    name: found
    title: Found
    partitions: {years: 2011-}
    depends_on: [places]
    requests:
      - name: batch
        source: census_geocoder
        method: post
        path: /geocoder/locations/addressbatch
        rows: new_addresses.sql
        upload: {field: addressFile, file_name: addresses.csv, fields: {benchmark: Public_AR_Current}, size: 2}
        format: lines
        columns: [line]
      - name: single
        source: nominatim
        path: /search
        query: {q: "{city}, {state}", format: "{format}"}
        for_each: {format: [jsonv2]}
        rows: left.sql
        format: json_document
        columns: [document]
    columns:
      - {name: id, type: text, description: Id.}
      - {name: result, type: text, description: Result.}
    key: [id]
    """
  private static let transform = """
    SELECT id, result FROM published.found
    UNION
    SELECT regexp_extract(line, '^"([^"]*)"', 1), 'batch ' || regexp_extract(line, '"(-?[0-9.]+,[0-9.]+)"', 1)
    FROM raw.batch WHERE line LIKE '%"Match"%'
    UNION
    SELECT id, format || ' ' || coalesce(document ->> '$[0].lat', 'none') || coalesce(note, '') FROM raw.single
    """
  private static let rows = [
    "new_addresses.sql": """
    -- Never ask twice.
    SELECT id, street, city, state, zip FROM published.places
    WHERE id NOT IN (SELECT id FROM published.found);
    """,
    "left.sql": """
    SELECT p.id, p.city, p.state, CAST(NULL AS VARCHAR) AS note
    FROM published.places p JOIN raw.batch b ON b.line LIKE '"' || p.id || '",%'
    WHERE b.line NOT LIKE '%"Match"%'
    """,
  ]

  private static let files = [
    "census_bps/list.csv": #"""
    id,street,city,state,zip
    1,3 Gramercy Park West,New York,NY,10003
    2,"79 Wistful ""Vista""",Wistful Vista,IL,
    3,1 Main St,Springfield,IL,62701
    4,"9 Long, Rd",Baltimore,MD,21201

    """#,
    "census_geocoder/geocoder/addresses.csv": """
    street,city,state,zip,result,match_type,matched_address,lon,lat,tigerline_id,side,state_fips,county_fips,tract,block
    3 Gramercy Park West,New York,NY,10003,Match,Exact,"3 GRAMERCY PARK W, NEW YORK, NY, 10003",-73.98658,40.738323,59653655,R,36,061,005000,1000
    1 Main St,Springfield,IL,62701,Match,Exact,"1 MAIN ST, SPRINGFIELD, IL, 62701",-89.6,39.8,1,R,17,167,000100,1000

    """,
    "nominatim/search@q=Baltimore, MD.json": #"[{"lat":"39.29","lon":"-76.61"}]"#,
    "nominatim/search.json": "[]",
  ]

  private func opened(_ body: (Workshop, PostgresConnection, Simulator) async throws -> Void) async throws {
    let folder = "/tmp/aker-recordings-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (path, text) in Self.files {
      let target = URL(filePath: folder + "/" + path)
      try FileManager.default.createDirectory(
        atPath: target.deletingLastPathComponent().path, withIntermediateDirectories: true)
      try Data(text.utf8).write(to: target)
    }
    try await Simulator.running(recordings: folder) { simulator in
      let sources = ["census_bps", "census_geocoder", "nominatim"]
      let endpoints = Dictionary(uniqueKeysWithValues: sources.map { ($0, simulator.endpoint + "/" + $0) })
      try await Workshop.open(endpoints: endpoints) { workshop, connection in
        try workshop.define("places", Self.places, "FROM raw.list")
        try workshop.define("found", Self.found, Self.transform, rows: Self.rows)
        try await body(workshop, connection, simulator)
      }
    }
  }

  private func text(_ sql: String, _ connection: PostgresConnection) async throws -> String? {
    try await connection.query("SELECT (\(sql))::text AS answer")[0].decode("answer")
  }

  @Test("what is new is uploaded in groups, what is left asked one by one, and nothing asked twice")
  func published() async throws {
    try await opened { workshop, connection, simulator in
      let check = try await CatalogCheck(engine: workshop.engine(), directory: workshop.catalog, registry: nil).run()
      #expect(check.problems.isEmpty, "\(check.problems)")
      try await workshop.apply(connection)
      try await workshop.enqueue("places", 2011...2012, asOf: "2026-01", connection)
      try await workshop.work()
      try await workshop.enqueue("found", 2011...2011, asOf: "2026-01", connection)
      let worked = try await workshop.work()
      let all = "1 batch -73.98658,40.738323|2 jsonv2 none|3 batch -89.6,39.8|4 jsonv2 39.29"
      func rows(_ year: Int) -> String {
        "SELECT string_agg(id || ' ' || result, '|' ORDER BY id) FROM found WHERE data_year = \(year)"
      }
      #expect(try await text(rows(2011), connection) == all, "\(worked)")
      let inputs = """
        SELECT string_agg(concat_ws(' ', request_name, parameters - 'state'), '|' ORDER BY ordinal) FROM lineage.input
        WHERE publication_id = (SELECT max(publication_id) FROM lineage.publication WHERE dataset = 'found')
        """
      #expect(
        try await text(inputs, connection)
          == #"batch|batch|single {"id": "2", "city": "Wistful Vista", "format": "jsonv2"}|single {"id": "4", "city": "Baltimore", "format": "jsonv2"}|places"#
      )

      // Another host, whose cache is empty: what is published says that all is known.
      let log = try await asked(simulator)
      try FileManager.default.removeItem(atPath: workshop.cache + "/raw/index")
      try await workshop.enqueue("found", 2012...2012, asOf: "2026-01", connection)
      try await workshop.work()
      #expect(try await text(rows(2012), connection) == all)
      #expect(try await asked(simulator) == log)
      #expect(try await text(inputs, connection) == "places|found")

      for year in [2011, 2012] {
        let again = try await Reproduction.run(
          dataset: "found", dataYear: year, in: try await workshop.pipeline(), logger: Logger(label: "test"))
        #expect(again.isIdentical, "\(year): \(again)")
      }
      // Other addresses under the same name: what it was made from is gone.
      try await connection.execute("UPDATE lake.manifest SET sha256 = repeat('0', 64) WHERE dataset = 'places'")
      await #expect(throws: PipelineError.self) {
        try await Reproduction.run(
          dataset: "found", dataYear: 2011, in: try await workshop.pipeline(), logger: Logger(label: "test"))
      }
    }
  }

  /// Requests to each source so far.
  private func asked(_ simulator: Simulator) async throws -> String {
    let answer = try await Program.run("curl", ["-sf", simulator.endpoint + "/_log"])
    struct Log: Decodable {
      struct Source: Decodable { var total: Int }
      var sources: [String: Source]
    }
    let log = try JSONDecoder().decode(Log.self, from: Data(answer.output.utf8))
    return ["census_geocoder", "nominatim"].map { "\($0) \(log.sources[$0]?.total ?? 0)" }.joined(separator: ", ")
  }

  @Test("mistakes in the SQL and in its columns are errors of the check, with file and line")
  func checked() async throws {
    try await opened { workshop, _, _ in
      func problem(_ rows: [String: String], _ yaml: String = Self.found) async throws -> [DefinitionProblem] {
        try workshop.define("found", yaml, Self.transform, rows: Self.rows.merging(rows) { $1 })
        return try await CatalogCheck(engine: workshop.engine(), directory: workshop.catalog, registry: nil).run()
          .problems
      }
      let unknown = try await problem(["new_addresses.sql": "SELECT id\nFROM published.plces"])
      #expect(
        unknown.contains {
          $0.file.hasSuffix("found/new_addresses.sql") && $0.line == 2 && $0.message.contains("plces")
        },
        "\(unknown)")
      let missing = try await problem(["left.sql": "SELECT id, city AS town, state FROM published.places"])
      #expect(
        missing.contains {
          $0.file.hasSuffix("found/dataset.yml") && $0.line == 14
            && $0.message.contains("nothing fills {city}: left.sql gives id, town, state")
        }, "\(missing)")
      let twice = try await problem(["left.sql": "SELECT id AS document, city, state FROM published.places"])
      #expect(
        twice.contains { $0.message.contains("'document' is a column of the rows and of the answer") }, "\(twice)")
      let absent = try await problem([:], Self.found.replacing("rows: left.sql", with: "rows: lift.sql"))
      #expect(
        absent.contains {
          $0.line == 14 && $0.message.contains("there is no file 'lift.sql' beside it; did you mean 'left.sql'?")
        }, "\(absent)")
    }
  }
}
