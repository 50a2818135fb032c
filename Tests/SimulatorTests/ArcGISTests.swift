import FoundationEssentials
import TestSupport
import Testing

/// Layers of ArcGIS servers: paging with the flag in both places, holes, caps, and errors in a 200.
struct ArcGISTests {
  private struct Page: Decodable {
    struct Feature: Decodable {
      struct Attributes: Decodable {
        var OBJECTID: Int?
        var STATE: String?
        var RISK: Double?
      }

      var attributes: Attributes?
      var properties: Attributes?
    }

    struct Flag: Decodable { var exceededTransferLimit: Bool? }

    var features: [Feature]?
    var exceededTransferLimit: Bool?
    var properties: Flag?
    var count: Int?
    var objectIds: [Int]?

    var ids: [Int] { (features ?? []).compactMap { ($0.attributes ?? $0.properties)?.OBJECTID } }
  }

  private static let layer = "fema_nri/arcgis/rest/services/NRI/FeatureServer/0"
  /// 1…25 but 9 and 10, states in turn.
  private static let ids = (1...25).filter { $0 != 9 && $0 != 10 }

  private static func features(_ member: String) -> String {
    ids.map { id in
      #"{"\#(member)":{"OBJECTID":\#(id),"STATE":"\#(["MD", "VA", "O'B"][id % 3])","RISK":\#(id).5},"geometry":null}"#
    }.joined(separator: ",")
  }

  private func with(quirks: String? = nil, _ body: (SimulatorProcess) async throws -> Void) async throws {
    var files = [
      "\(Self.layer)/features.json": #"{"objectIdFieldName":"OBJECTID","features":[\#(Self.features("attributes"))]}"#,
      "\(Self.layer)/features.geojson":
        #"{"type":"FeatureCollection","features":[\#(Self.features("properties"))]}"#,
      "\(Self.layer)/layer.json": #"{"id":0,"name":"NRI","maxRecordCount":10}"#,
    ]
    files["\(Self.layer)/quirks.json"] = quirks
    try await RecordingFolder.make(files) { folder in
      try await SimulatorProcess.run(recordings: folder.path) { try await body($0) }
    }
  }

  private func query(_ simulator: SimulatorProcess, _ parameters: String) async throws -> Page {
    let answer = try await simulator.get("/\(Self.layer)/query?\(parameters)")
    #expect(answer.status == 200)
    return try JSONDecoder().decode(Page.self, from: Data(answer.body))
  }

  @Test func pagesEndWithAFlagInItsPlace() async throws {
    try await with { simulator in
      let first = try await query(simulator, "where=1%3D1&outFields=*&f=json")
      #expect(first.ids == Array(Self.ids[..<10]))
      #expect(first.exceededTransferLimit == true)
      let last = try await query(simulator, "where=1=1&outFields=*&f=json&resultOffset=20&resultRecordCount=100")
      #expect(last.ids == [23, 24, 25])
      #expect(last.exceededTransferLimit == nil)
      let geo = try await query(simulator, "where=1%3D1&outFields=*&f=geojson&resultOffset=5&resultRecordCount=3")
      #expect(geo.ids == Array(Self.ids[5..<8]))
      #expect(geo.exceededTransferLimit == nil)
      #expect(geo.properties?.exceededTransferLimit == true)
      let metadata = try await simulator.get("/\(Self.layer)?f=json")
      #expect(metadata.text.contains(#""maxRecordCount":10"#))
    }
  }

