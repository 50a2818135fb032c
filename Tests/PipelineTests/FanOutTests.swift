import Catalog
import CatalogTools
import Engine
import FoundationEssentials
import Logging
import Pipeline
import Postgres
import Testing
import TestSupport

/// Requests that are many documents, from the definition to the warehouse, and back to the byte.
@Suite("Requests for many documents", .database)
struct FanOutTests {
  private static let permits = """
    name: permits
    title: Permits
    partitions: {years: 2011-}
    requests:
      - name: month
        source: census_bps
        path: "/m/{place}{yy}{month}.csv"
        for_each: {place: [md, va], month: ["01", "02", "03"]}
        format: csv
        columns: [code, {name: units, type: integer}]
        optional: true
      - name: pages
        source: census_bps
        path: "/rows"
        pages: {style: page, parameter: page, rows: data}
        format: json_document
        columns: [document]
    columns:
      - {name: place, type: text, description: Place.}
      - {name: month, type: text, description: Month.}
      - {name: code, type: text, description: Code.}
      - {name: units, type: integer, description: Units.}
    key: [place, month, code]
    """
  private static let transform = """
    SELECT place, month, code, CAST(units AS INTEGER) AS units FROM raw.month
    UNION ALL
    SELECT 'pages', '', CAST(row ->> 'c' AS VARCHAR), CAST(row ->> 'u' AS INTEGER)
    FROM (SELECT unnest(from_json(document -> 'data', '["JSON"]')) AS row FROM raw.pages)
    """

  private func recordings(_ body: (String) async throws -> Void) async throws {
    let folder = "/tmp/aker-recordings-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let files = [
      "m/md1101.csv": "code,units\n1,10\n2,20\n", "m/md1102.csv": "code,units\n1,11\n",
      // The same bytes as another document's, and one without rows; md's third month is absent.
      "m/va1101.csv": "code,units\n1,10\n2,20\n", "m/va1102.csv": "code,units\n", "m/va1103.csv": "units,code\n33,3\n",
      "rows@page=1.json": #"{"data":[{"c":"x","u":1},{"c":"y","u":2}]}"#,
      "rows@page=2.json": #"{"data":[{"c":"z","u":3}]}"#,
      "rows@page=3.json": #"{"data":[]}"#,
    ]
    try FileManager.default.createDirectory(atPath: folder + "/census_bps/m", withIntermediateDirectories: true)
    for (path, text) in files { try Data(text.utf8).write(to: URL(filePath: folder + "/census_bps/" + path)) }
    try await body(folder)
  }

  @Test("each combination is a document whose values are columns; absent ones, equal ones and pages included")
  func published() async throws {
    try await recordings { folder in
      try await Simulator.running(recordings: folder) { simulator in
        try await Workshop.open(endpoints: ["census_bps": simulator.endpoint + "/census_bps"]) { workshop, connection in
          try workshop.define("permits", Self.permits, Self.transform)
          let check = try await CatalogCheck(
            engine: workshop.engine(), directory: workshop.catalog, registry: nil
          ).run()
          #expect(check.problems.isEmpty, "\(check.problems)")
          try await workshop.apply(connection)
          try await workshop.enqueue("permits", 2011...2011, asOf: "2026-01", connection)
          let worked = try await workshop.work()
          let rows = try await connection.query(
            "SELECT string_agg(concat_ws(' ', place, month, code, units), ', ' ORDER BY place, month, code) AS t FROM permits"
          )
          #expect(
            try rows[0].decode("t", as: String?.self)
              == "md 01 1 10, md 01 2 20, md 02 1 11, pages  x 1, pages  y 2, pages  z 3, va 01 1 10, va 01 2 20, va 03 3 33",
            "\(worked)")

          let inputs = try await connection.query(
            """
            SELECT string_agg(concat_ws(' ', request_name, parameters ->> 'place', parameters ->> 'month', status,
              right(url, 13)), ', ' ORDER BY ordinal) AS t FROM lineage.input
            """)
          #expect(
            try inputs[0].decode("t", as: String?.self) == """
              month md 01 200 /m/md1101.csv, month md 02 200 /m/md1102.csv, month md 03 404 /m/md1103.csv, \
              month va 01 200 /m/va1101.csv, month va 02 200 /m/va1102.csv, month va 03 200 /m/va1103.csv, \
              pages 200 s/rows?page=1, pages 200 s/rows?page=2
              """)
          let again = try await Reproduction.run(
            dataset: "permits", dataYear: 2011, in: try await workshop.pipeline(), logger: Logger(label: "test"))
          #expect(again.isIdentical)
        }
      }
    }
  }

  @Test("a column that a view of many documents lacks is an error of the check, with file and line")
  func checked() async throws {
    try await Workshop.open { workshop, _ in
      try workshop.define("permits", Self.permits, "SELECT place, month, code, units, stat FROM raw.month")
      let check = try await CatalogCheck(engine: workshop.engine(), directory: workshop.catalog, registry: nil).run()
      #expect(
        check.problems.contains {
          $0.file.hasSuffix("permits/transform.sql") && $0.line == 1 && $0.message.contains("stat")
        },
        "\(check.problems)")
    }
  }

  @Test("a view over 300 documents is read")
  func manyDocuments() async throws {
    try await Workshop.open { workshop, _ in
      let folder = workshop.directory + "/documents"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let spec = try #require(
        DatasetSpec.read(datasetYAML: Self.permits, transformSQL: Self.transform).spec)
      var documents: [InputView.Document] = []
      for number in 0..<300 {
        let file = folder + "/\(number)"
        try Data("code,units\n\(number),1\n".utf8).write(to: URL(filePath: file))
        let layout = DelimitedLayout(
          cells: ["code", "units"], delimiter: ",", rowCount: 1, hasLineBreaks: false, longestRow: 10)
        documents.append(.init(file: file, values: ["place": "p\(number)", "month": "01"], layout: layout))
      }
      var script = EngineScript()
      let view = InputView(request: spec.requests[0], documents: documents, year: 2011)
      BuildScript.addInputs(&script, views: [view], upstreams: [], year: 2011, region: "", asOf: "2026-01")
      script.add(
        "answer", "SELECT count(*) AS n, count(DISTINCT place) AS places FROM raw.month WHERE place = 'p' || code;")
      struct Answer: Decodable { var n: Int; var places: Int }
      let answer = try await workshop.engine().run(script).rows("answer", as: Answer.self)
      #expect(answer.first?.n == 300)
      #expect(answer.first?.places == 300)
    }
  }
}
