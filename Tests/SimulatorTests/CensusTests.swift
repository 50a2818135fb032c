import FoundationEssentials
import TestSupport
import Testing

/// The Census API over the shipped recordings and over folders made here.
struct CensusTests {
  typealias Table = [[String?]]

  static let metro = "metropolitan%20statistical%20area/micropolitan%20statistical%20area"

  private func table(_ answer: HTTPAnswer) throws -> Table {
    try JSONDecoder().decode(Table.self, from: Data(answer.body))
  }

  @Test func columnsComeInTheAskedOrderThenTheGeography() async throws {
    try await SimulatorProcess.run { simulator in
      let answer = try await simulator.get(
        "/census_acs5/data/2012/acs/acs5?get=NAME,B19013_001E,B01003_001E&for=county:*&in=state:51")
      #expect(answer.status == 200)
      #expect(answer.headers["content-type"] == "application/json;charset=utf-8")
      let rows = try table(answer)
      #expect(rows.first == ["NAME", "B19013_001E", "B01003_001E", "state", "county"])
      #expect(rows.contains(["Bedford city, Virginia", "35863", "6103", "51", "515"]))
      #expect(rows.dropFirst().allSatisfy { $0[3] == "51" })
      #expect(rows.count == 135)

      let turned = try table(
        try await simulator.get("/census_acs5/data/2012/acs5?get=B01003_001E,NAME&for=state:02,09"))
      #expect(turned.first == ["B01003_001E", "NAME", "state"])
      #expect(turned.map { $0[2] } == ["state", "02", "09"])
    }
  }

  @Test func metrosAreFoundUnderTheirLongName() async throws {
    try await SimulatorProcess.run { simulator in
      let target = "/census_acs5/data/2017/acs/acs5?get=NAME,B19013_001E,B01003_001E&for=\(Self.metro):*"
      let rows = try table(try await simulator.get(target))
      #expect(rows.count == 946)
      #expect(rows[0][3] == "metropolitan statistical area/micropolitan statistical area")
      #expect(rows[1] == ["Aberdeen, SD Micro Area", "54533", "42608", "10100"])
      let form = try await simulator.get(target.replacing("%20", with: "+"))
      #expect(try table(form) == rows)
      #expect(try await simulator.get(target.replacing("2017", with: "2012")).status == 404)
    }
  }

