import Catalog
import Fetch
import FoundationEssentials
import HTTP
import Logging
import Synchronization
import Base
import TestSupport
import Testing

/// What sources are known for, replayed in their own protocol against the registry as it ships. Errors inside a 200 are in
/// SourceErrorTests, pages and silent cuts in PageTests.
struct QuirkTests {
  private static let acs5 = [
    "census_acs5/2012/county.json":
      #"[["NAME","B19013_001E","state","county"],["Kent County, Maryland","55028","24","029"]]"#
  ]

  private func acs5(_ fetcher: Fetcher) async throws -> FetchedInput {
    try await fetcher.fetch(
      .get("census_acs5", "/data/2012/acs/acs5", [("get", "NAME,B19013_001E"), ("for", "county:*")]))
  }

  // MARK: Census

  @Test(arguments: [(nil, "Missing Key"), ("wrong", "Invalid Key"), ("right-key-1", nil)] as [(String?, String?)])
  func theKeyWallRedirectsToAPageThatIsNoData(_ key: String?, _ title: String?) async throws {
    try await FetchWorld.run(recordings: Self.acs5, arguments: ["--key-wall", "right-key-1"]) { world in
      let fetcher = try world.registered("census_acs5", secrets: key.map { ["CENSUS_API_KEY": $0] } ?? [:])
      guard let title else {
        let input = try await acs5(fetcher)
        #expect(input.text.contains("Kent County"))
        return
      }
      let error = try await failure { try await acs5(fetcher) }
      #expect(error.errorClass == .permanent)
      #expect(error.summary.contains(title), "\(error)")
      #expect(error.advice?.contains("https://api.census.gov/data/key_signup.html") == true)
      // The query and the page that it was sent to: what is permanent is not tried again.
      #expect(try await world.requestCount("census_acs5") == 2)
    }
  }

