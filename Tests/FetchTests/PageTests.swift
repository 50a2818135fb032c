import Catalog
import Fetch
import FoundationEssentials
import Base
import TestSupport
import Testing

/// Answers in pages, from servers that say in different ways, or not at all, that there is more.
struct PageTests {
  // MARK: ArcGIS

  private static let layer = "arcgis/rest/services/L/FeatureServer/0"
  /// 23 features; numbers 9 and 10 were deleted.
  private static let ids = (1...25).filter { $0 != 9 && $0 != 10 }

  private struct Layer: Decodable {
    struct Feature: Decodable {
      struct Properties: Decodable { var OBJECTID: Int }
      var attributes: Properties?
      var properties: Properties?
    }
    var features: [Feature]
  }

  private func layer(quirks: String, _ body: (FetchWorld, Fetcher) async throws -> Void) async throws {
    func features(_ member: String) -> String {
      Self.ids.map { #"{"\#(member)":{"OBJECTID":\#($0)},"geometry":null}"# }.joined(separator: ",")
    }
    try await FetchWorld.run(recordings: [
      "l/\(Self.layer)/features.json": #"{"objectIdFieldName":"OBJECTID","features":[\#(features("attributes"))]}"#,
      "l/\(Self.layer)/features.geojson": #"{"type":"FeatureCollection","features":[\#(features("properties"))]}"#,
      "l/\(Self.layer)/layer.json": #"{"id":0,"name":"L","maxRecordCount":10}"#, "l/\(Self.layer)/quirks.json": quirks,
    ]) { world in try await body(world, world.fetcher("l", "retry: {max_tries: 1}")) }
  }

  private func fetch(_ fetcher: Fetcher, size: Int, format: String = "json") async throws -> [Int] {
    let request = FetchRequest.get(
      "l", "/\(Self.layer)/query", [("where", "1=1"), ("outFields", "*"), ("f", format)])
    let plan = try #require(
      pagePlan("{style: arcgis, size: \(size)}"))
    let inputs = try await fetcher.fetch(request, format: .jsonDocument, pages: plan, verifications: [])
    return try inputs.flatMap { input in
      try JSONDecoder().decode(Layer.self, from: Data(input.text.utf8)).features.compactMap {
        ($0.attributes ?? $0.properties)?.OBJECTID
      }
    }
  }

  private func pagePlan(_ pages: String) -> RequestPages? {
    DatasetSpec.read(
      datasetYAML: """
        name: d
        title: D
        partitions: {years: 2000-}
        requests: [{name: r, source: s, path: /, format: json_document, pages: \(pages)}]
        columns: [{name: a, type: text, description: A}]
        key: [a]
        """, transformSQL: "SELECT 1"
    ).spec?.requests[0].pages
  }

  @Test(
    "every feature comes once, whatever the server does with pages",
    arguments: [
      "{}", #"{"flag": "both"}"#, #"{"flag": "properties"}"#,
      // Fewer than asked for, and than layer.json promises.
      #"{"cap": 4}"#,
      // Short pages and empty ones, and there is more.
      #"{"holes": [{"before": 2, "count": 1}, {"before": 3, "count": 31}]}"#,
      #"{"cap": 4, "holes": [{"before": 2, "count": 1}, {"before": 3, "count": 8}]}"#,
      // Neither a count nor a flag.
      #"{"ignores_count": true}"#, #"{"ignores_count": true, "flag": "none"}"#,
      #"{"ignores_count": true, "flag": "none", "cap": 4}"#, #"{"flag": "none", "cap": 4}"#,
    ], ["json", "geojson"])
  func layers(_ quirks: String, _ format: String) async throws {
    try await layer(quirks: quirks) { _, fetcher in
      for size in [10, 7] {
        let found = try await fetch(fetcher, size: size, format: format)
        #expect(found == Self.ids)
      }
    }
  }

