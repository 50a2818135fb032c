import FoundationEssentials
import TestSupport
import Testing

/// Each fault, as a client sees it on the wire.
struct FaultTests {
  private static let target = "/census_acs5/data/2012/acs/acs5?get=NAME,B19013_001E&for=state:*"
  private static let csv = "\u{FEFF}survey, \"fips\",name\r\n2020,24003,\"Anne, Arundel\"\r\n2020,24005,Baltimore\r\n"

  /// Runs `body` beside a simulator with these rules, which has a file /bfs/monthly.csv too.
  private func with(_ rules: String, _ body: (SimulatorProcess) async throws -> Void) async throws {
    try await RecordingFolder.make(["bfs/monthly.csv": Self.csv]) { folder in
      for year in [2011, 2012] {
        let file = "census_acs5/\(year)/state.json"
        let recorded = try #require(FileManager.default.contents(atPath: PackageRoot.recordings + "/" + file))
        try folder.write(String(decoding: recorded, as: UTF8.self), to: file)
      }
      try await SimulatorProcess.run(recordings: folder.path) { simulator in
        let answer = try await simulator.send("POST", "/_faults", body: rules)
        #expect(answer.status == 201, "\(answer.text)")
        try await body(simulator)
      }
    }
  }

  @Test func statusesComeWithRetryAfterInBothForms() async throws {
    let rules = """
      [{"fault": "status", "status": 429, "retry_after": 7, "count": 1},
       {"fault": "status", "status": 503, "retry_after_date": 3600, "skip": 1, "count": 1},
       {"fault": "status", "status": 500, "skip": 2, "count": 1},
       {"fault": "status", "status": 429, "skip": 3, "count": 1}]
      """
    try await with(rules) { simulator in
      let seconds = try await simulator.get(Self.target)
      #expect(seconds.status == 429)
      #expect(seconds.headers["retry-after"] == "7")
      let date = try await simulator.get(Self.target)
      #expect(date.status == 503)
      #expect(date.headers["retry-after"]?.hasSuffix(" GMT") == true)
      let failure = try await simulator.get(Self.target)
      #expect(failure.status == 500)
      #expect(failure.text.hasPrefix("There was an error while running your query."))
      let bare = try await simulator.get(Self.target)
      #expect(bare.status == 429)
      #expect(bare.headers["retry-after"] == nil)
      #expect(try await simulator.get(Self.target).status == 200)
      let log = try await simulator.get("/_log?requests")
      #expect(log.text.contains(#""statuses":{"200":1,"429":2,"500":1,"503":1}"#))
      #expect(log.text.contains(#""faults":["status"],"status":503"#))
    }
  }

  @Test func rulesStrikeByPathQueryAndMethod() async throws {
    let rules = """
      [{"path": "/census_acs5/data/2012", "query": "for=state", "method": "GET", "fault": "status", "status": 503}]
      """
    try await with(rules) { simulator in
      #expect(try await simulator.get(Self.target).status == 503)
      let otherYear = try await simulator.get(Self.target.replacing("2012", with: "2011"))
      #expect(otherYear.status == 200)
      let otherLevel = try await simulator.get(Self.target.replacing("for=state:*", with: "for=county:*"))
      #expect(otherLevel.status == 404)
      #expect(try await simulator.send("HEAD", Self.target).status == 200)
      #expect(try await simulator.get("/bfs/monthly.csv").status == 200)

      let report = try await simulator.get("/_faults")
      #expect(report.text.hasPrefix(#"[{"id":1,"matched":1,"struck":1,"#))
      #expect(try await simulator.send("DELETE", "/_faults?id=1").status == 204)
      #expect(try await simulator.get("/_faults").text == "[]")
      #expect(try await simulator.get(Self.target).status == 200)
    }
  }

  @Test func probabilityIsTheSameForTheSameSeed() async throws {
    func run(seed: Int) async throws -> [Int] {
      var statuses: [Int] = []
      try await with(#"{"fault": "status", "status": 503, "probability": 0.3, "seed": \#(seed)}"#) { simulator in
        for _ in 0..<100 { statuses.append(try await simulator.get("/bfs/monthly.csv").status) }
      }
      return statuses
    }
    let first = try await run(seed: 1)
    #expect(try await run(seed: 1) == first)
    #expect(try await run(seed: 2) != first)
    #expect((15...45).contains(first.count { $0 == 503 }))
  }

  @Test(arguments: [
    #"{"fault": "explode"}"#, #"{"fault": "status"}"#, #"{"fault": "status", "status": 429, "retryafter": 1}"#,
    #"{"fault": "drip", "bytes_per_second": 0}"#, #"{"fault": "reset", "probability": 2}"#, "[1]", "{",
    #"{"fault": "changed_columns"}"#,
  ])
  func aRuleThatMakesNoSenseIsRefused(rule: String) async throws {
    try await SimulatorProcess.run { simulator in
      let answer = try await simulator.send("POST", "/_faults", body: rule)
      #expect(answer.status == 400)
      #expect(!answer.text.isEmpty)
      #expect(try await simulator.get("/_faults").text == "[]")
    }
  }