  @Test func a204IsAnAbsenceWhereThatIsAllowedAndElseAnError() async throws {
    try await FetchWorld.run(recordings: Self.acs5) { world in
      try await world.addFaults(#"{"fault": "status", "status": 204, "text": "", "path": "/census_acs5"}"#)
      let fetcher = try world.registered("census_acs5", secrets: ["CENSUS_API_KEY": "k-1234"])
      let input = try await fetcher.fetch(.get("census_acs5", "/data/2012/acs/acs5", optional: true))
      #expect(input.status == 204 && input.path == nil && input.sha256 == nil)
      let error = try await failure { try await acs5(fetcher) }
      #expect(error.reason == .status(204))
      #expect(error.errorClass == .permanent)
    }
  }

  @Test func a500WithTextIsTriedAgainAndTold() async throws {
    try await FetchWorld.run(recordings: Self.acs5) { world in
      let fetcher = try world.registered("census_acs5", secrets: ["CENSUS_API_KEY": "k-1234"])
      try await world.addFaults(#"{"fault": "status", "status": 500, "path": "/census_acs5", "count": 2}"#)
      let input = try await acs5(fetcher)
      #expect(input.text.contains("55028"))
      #expect(try await world.requestCount("census_acs5") == 3)
      try await world.addFaults(#"{"fault": "status", "status": 500, "path": "/census_acs5"}"#)
      let error = try await failure {
        try await fetcher.fetch(.get("census_acs5", "/data/2012/acs/acs5", [("get", "NAME"), ("for", "county:*")]))
      }
      #expect(error.errorClass == .transient)
      #expect(error.summary.contains("There was an error while running your query."), "\(error)")
    }
  }

  // MARK: BLS

  @Test func blsIsToldWhoAsks() async throws {
    let slice = "/cew/data/api/2023/a/area/39049.csv"
    for source in ["bls_qcew", "bls_laus"] {
      try await FetchWorld.run(recordings: [
        "\(source)/manifest.yml": "requires_contact: true\n", "\(source)\(slice)": "area_fips\n39049\n",
      ]) { world in
        let input = try await world.registered(source).fetch(.get(source, slice, expect: .text))
        #expect(input.text == "area_fips\n39049\n")
      }
    }
  }

  @Test(arguments: [nil, "k-1234"] as [String?])
  func blsAnswersLessWithoutAKeyAndIsNotSentAnEmptyOne(_ key: String?) async throws {
    let names = (10..<40).map { "S\($0)" }
    let csv = "series_id,year,period,value\n" + names.map { "\($0),2012,M01,1" }.joined(separator: "\n") + "\n"
    try await FetchWorld.run(recordings: ["bls_timeseries/series/all.csv": csv]) { world in
      let fetcher = try world.registered("bls_timeseries", secrets: key.map { ["BLS_API_KEY": $0] } ?? [:])
      var request = FetchRequest(
        name: "r", sourceID: "bls_timeseries", path: "/publicAPI/v2/timeseries/data/", expected: .json)
      request.method = .post
      let list = names.map { "\"\($0)\"" }.joined(separator: ",")
      request.body = Array(#"{"registrationkey":"{key}","seriesid":[\#(list)]}"#.utf8)
      let input = try await fetcher.fetch(request)
      // 25 series without a key, 50 with one.
      #expect(input.text.ranges(of: "seriesID").count == (key == nil ? 25 : 30))
    }
  }

  @Test func aQuarterThatIsNotPublishedYetIsA404() async throws {
    try await FetchWorld.run(recordings: ["bls_qcew/a": ""]) { world in
      let fetcher = try world.registered("bls_qcew")
      let request = FetchRequest.get("bls_qcew", "/cew/data/api/2026/4/area/39049.csv", expect: .text)
      let error = try await failure { try await fetcher.fetch(request) }
      #expect(error.reason == .status(404))
      #expect(error.errorClass == .permanent)
      #expect(error.advice?.contains("Not published (yet)?") == true)
      #expect(try await world.requestCount("bls_qcew") == 1)
      var optional = request
      optional.isOptional = true
      let input = try await fetcher.fetch(optional)
      #expect(input.status == 404 && input.path == nil)
    }
  }

  @Test(.enabled(if: SharedData.isPresent, "the shared source files are not here"))
  func theRecordedAnswersOfBLSAreToldApart() async throws {
    let folder = try #require(SharedData.directory) + "/bls_timeseries/examples/"
    func recorded(_ name: String) -> String {
      String(decoding: FileManager.default.contents(atPath: folder + name) ?? Data(), as: UTF8.self)
    }
    try await FetchWorld.run(recordings: [
      "bls_timeseries/quota": recorded("quota_http200.json"),
      "bls_timeseries/invalid": recorded("invalid_series_http200_results_is_array.json"),
      "bls_timeseries/month": recorded("missing_month_dash.json"),
    ]) { world in
      let fetcher = try world.registered("bls_timeseries", secrets: ["BLS_API_KEY": "k-1234"])
      let quota = try await failure { try await fetcher.fetch(.get("bls_timeseries", "/quota")) }
      #expect(quota.errorClass == .rateLimited)
      // Results is a list there: what was asked for is not where it should be.
      let invalid = try await failure {
        try await fetcher.fetch(
          .get("bls_timeseries", "/invalid"), format: .jsonDocument, pages: nil,
          verifications: [.init(path: "Results.series[*].seriesID", values: ["LAUCN212190030000003"])])
      }
      #expect(invalid.errorClass == .data)
      #expect(try await fetcher.fetch(.get("bls_timeseries", "/month")).text.contains("\"-\""))
    }
  }

  // MARK: Geocoders

  @Test(arguments: [
    #"{"fault": "status", "status": 500, "path": "/census_geocoder", "count": 2}"#,
    #"{"fault": "status", "status": 502, "path": "/census_geocoder", "count": 2}"#,
    #"{"fault": "error_body", "text": "<html><title>Error</title></html>", "content_type": "text/html", "path": "/census_geocoder", "count": 2}"#,
    #"{"fault": "reset", "before_answer": true, "path": "/census_geocoder", "count": 2}"#,
  ])
  func aBatchOfAddressesThatFailedPassesWhenRepeated(_ fault: String) async throws {
    let known =
      "street,city,state,zip,result,match_type,matched_address,lon,lat,tigerline_id,side,state_fips,county_fips,tract,block\n"
      + "3 Gramercy Park West,New York,NY,10003,Match,Exact,\"3 GRAMERCY PARK W\",-73.98658,40.738323,59653655,R,36,061,005000,1000\n"
    try await FetchWorld.run(recordings: ["census_geocoder/geocoder/addresses.csv": known]) { world in
      let fetcher = try world.registered("census_geocoder")
      var request = FetchRequest(
        name: "batch", sourceID: "census_geocoder", path: "/geocoder/locations/addressbatch", expected: .text)
      request.method = .post
      request.multipart = [
        .init(name: "benchmark", bytes: Array("Public_AR_Current".utf8)),
        .init(
          name: "addressFile", fileName: "addresses.csv",
          bytes: Array("1,5 Nowhere,Nowhere,TX,\n2,3 Gramercy Park West,New York,NY,10003\n".utf8)),
      ]
      try await world.addFaults(fault)
      let input = try await fetcher.fetch(request)
      #expect(input.text.contains(#""2","3 Gramercy Park West, New York, NY, 10003","Match","Exact""#))
      #expect(try await world.requestCount("census_geocoder") == 3)
      // The same addresses again are not sent again.
      #expect(try await fetcher.fetch(request).cacheHit)
    }
  }

  @Test func mapboxSaysThatATokenIsBad() async throws {
    try await FetchWorld.run(recordings: [
      "mapbox_geocoding/manifest.yml": "key: {in: query, name: access_token, value: good-token}\n",
      "mapbox_geocoding/geocoding/v5/mapbox.places/x.json": #"{"type":"FeatureCollection","features":[]}"#,
    ]) { world in
      let path = "/geocoding/v5/mapbox.places/x.json"
      let error = try await failure {
        try await world.registered("mapbox_geocoding", secrets: ["MAPBOX_TOKEN": "bad-token"])
          .fetch(.get("mapbox_geocoding", path))
      }
      #expect(error.errorClass == .permanent)
      #expect(error.summary.contains("Not Authorized - Invalid Token"), "\(error)")
      #expect(error.advice == "Check AKER_MAPBOX_TOKEN.")
      let input = try await world.registered("mapbox_geocoding", secrets: ["MAPBOX_TOKEN": "good-token"])
        .fetch(.get("mapbox_geocoding", path))
      #expect(input.text.contains("FeatureCollection"))
    }
  }

  @Test(arguments: ["mapbox_geocoding", "vendor_amenities", "vendor_membership", "vendor_retention"])
  func aLicensedSourceRefusesUntilItIsConfigured(_ source: String) async throws {
    let cache = "/tmp/aker-fetch-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: cache) }
    let fetcher = try Fetcher(
      registry: SourceRegistry(directory: PackageRoot.catalog), cacheDirectory: cache, limiter: UnlimitedRate(),
      logger: Logger(label: "test"), secret: { _ in "a-key" })
    let error = try await failure { try await fetcher.fetch(.get(source, "/a")) }
    #expect(error.reason == .disabledSource)
    #expect(error.errorClass == .permanent)
    #expect(error.advice?.contains("Set enabled: true for it in catalog/sources_supplement.yml") == true)
  }

  @Test func nominatimAnswersAnEmptyListForNothing() async throws {
    try await FetchWorld.run(recordings: ["nominatim/search.json": "[ ]"]) { world in
      let input = try await world.registered("nominatim").fetch(.get("nominatim", "/search", [("q", "nowhere")]))
      #expect(input.text.filter { $0 != " " } == "[]")
    }
  }

  // MARK: Limits that a server tells

  private final class CoolDowns: RateLimiter {
    private let seconds = Mutex<[Duration]>([])
    var all: [Duration] { seconds.withLock { $0 } }
    func acquire(_ sourceID: String) async throws {}
    func coolDown(_ sourceID: String, for duration: Duration, reason: String) async throws {
      seconds.withLock { $0.append(duration) }
    }
  }

  @Test func theLastRequestOfAWindowLeavesTheSourceAloneUntilItsReset() async throws {
    try await FetchWorld.run(recordings: ["files/a.json": "[1]"]) { world in
      let coolDowns = CoolDowns()
      let fetcher = try world.fetcher("files", limiter: coolDowns)
      func answer(_ remaining: Int) async throws {
        try await world.addFaults(fault(remaining))
        _ = try await fetcher.fetch(.get("files", "/a.json"), isForced: true)
      }
      func fault(_ remaining: Int) -> String {
        #"{"fault": "status", "status": 200, "text": "[1]", "path": "/files", "count": 1, "headers": {"Content-Type": "application/json", "X-Rate-Limit-Limit": "600", "X-Rate-Limit-Remaining": "\#(remaining)", "X-Rate-Limit-Reset": "40"}}"#
      }
      try await answer(1)
      #expect(coolDowns.all == [])
      try await answer(0)
      #expect(coolDowns.all == [.seconds(40)])
    }
  }

  // MARK: Connections

  @Test(arguments: [("expired", "expired"), ("other-host", "")])
  func aCertificateThatIsNotGoodIsRefused(_ certificate: String, _ word: String) async throws {
    let folder = "/tmp/aker-certificate-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let port = folder + "/port"
    try await FetchWorld.run(
      recordings: ["files/a.json": "[1]"],
      arguments: ["--tls-port", "0", "--tls-port-file", port, "--tls-certificate", certificate]
    ) { world in
      let number = String(decoding: FileManager.default.contents(atPath: port) ?? Data(), as: UTF8.self).dropLast()
      let fetcher = try world.fetcher("files", "retry: {max_tries: 1}", endpoint: "https://127.0.0.1:\(number)/files")
      let error = try await failure { try await fetcher.fetch(.get("files", "/a.json")) }
      guard case .transfer(let why) = error.reason else {
        Issue.record("\(error)")
        return
      }
      #expect(why.lowercased().contains("certificate"), "\(why)")
      #expect(try await world.requestCount("files") == 0)
    }
  }
}
