import FoundationEssentials
import TestSupport
import Testing

/// The Census geocoder's batches and Nominatim.
struct GeocoderTests {
  private static let addresses = """
    street,city,state,zip,result,match_type,matched_address,lon,lat,tigerline_id,side,state_fips,county_fips,tract,block
    3 Gramercy Park West,New York,NY,10003,Match,Exact,"3 GRAMERCY PARK W, NEW YORK, NY, 10003",-73.98658,40.738323,59653655,R,36,061,005000,1000
    1 Main St,Springfield,IL,,Tie,,,,,,,,,,

    """

  private func batch(
    _ simulator: SimulatorProcess, _ csv: String, benchmark: String? = "Public_AR_Current", kind: String = "locations"
  ) async throws -> HTTPAnswer {
    let boundary = "--------boundary7"
    var parts = [
      "Content-Disposition: form-data; name=\"addressFile\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n\(csv)"
    ]
    if let benchmark { parts.append("Content-Disposition: form-data; name=\"benchmark\"\r\n\r\n\(benchmark)") }
    parts.append("Content-Disposition: form-data; name=\"vintage\"\r\n\r\nCurrent_Current")
    let body = parts.map { "--\(boundary)\r\n\($0)\r\n" }.joined() + "--\(boundary)--\r\n"
    return try await simulator.send(
      "POST", "/census_geocoder/geocoder/\(kind)/addressbatch",
      ["Content-Type": "multipart/form-data; boundary=\(boundary)"], body: body)
  }

  private func with(_ body: (SimulatorProcess) async throws -> Void) async throws {
    let files = [
      "census_geocoder/geocoder/addresses.csv": Self.addresses,
      "nominatim/search@q=Baltimore, MD.json": #"[{"lat":"39.29","lon":"-76.61"}]"#,
    ]
    try await RecordingFolder.make(files) { folder in
      try await SimulatorProcess.run(recordings: folder.path) { try await body($0) }
    }
  }

  @Test func aBatchComesBackRaggedAndOutOfOrder() async throws {
    try await with { simulator in
      let csv = """
        1,"3 gramercy park west",New York,NY,10003
        2,79 Wistful Vista,Wistful Vista,IL,
        3,1 Main St.,Springfield,IL,
        4,5 Nowhere,Nowhere,TX,
        5,6 Nowhere,Nowhere,TX,

        """
      let answer = try await batch(simulator, csv)
      #expect(answer.status == 200)
      let lines = answer.text.split(separator: "\n").map { String($0) }
      #expect(
        Set(lines) == [
          #""1","3 gramercy park west, New York, NY, 10003","Match","Exact","3 GRAMERCY PARK W, NEW YORK, NY, 10003","-73.98658,40.738323","59653655","R""#,
          #""2","79 Wistful Vista, Wistful Vista, IL, ","No_Match""#,
          #""3","1 Main St., Springfield, IL, ","Tie""#,
          #""4","5 Nowhere, Nowhere, TX, ","No_Match""#,
          #""5","6 Nowhere, Nowhere, TX, ","No_Match""#,
        ])
      #expect(lines != lines.sorted())
      #expect(try await batch(simulator, csv).text == answer.text)
      let places = try await batch(simulator, csv, kind: "geographies")
      #expect(places.text.contains(#""59653655","R","36","061","005000","1000""#))
    }
  }

  @Test func batchesAreLimitedAndNeedABenchmark() async throws {
    try await with { simulator in
      let line = "1,5 Nowhere,Nowhere,TX,\n"
      let tooMany = try await batch(simulator, String(repeating: line, count: 10_001))
      #expect(tooMany.status == 400)
      #expect(tooMany.text.contains("10000"))
      let most = try await batch(simulator, String(repeating: line, count: 10_000))
      #expect(most.status == 200)
      let without = try await batch(simulator, line, benchmark: nil)
      #expect(without.status == 400)
      let plain = try await simulator.send("POST", "/census_geocoder/geocoder/locations/addressbatch", body: line)
      #expect(plain.status == 400)
    }
  }

  @Test func oneAddressIsAnsweredInJSON() async throws {
    try await with { simulator in
      let path = "/census_geocoder/geocoder/locations/onelineaddress?benchmark=4&format=json&address="
      let found = try await simulator.get(path + "3+Gramercy+Park+West,+New+York,+NY+10003")
      #expect(found.text.contains(#""coordinates":{"x":-73.98658,"y":40.738323}"#))
      let lost = try await simulator.get(path + "nowhere")
      #expect(lost.text.contains(#""addressMatches":[]"#))
    }
  }

  @Test func nominatimFindsWhatIsRecordedForWhoSaysWhoTheyAre() async throws {
    try await with { simulator in
      let target = "/nominatim/search?format=jsonv2&q=Baltimore,+MD"
      let found = try await simulator.get(target, ["User-Agent": "aker"])
      #expect(found.text.contains("39.29"))
      let lost = try await simulator.get("/nominatim/search?q=nowhere", ["User-Agent": "aker"])
      #expect(lost.status == 200)
      #expect(lost.text == "[]")
      #expect(try await simulator.get(target).status == 403)
    }
  }
}