  @Test func aFileOfFaultsIsReadAtTheStart() async throws {
    try await RecordingFolder.make(["rss/feed.xml": "<rss/>", "faults.json": #"{"fault": "redirect"}"#]) { folder in
      try await SimulatorProcess.run(recordings: folder.path, ["--faults", folder.path + "/faults.json"]) { simulator in
        let answer = try await simulator.get("/rss/feed.xml")
        #expect(answer.status == 302)
      }
      try folder.write("[{}]", to: "faults.json")
      let result = try await Program.run(
        Executable.simulator, ["--recordings", folder.path, "--faults", folder.path + "/faults.json"])
      #expect(result.exitCode != 0)
      #expect(result.errorOutput.contains("fault must be one of"))
    }
  }

  @Test func aResetBreaksTheBody() async throws {
    try await with(#"{"fault": "reset", "after_bytes": 1000}"#) { simulator in
      let answer = try await simulator.get("/_generated/5000")
      #expect(answer.status == 200)
      #expect(answer.contentLength == 5000)
      #expect(answer.body.count <= 1000)
      #expect(answer.ending == .failed)
    }
  }

  @Test func aResetCanComeBeforeTheAnswer() async throws {
    try await with(#"{"fault": "reset", "before_answer": true}"#) { simulator in
      let answer = try await simulator.get("/_generated/5000")
      #expect(answer.status == 0)
      #expect(answer.ending == .failed)
    }
  }

  @Test func aTruncatedBodyEndsInAnOrderlyWay() async throws {
    try await with(
      #"[{"fault": "truncate", "after_bytes": 1000, "count": 1}, {"fault": "truncate", "hide_length": true, "skip": 1}]"#
    ) { simulator in
      let promised = try await simulator.get("/_generated/5000")
      #expect(promised.contentLength == 5000)
      #expect(promised.body.count == 1000)
      #expect(promised.ending == .closed)
      let silent = try await simulator.get("/_generated/5000")
      #expect(silent.contentLength == nil)
      #expect(silent.headers["transfer-encoding"] == nil)
      #expect(silent.body.count == 2500)
    }
  }

  @Test func aWrongLengthIsMoreOrLessThanTheBody() async throws {
    try await with(
      #"[{"fault": "wrong_length", "by": 10, "count": 1}, {"fault": "wrong_length", "by": -10, "skip": 1}]"#
    ) { simulator in
      let more = try await simulator.get("/_generated/5000")
      #expect(more.contentLength == 5010)
      #expect(more.body.count == 5000)
      let less = try await simulator.get("/_generated/5000")
      #expect(less.contentLength == 4990)
      #expect(less.body.count == 5000)
    }
  }

  @Test func aDripTakesItsTime() async throws {
    try await with(#"{"fault": "drip", "bytes_per_second": 2000}"#) { simulator in
      let start = ContinuousClock.now
      let answer = try await simulator.get("/_generated/1000")
      let duration = ContinuousClock.now - start
      #expect(answer.body.count == 1000)
      #expect(duration >= .milliseconds(350))
    }
  }

  @Test func aDelayComesBeforeTheHead() async throws {
    try await with(#"{"fault": "delay", "seconds": 0.3}"#) { simulator in
      let start = ContinuousClock.now
      let answer = try await simulator.get("/bfs/monthly.csv")
      let duration = ContinuousClock.now - start
      #expect(answer.status == 200)
      #expect(duration >= .milliseconds(300))
    }
  }

  @Test func aStallEndsWithTheClientsPatience() async throws {
    try await with(#"{"fault": "stall", "after_bytes": 1000}"#) { simulator in
      // The client waits for the rest in vain and leaves.
      let waiting = Task { try await simulator.get("/_generated/5000") }
      try await eventually("the answer is under way") {
        try await simulator.get("/_log").text.contains(#""under_way":1"#)
      }
      waiting.cancel()
      try await eventually("the simulator notices that the client left") {
        try await simulator.get("/_log").text.contains(#""under_way":0"#)
      }
    }
  }

  @Test func aStallCanEnd() async throws {
    try await with(#"{"fault": "stall", "after_bytes": 1000, "seconds": 0.3}"#) { simulator in
      let start = ContinuousClock.now
      let answer = try await simulator.get("/_generated/5000")
      let duration = ContinuousClock.now - start
      #expect(answer.body.count == 5000)
      #expect(duration >= .milliseconds(300))
    }
  }

  @Test func corruptGzipCannotBeRead() async throws {
    try await with(#"[{"fault": "corrupt_gzip", "count": 1}, {"fault": "corrupt_gzip", "cut_bytes": 20, "skip": 1}]"#) {
      simulator in
      for _ in 0..<2 {
        let answer = try await simulator.get("/bfs/monthly.csv")
        #expect(answer.status == 200)
        #expect(answer.headers["content-encoding"] == "gzip")
        #expect(answer.contentLength == answer.body.count)
        let path = "/tmp/aker-corrupt-\(UUID().uuidString).gz"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(answer.body).write(to: URL(filePath: path))
        #expect(try await Program.run("gzip", ["-t", path]).exitCode == 1)
      }
    }
  }

  @Test func aRedirectLeadsToAPageThatAnswers200() async throws {
    try await with(
      #"[{"path": "/bfs", "fault": "redirect", "count": 1}, {"path": "/bfs", "fault": "redirect", "to": "file:///etc/passwd", "status": 307, "skip": 1}]"#
    ) { simulator in
      let answer = try await simulator.get("/bfs/monthly.csv")
      #expect(answer.status == 302)
      let page = try await simulator.get(try #require(answer.headers["location"]))
      #expect(page.status == 200)
      #expect(page.headers["content-type"]?.hasPrefix("text/html") == true)
      let other = try await simulator.get("/bfs/monthly.csv")
      #expect(other.status == 307)
      #expect(other.headers["location"] == "file:///etc/passwd")
    }
  }

  @Test(arguments: [
    ("/bls_timeseries/publicAPI/v2/timeseries/data/", "REQUEST_NOT_PROCESSED"),
    ("/fema_nri/arcgis/rest/services/NRI/FeatureServer/0/query", #""code":499"#),
    ("/bea_regional/api/data/", "APIErrorDescription"),
    ("/nominatim/search", "Bandwidth limit exceeded"),
    ("/census_acs5/data/2012/acs/acs5", "<title>Invalid Key</title>"),
  ])
  func anErrorBodyIsTheOneOfItsSource(path: String, text: String) async throws {
    try await with(#"{"fault": "error_body"}"#) { simulator in
      let answer = try await simulator.get(path)
      #expect(answer.status == 200)
      #expect(answer.text.contains(text))
    }
  }

  @Test func anErrorBodyCanBeGiven() async throws {
    try await with(#"{"fault": "error_body", "text": "{\"error\": \"no\"}"}"#) { simulator in
      let answer = try await simulator.get("/bfs/monthly.csv")
      #expect(answer.status == 200)
      #expect(answer.text == #"{"error": "no"}"#)
      #expect(answer.headers["content-type"] == "application/json;charset=utf-8")
    }
  }

  @Test func anEmptyPageKeepsItsHeader() async throws {
    try await with(#"{"fault": "empty_page"}"#) { simulator in
      let table = try await simulator.get(Self.target)
      #expect(table.text == #"[["NAME","B19013_001E","state"]]"#)
      let file = try await simulator.get("/bfs/monthly.csv")
      #expect(file.text == "\u{FEFF}survey, \"fips\",name\r\n")
    }
  }

  @Test func columnsChangeInTablesAndFiles() async throws {
    let rules = """
      {"fault": "changed_columns", "rename": {"B19013_001E": "B19013_1", "fips": "geoid"}, "drop": ["state", "survey"],
       "add": {"NEW": "x"}}
      """
    try await with(rules) { simulator in
      let rows = try JSONDecoder().decode([[String?]].self, from: Data(try await simulator.get(Self.target).body))
      #expect(rows.count == 53)
      #expect(rows[0] == ["NAME", "B19013_1", "NEW"])
      #expect(rows[1] == ["Alabama", "43160", "x"])
      let file = try await simulator.get("/bfs/monthly.csv").text
      #expect(file == "geoid,name,NEW\r\n24003,\"Anne, Arundel\",x\r\n24005,Baltimore,x\r\n")
    }
  }

  @Test func changedContentHasAnotherETag() async throws {
    try await with(#"{"fault": "changed_columns", "drop": ["state"], "skip": 1, "count": 1}"#) { simulator in
      for target in [Self.target] {
        let tag = try #require(try await simulator.get(target).headers["etag"])
        let changed = try await simulator.get(target, ["If-None-Match": tag])
        #expect(changed.status == 200)
        #expect(changed.headers["etag"] != tag)
      }
    }
  }

  @Test func aPageComesTwice() async throws {
    try await with(#"{"path": "/census_acs5", "fault": "duplicate_page", "skip": 1, "count": 1}"#) { simulator in
      let first = try await simulator.get(Self.target + "&page=1")
      let other = Self.target.replacing("NAME,", with: "")
      let second = try await simulator.get(other)
      #expect(second.text == first.text)
      #expect(try await simulator.get(other).text != first.text)
    }
  }
}