  @Test func countIdsAndConditions() async throws {
    try await with { simulator in
      #expect(try await query(simulator, "where=1%3D1&returnCountOnly=true&f=json").count == 23)
      #expect(try await query(simulator, "where=1%3D1&returnIdsOnly=true&f=json").objectIds == Self.ids)
      let state = try await query(simulator, "where=STATE%3D'VA'+AND+OBJECTID>10&outFields=STATE&f=json")
      #expect(state.features?.map { $0.attributes?.STATE } == Array(repeating: "VA", count: 5))
      #expect(state.ids.isEmpty)
      #expect(
        try await query(simulator, "where=state+in+('O''B','XX')&outFields=*&f=json").ids == [
          2, 5, 8, 11, 14, 17, 20, 23,
        ])
      #expect(try await query(simulator, "objectIds=3,4,99&outFields=*&f=json").ids == [3, 4])
      let posted = try await simulator.send(
        "POST", "/\(Self.layer)/query", ["Content-Type": "application/x-www-form-urlencoded"],
        body: "where=OBJECTID+%3C%3D+2&outFields=*&f=json")
      #expect(try JSONDecoder().decode(Page.self, from: Data(posted.body)).ids == [1, 2])
    }
  }

  @Test(arguments: [
    "where=NOPE%3D1&f=json", "where=DROP+TABLE&f=json", "f=json", "where=1%3D1", "where=1%3D1&f=json&resultOffset=x",
  ])
  func errorsAreAnswered200(parameters: String) async throws {
    try await with { simulator in
      let answer = try await simulator.get("/\(Self.layer)/query?\(parameters)")
      #expect(answer.status == 200)
      #expect(answer.text.hasPrefix(#"{"error":{"code":400,"message":""#))
    }
  }

  @Test func pagesCanBeShortOrEmptyAndStillSayMore() async throws {
    try await with(
      quirks: #"{"cap": 4, "flag": "both", "holes": [{"before": 2, "count": 1}, {"before": 3, "count": 8}]}"#
    ) { simulator in
      // 1 2 - 3 | - - - - | - - - - | 4 …: a client that goes on by what it asked for finds all.
      var offset = 0
      var sizes: [Int] = []
      var ids: [Int] = []
      while sizes.count < 20 {
        let page = try await query(
          simulator, "where=1%3D1&outFields=*&f=json&resultOffset=\(offset)&resultRecordCount=4")
        sizes.append(page.ids.count)
        ids += page.ids
        #expect(page.exceededTransferLimit == page.properties?.exceededTransferLimit)
        offset += 4
        if page.exceededTransferLimit != true { break }
      }
      #expect(sizes == [3, 0, 0, 4, 4, 4, 4, 4])
      #expect(ids == Self.ids)
      // The cap is lower than what layer.json says.
      #expect(try await query(simulator, "where=1%3D1&outFields=*&f=json&resultOffset=12").ids.count == 4)
    }
  }

  @Test func someServersIgnoreWhatTheyAreAsked() async throws {
    try await with(quirks: #"{"ignores_count": true, "flag": "none"}"#) { simulator in
      let answer = try await query(simulator, "where=1%3D1&outFields=*&returnCountOnly=true&f=json")
      #expect(answer.count == nil)
      #expect(answer.ids.count == 10)
      #expect(answer.exceededTransferLimit == nil)
    }
  }

  @Test(.enabled(if: SharedData.isPresent, "the shared source files are not here"))
  func aRecordedAnswerIsServedInPages() async throws {
    let directory = try #require(SharedData.directory)
    let path = directory + "/arcgis_rest/us-esri-test/us-esri-test-0.json"
    let recorded = String(decoding: try #require(FileManager.default.contents(atPath: path)), as: UTF8.self)
    try await RecordingFolder.make(["esri/FeatureServer/0/features.json": recorded]) { folder in
      try await SimulatorProcess.run(recordings: folder.path) { simulator in
        var facilities = 0
        for offset in [0, 400, 800] {
          let answer = try await simulator.get(
            "/esri/FeatureServer/0/query?where=1%3D1&outFields=*&f=json&resultOffset=\(offset)&resultRecordCount=400")
          let page = try JSONDecoder().decode(Page.self, from: Data(answer.body))
          facilities += page.features?.count ?? 0
          #expect(page.exceededTransferLimit == (offset < 800 ? true : nil))
        }
        #expect(facilities == 1000)
      }
    }
  }
}