  @Test func whatIsNotRecordedIsNullAndSaidSo() async throws {
    try await SimulatorProcess.run { simulator in
      let answer = try await simulator.get(
        "/census_acs5/data/2018/acs/acs5?get=NAME,B01003_001E,B19013_001E&for=county:039&in=state:35")
      #expect(
        try table(answer) == [
          ["NAME", "B01003_001E", "B19013_001E", "state", "county"],
          ["Rio Arriba County, New Mexico", nil, "-666666666", "35", "039"],
        ])
      #expect(answer.headers["x-simulator-unrecorded"] == "B01003_001E")
    }
  }

  @Test(arguments: [
    ("2011/acs/acs5?get=NAME,B19013_001X&for=county:*", 400, "error: unknown variable 'B19013_001X'"),
    ("2011/acs/acs5?get=NAME&for=village:*", 400, "error: unknown/unsupported geography hierarchy"),
    ("2011/acs/acs5?get=NAME&for=state:*&in=county:003", 400, "error: unknown/unsupported geography hierarchy"),
    (
      "2011/acs/acs5?get=\(Array(repeating: "B19013_001E", count: 51).joined(separator: ","))&for=state:*", 400,
      "error: 'get' is limited to 50 variables"
    ),
    ("2011/acs/acs5?for=state:*", 400, "error: missing 'get' argument"),
    ("2011/acs/acs5?get=NAME&for=county:*&in=state:99", 204, ""),
  ])
  func refusesAsTheAPIDoes(query: String, status: Int, text: String) async throws {
    try await SimulatorProcess.run { simulator in
      let answer = try await simulator.get("/census_acs5/data/" + query)
      #expect(answer.status == status)
      #expect(answer.text == text)
    }
  }

  @Test(arguments: ["2031/acs/acs5", "2020/acs/acs1", "2012/acs/acs5/subject", "latest/acs/acs5"])
  func whatWasNotReleasedIsNotFound(path: String) async throws {
    try await SimulatorProcess.run { simulator in
      let answer = try await simulator.get("/census_acs5/data/\(path)?get=NAME,B19013_001E&for=state:*")
      #expect(answer.status == 404)
    }
  }

  @Test func anETagSavesTheSecondTransfer() async throws {
    try await SimulatorProcess.run { simulator in
      let target = "/census_acs5/data/2009/acs/acs5?get=NAME,B19013_001E&for=state:*"
      let first = try await simulator.get(target)
      let tag = try #require(first.headers["etag"])
      let second = try await simulator.get(target, ["If-None-Match": "\"other\", \(tag)"])
      #expect(second.status == 304)
      #expect(second.body.isEmpty)
      #expect(second.headers["etag"] == tag)
      let other = try await simulator.get(target + ":", ["If-None-Match": tag])
      #expect(other.status != 304)
      let otherYear = try await simulator.get(target.replacing("2009", with: "2010"), ["If-None-Match": tag])
      #expect(otherYear.status == 200)
    }
  }

  @Test func theKeyWallLeadsToAPageThatAnswers200() async throws {
    try await SimulatorProcess.run(["--key-wall", "open-sesame"]) { simulator in
      let target = "/census_acs5/data/2009/acs/acs5?get=NAME,B19013_001E&for=state:*"
      for (suffix, page, title) in [("", "missing", "Missing Key"), ("&key=guess", "invalid", "Invalid Key")] {
        let refusal = try await simulator.get(target + suffix)
        #expect(refusal.status == 302)
        #expect(refusal.headers["x-datawebapi-keyerror"] == "1")
        let location = try #require(refusal.headers["location"])
        #expect(location == "/census_acs5/data/\(page)_key.html")
        let html = try await simulator.get(location)
        #expect(html.status == 200)
        #expect(html.headers["content-type"]?.hasPrefix("text/html") == true)
        #expect(html.text.contains("<title>\(title)</title>"))
      }
      #expect(try await simulator.get(target + "&key=open-sesame").status == 200)
      // The key is a secret, and logs are read by many.
      let log = try await simulator.get("/_log?requests")
      #expect(log.text.contains("key=REDACTED"))
      #expect(!log.text.contains("open-sesame"))
    }
  }

  @Test func aNewYearIsANewFileAndNothingElse() async throws {
    let rows = #"[ ["NAME" , "B19013_001E","us"],\#n  ["United States", null, "1"] ]"#
    try await RecordingFolder.make(["census_acs5/2031/us.json": rows]) { folder in
      try await SimulatorProcess.run(recordings: folder.path) { simulator in
        let query = "acs/acs5?get=NAME,B19013_001E&for=us:1"
        let answer = try await simulator.get("/census_acs5/data/2031/\(query)")
        #expect(try table(answer) == [["NAME", "B19013_001E", "us"], ["United States", nil, "1"]])
        #expect(try await simulator.get("/census_acs5/data/2032/\(query)").status == 404)
        // While it runs.
        try folder.write(rows, to: "census_acs5/2032/us.json")
        #expect(try await simulator.get("/census_acs5/data/2032/\(query)").status == 200)
        try folder.write(rows.replacing("null", with: "\"51000\""), to: "census_acs5/2031/us.json")
        #expect(try await simulator.get("/census_acs5/data/2031/\(query)").text.contains("51000"))
      }
    }
  }

  @Test func whatIsMadeUpSaysSo() async throws {
    try await RecordingFolder.make(["census_acs5/2031/us.json": #"[["NAME","us"],["United States","1"]]"#]) { folder in
      try await SimulatorProcess.run(recordings: folder.path) { simulator in
        let target = "/census_acs5/data/2031/acs/acs5?get=NAME&for=us:*"
        #expect(try await simulator.get(target).headers["x-simulator-synthetic"] == nil)
        try folder.write("synthetic: true\n", to: "census_acs5/manifest.yml")
        #expect(try await simulator.get(target).headers["x-simulator-synthetic"] == "true")
      }
    }
  }

  @Test func aBrokenRecordingIsNamed() async throws {
    try await RecordingFolder.make(["census_acs5/2031/us.json": #"[["NAME","us"],["United States"]]"#]) { folder in
      try await SimulatorProcess.run(recordings: folder.path) { simulator in
        let answer = try await simulator.get("/census_acs5/data/2031/acs/acs5?get=NAME&for=us:*")
        #expect(answer.status == 500)
        #expect(answer.text.contains("2031/us.json: row 1"))
      }
    }
  }

  @Test(
    .enabled(if: SharedData.isPresent, "the shared source files are not here"), arguments: [2009, 2010, 2011, 2012])
  func whatIsShippedEqualsWhatWasRecorded(year: Int) async throws {
    let directory = try #require(SharedData.directory)
    for (level, geography) in [("state", ["state"]), ("county", ["state", "county"])] {
      let path = "\(directory)/census_acs5/api_json/\(level)/\(year).json"
      let recorded = try JSONDecoder().decode(
        Table.self, from: try #require(FileManager.default.contents(atPath: path)))
      let names = ["NAME", "B19013_001E", "B01003_001E"] + geography
      let columns = try names.map { try #require(recorded[0].firstIndex(of: $0)) }
      let states: Set<String> = ["02", "09", "11", "24", "35", "46", "51"]
      let expected = recorded.dropFirst().map { row in columns.map { row[$0] } }
        .filter { level == "state" || states.contains($0[3] ?? "") }
      try await SimulatorProcess.run { simulator in
        let answer = try await simulator.get(
          "/census_acs5/data/\(year)/acs/acs5?get=NAME,B19013_001E,B01003_001E&for=\(level):*")
        #expect(try Array(table(answer).dropFirst()) == expected)
      }
    }
  }
}
