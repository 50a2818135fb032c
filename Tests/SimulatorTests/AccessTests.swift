import TestSupport
import Testing

/// Sources that want a key or a name, and BEA, whose errors are answered 200.
struct AccessTests {
  @Test(arguments: [
    ("{in: header, name: X-Api-Key, value: k1}", ["X-Api-Key": "k1"], ""),
    ("{in: bearer, value: k1}", ["Authorization": "Bearer k1"], ""),
    ("{in: basic, value: 'me:k1'}", ["Authorization": "Basic bWU6azE="], ""),
    ("{in: query, name: token, value: k1}", [:], "?Token=k1"),
  ])
  func aKeyIsWantedWhereTheManifestSays(key: String, headers: [String: String], query: String) async throws {
    let files = ["vendor/manifest.yml": "key: \(key)\nsynthetic: true\n", "vendor/v1/prices.csv": "a,b\n1,2\n"]
    try await RecordingFolder.make(files) { folder in
      try await SimulatorProcess.run(recordings: folder.path) { simulator in
        let open = try await simulator.get("/vendor/v1/prices.csv" + query, headers)
        #expect(open.status == 200)
        #expect(open.text == "a,b\n1,2\n")
        #expect(open.headers["x-simulator-synthetic"] == "true")
        let shut = try await simulator.get("/vendor/v1/prices.csv")
        #expect(shut.status == 401)
        #expect(shut.text == #"{"message":"Not Authorized - Invalid Token"}"#)
        let wrong = try await simulator.get(
          "/vendor/v1/prices.csv" + query.replacing("k1", with: "k2"),
          headers.mapValues { $0.replacing("k1", with: "k2").replacing("azE=", with: "azI=") })
        #expect(wrong.status == 401)
        let log = try await simulator.get("/_log?requests")
        #expect(!log.text.contains("k1"))
      }
    }
  }

  @Test func aContactMustBeNamedWhereTheManifestSays() async throws {
    let files = ["bls_qcew/manifest.yml": "requires_contact: true\n", "bls_qcew/cew/a.csv": "x\n"]
    try await RecordingFolder.make(files) { folder in
      try await SimulatorProcess.run(recordings: folder.path) { simulator in
        let bare = try await simulator.get("/bls_qcew/cew/a.csv", ["User-Agent": "curl/8"])
        #expect(bare.status == 403)
        let named = try await simulator.get("/bls_qcew/cew/a.csv", ["User-Agent": "aker (data@example.org)"])
        #expect(named.status == 200)
      }
    }
  }

  @Test func aBrokenManifestIsNamed() async throws {
    let files = ["vendor/manifest.yml": "key: {in: pocket, value: x}\n", "vendor/a.csv": "x\n"]
    try await RecordingFolder.make(files) { folder in
      try await SimulatorProcess.run(recordings: folder.path) { simulator in
        let answer = try await simulator.get("/vendor/a.csv")
        #expect(answer.status == 500)
        #expect(answer.text.contains("vendor/manifest.yml"))
      }
    }
  }

  @Test func beaAnswersErrorsWith200() async throws {
    let recorded = #"{"BEAAPI":{"Results":{"Data":[{"GeoFips":"24003","DataValue":"1,234"}]}}}"#
    let files = ["bea_regional/api/data/index@TableName=CAINC1&Year=2020.json": recorded]
    try await RecordingFolder.make(files) { folder in
      try await SimulatorProcess.run(recordings: folder.path) { simulator in
        let good = "UserID=k&method=GetData&TableName=CAINC1&Year=2020"
        for path in ["/bea_regional/api/data/?", "/bea_regional/api/data?"] {
          let answer = try await simulator.get(path + good)
          #expect(answer.text == recorded)
        }
        for query in [
          good.replacing("UserID=k&", with: ""), good.replacing("method=GetData&", with: ""),
          good.replacing("2020", with: "2021"),
        ] {
          let answer = try await simulator.get("/bea_regional/api/data/?" + query)
          #expect(answer.status == 200)
          #expect(answer.text.hasPrefix(#"{"BEAAPI":{"Results":{"Error":{"APIErrorCode":""#))
        }
      }
    }
  }
}