  @Test func featuresThatAreMissingAreAskedForAgain() async throws {
    try await layer(quirks: "{}") { world, fetcher in
      // The second page is empty, and the server says that it was the last.
      try await world.addFaults(
        #"{"fault": "error_body", "text": "{\"features\": []}", "content_type": "application/json", "path": "/l/", "skip": 2, "count": 1}"#
      )
      let found = try await fetch(fetcher, size: 10)
      #expect(found == Self.ids)
      // A count and two pages; then the ids, and the 13 that are missing, ten at a time.
      #expect(try await world.requestCount("l") == 6)
    }
  }

  @Test func pagesOfDifferentDaysAreAskedForAgainTogether() async throws {
    try await layer(quirks: "{}") { world, _ in
      let fetcher = try world.fetcher("l", "retry: {max_tries: 1}\ncache_ttl_days: 30")
      #expect(try await fetch(fetcher, size: 10) == Self.ids)
      let more =
        Self.ids.map { #"{"attributes":{"OBJECTID":\#($0 * 2)},"geometry":null}"# } + [
          #"{"attributes":{"OBJECTID":99},"geometry":null}"#
        ]
      let path = "l/\(Self.layer)/features.json"
      try world.record(
        Array(#"{"objectIdFieldName":"OBJECTID","features":[\#(more.joined(separator: ","))]}"#.utf8), at: path)
      // The first page of yesterday is in the cache, the others are not.
      let index = world.cache + "/index"
      for file in try FileManager.default.contentsOfDirectory(atPath: index) where file.hasSuffix(".json") {
        let text = String(decoding: FileManager.default.contents(atPath: index + "/" + file) ?? Data(), as: UTF8.self)
        let path = index + "/" + file
        if text.contains("resultOffset=0&") {
          let aged = text.replacing(
            /"fetchedAt":[0-9.]+/, with: "\"fetchedAt\":\(Date().timeIntervalSince1970 - 86_400)")
          try Data(aged.utf8).write(to: URL(filePath: path))
        } else {
          try FileManager.default.removeItem(atPath: path)
        }
      }
      #expect(try await fetch(fetcher, size: 10) == Self.ids.map { $0 * 2 } + [99])
    }
  }

  // MARK: Others

  private func ids(
    _ files: [String: String], _ pages: String, format: InputFormat = .jsonDocument
  ) async throws -> [String] {
    var texts: [String] = []
    let recordings = Dictionary(uniqueKeysWithValues: files.map { ("api/" + $0.key, $0.value) })
    try await FetchWorld.run(recordings: recordings) { world in
      let fetcher = try world.fetcher("api", "retry: {max_tries: 1}")
      let plan = try #require(pagePlan(pages))
      texts = try await fetcher.fetch(
        .get("api", "/rows", expect: format == .csv ? .text : .json), format: format, pages: plan, verifications: []
      ).map(\.text)
    }
    return texts
  }

  @Test func numberedPagesEndWithAnEmptyOne() async throws {
    let pages = [
      "rows@page=1.json": #"{"data":[1,2]}"#, "rows@page=2.json": #"{"data":[3]}"#,
      "rows@page=3.json": #"{"data":[4,5]}"#,
      "rows@page=4.json": #"{"data":[]}"#,
    ]
    let found = try await ids(pages, "{style: page, parameter: page, rows: data}")
    #expect(found == [#"{"data":[1,2]}"#, #"{"data":[3]}"#, #"{"data":[4,5]}"#])
  }

  @Test func aTotalOrAFlagEndsThePages() async throws {
    let pages = [
      "rows@page=0&n=2.json": #"{"meta":{"total":3,"more":true},"data":[{"a":[1,2,3]},2]}"#,
      "rows@page=1&n=2.json": #"{"meta":{"total":3,"more":false},"data":[3]}"#,
    ]
    for end in ["total: meta.total", "more: meta.more"] {
      let found = try await ids(
        pages, "{style: page, parameter: page, first: 0, size_parameter: n, size: 2, rows: data, \(end)}")
      #expect(found.count == 2)
    }
    let error = try await failure {
      try await ids(
        ["rows@page=1.json": #"{"total":9,"data":[1]}"#, "rows@page=2.json": #"{"total":9,"data":[]}"#],
        "{style: page, parameter: page, rows: data, total: total}")
    }
    #expect(error.reason == .incomplete("1 row came, and there are 9"))
  }

  @Test func offsetsGoOnByWhatCame() async throws {
    // 3 were asked for; the server gives 2.
    let pages = [
      "rows@offset=0.json": "[1,2]", "rows@offset=2.json": "[3,4]", "rows@offset=4.json": "[5]",
      "rows@offset=5.json": "[]",
    ]
    let found = try await ids(pages, "{style: offset, parameter: offset, size_parameter: limit, size: 3}")
    #expect(found == ["[1,2]", "[3,4]", "[5]"])
  }

  @Test func aCursorIsFollowedWhetherItIsAWordOrAnAddress() async throws {
    let files = [
      "rows": #"{"rows":[1],"meta":{"next":"a/b c"}}"#,
      "rows@cursor=a%2Fb%20c.json":
        #"{"rows":[2],"meta":{"next":"https://elsewhere.example/rows?x=1&cursor=two"}}"#,
      "rows@cursor=two.json": #"{"rows":[3],"meta":{"next":null}}"#,
    ]
    let found = try await ids(files, "{style: cursor, parameter: cursor, next: meta.next, rows: rows}")
    #expect(found.count == 3)
  }

  @Test func aServerThatDoesNotPageIsToldSo() async throws {
    let error = try await failure {
      try await ids(["rows": #"{"data":[1,2]}"#], "{style: page, parameter: page, rows: data}")
    }
    #expect(error.reason == .incomplete("the page at page 2 is the same as one before: the server does not page"))
  }

  @Test func aCursorThatLeadsBackIsAnError() async throws {
    let error = try await failure {
      try await ids(
        [
          "rows": #"{"rows":[1],"next":"a"}"#, "rows@cursor=a.json": #"{"rows":[2],"next":"b"}"#,
          "rows@cursor=b.json": #"{"rows":[3],"next":"a"}"#,
        ], "{style: cursor, parameter: cursor, next: next, rows: rows}")
    }
    #expect(error.reason == .incomplete("the pages go round in a circle, at 'a'"))
  }

  @Test func anAnswerWithoutItsListOfRowsIsAnError() async throws {
    let error = try await failure {
      try await ids(["rows@page=1.json": #"{"items":[1]}"#], "{style: page, parameter: page, rows: data}")
    }
    #expect(error.errorClass == .permanent)
    #expect(error.summary.contains("no list of rows at 'data'"))
  }

  // MARK: Cut silently

  @Test func blsCutsSeriesInSilenceAndIsFoundOut() async throws {
    let names = (10..<62).map { "S\($0)" }
    let csv = "series_id,year,period,value\n" + names.map { "\($0),2012,M01,1" }.joined(separator: "\n") + "\n"
    try await FetchWorld.run(recordings: ["bls_timeseries/series/all.csv": csv]) { world in
      let fetcher = try world.registered("bls_timeseries", secrets: ["BLS_API_KEY": "k-1234"])
      func fetch(_ asked: [String]) async throws -> [FetchedInput] {
        var request = FetchRequest(
          name: "r", sourceID: "bls_timeseries", path: "/publicAPI/v2/timeseries/data/", expected: .json)
        request.method = .post
        let list = asked.map { "\"\($0)\"" }.joined(separator: ",")
        request.body = Array(
          #"{"seriesid":[\#(list)],"startyear":"2012","endyear":"2012","registrationkey":"{key}"}"#.utf8)
        return try await fetcher.fetch(
          request, format: .jsonDocument, pages: nil,
          verifications: [
            .init(path: "Results.series[*].seriesID", values: asked),
            .init(path: "Results.series[*].data[*].year", values: ["2012"]),
          ])
      }
      #expect(try await fetch(Array(names.prefix(50))).count == 1)
      let error = try await failure { try await fetch(names) }
      #expect(error.errorClass == .data)
      #expect(
        error.reason == .incomplete("Results.series[*].seriesID should have 52 values, and lacks S60, S61"), "\(error)")
      // What was cut once may be whole the next time: asked twice, and not from the cache.
      #expect(try await world.requestCount("bls_timeseries") == 3)
    }
  }
}
