import Fetch
import FoundationEssentials
import Base
import TestSupport
import Testing

/// How each source says no, replayed against the shipped registry's rules.
struct SourceErrorTests {
  private static let key = "Get a key"

  /// - Returns: the error that the source's answer `body` becomes.
  private func error(
    _ source: String, _ body: String, type: String = "application/json", expect: FetchRequest.Content = .json,
    status: Int? = nil
  ) async throws -> FetchError {
    var found: FetchError?
    try await FetchWorld.run(recordings: ["\(source)/a": "[]"]) { world in
      let text = String(decoding: try JSONEncoder().encode(body), as: UTF8.self)
      try await world.addFaults(
        status.map { #"{"fault": "status", "status": \#($0), "text": \#(text), "path": "/\#(source)"}"# }
          ?? #"{"fault": "error_body", "text": \#(text), "content_type": "\#(type)", "path": "/\#(source)"}"#)
      let secrets = [
        "CENSUS_API_KEY": "k-1234", "BLS_API_KEY": "k-1234", "BEA_API_KEY": "k-1234", "MAPBOX_TOKEN": "k-1234",
      ]
      found = try await failure {
        // One round: a transient error is told, not waited for.
        try await world.registered(source, secrets: secrets).fetch(.get(source, "/a", expect: expect))
      }
    }
    return try #require(found)
  }

  @Test func aCensusKeyPageIsPermanentAndSaysWhereToGetAKey() async throws {
    let error = try await error(
      "census_acs5", "<html><head><title>Invalid Key</title></head></html>", type: "text/html")
    #expect(error.errorClass == .permanent)
    #expect(error.summary.contains("Invalid Key"))
    #expect(error.advice?.contains(Self.key) == true)
  }

  @Test func anUnknownCensusVariableIsPermanent() async throws {
    let error = try await error("census_acs5", "error: unknown variable 'B19013_001X'", status: 400)
    #expect(error.errorClass == .permanent)
    #expect(error.summary.contains("unknown variable 'B19013_001X'"))
  }

  @Test func blsQuotaInsideASuccessIsRateLimited() async throws {
    let error = try await error(
      "bls_timeseries",
      """
      {"status":"REQUEST_NOT_PROCESSED","responseTime":0,"message":["Request could not be serviced, as the daily threshold for
       total number of requests allocated to the user has been reached."],"Results":{}}
      """.replacing("\n", with: ""))
    #expect(error.errorClass == .rateLimited)
    #expect(error.summary.contains("daily threshold"))
  }

  @Test(arguments: [
    (#"{"BEAAPI":{"Error":{"APIErrorCode":"3","APIErrorDescription":"The UserID is invalid."}}}"#, "UserID is invalid"),
    (#"{"BEAAPI":{"Results":{"Error":{"APIErrorCode":"40","APIErrorDescription":"Missing LineCode."}}}}"#, "LineCode"),
  ])
  func beaErrorsAreFoundAtBothPlaces(_ body: String, _ message: String) async throws {
    let error = try await error("bea_regional", body)
    #expect(error.errorClass == .permanent)
    #expect(error.summary.contains(message))
  }

  @Test(arguments: [
    (#"{"error":{"code":499,"message":"Token Required","details":[]}}"#, ErrorClass.permanent),
    (#"{"error":{"code":400,"message":"Failed to execute query.","details":[]}}"#, .transient),
  ])
  func arcgisErrorsAreToldApart(_ body: String, _ errorClass: ErrorClass) async throws {
    #expect(try await error("census_tiger", body).errorClass == errorClass)
  }

  @Test func nominatimsBlockIsRateLimited() async throws {
    let error = try await error(
      "nominatim", "<html><head><title>Bandwidth limit exceeded</title></head></html>", type: "text/html")
    #expect(error.errorClass == .rateLimited)
  }

  @Test func blsRefusesWhoDoesNotNameAContact() async throws {
    let error = try await error("bls_qcew", "Access denied", expect: .text, status: 403)
    #expect(error.errorClass == .permanent)
    #expect(error.advice?.contains("contact e-mail") == true)
  }

  @Test func whatIsSentAsGzipIsJudgedByWhatItHolds() async throws {
    let bodies = [
      "quota": #"{"status":"REQUEST_NOT_PROCESSED","message":["the daily threshold has been reached."],"Results":{}}"#,
      "page": "<!DOCTYPE html><html><head><title>Back soon</title></head></html>",
      "good": #"{"status":"REQUEST_SUCCEEDED"}"#,
    ]
    let recordings = Dictionary(uniqueKeysWithValues: bodies.map { ("bls_timeseries/\($0).bin", $1) })
    try await FetchWorld.run(recordings: recordings) { world in
      for name in bodies.keys {
        let path = world.folder + "/recordings/bls_timeseries/\(name).bin"
        let zipped = try await Program.run("gzip", ["--no-name", path])
        #expect(zipped.exitCode == 0, "\(zipped)")
      }
      let fetcher = try world.registered("bls_timeseries", secrets: ["BLS_API_KEY": "k-1234"])
      func ask(_ name: String) async throws -> FetchedInput {
        try await fetcher.fetch(.get("bls_timeseries", "/\(name).bin.gz", expect: .json))
      }
      let quota = try await failure { try await ask("quota") }
      #expect(quota.errorClass == .rateLimited && quota.summary.contains("daily threshold"), "\(quota)")
      let page = try await failure { try await ask("page") }
      #expect(
        page.reason == .unexpectedContent(expected: "json", found: "gzip of html", title: "Back soon"), "\(page)")
      #expect(try await ask("good").status == 200)
    }
  }

  @Test func aPageWhereAZipWasDueSaysItsTitle() async throws {
    try await FetchWorld.run(recordings: ["fema_nri/NRI.zip": "x"]) { world in
      try await world.addFaults(#"{"fault": "redirect", "path": "/fema_nri"}"#)
      let error = try await failure {
        try await world.registered("fema_nri").fetch(.get("fema_nri", "/NRI.zip", expect: .zip))
      }
      #expect(error.errorClass == .permanent)
      #expect(
        error.reason == .unexpectedContent(expected: "zip", found: "html", title: "This page has moved"), "\(error)")
    }
  }

  @Test func aServersOwnFailureIsTriedAgainAndAShortRetryAfterWaitedFor() async throws {
    try await FetchWorld.run(recordings: ["files/a.json": "[1]"]) { world in
      try await world.addFaults(
        #"[{"fault": "status", "status": 500, "path": "/files", "count": 1}, {"fault": "status", "status": 429, "retry_after": 1, "path": "/files", "skip": 1, "count": 1}]"#
      )
      let input = try await world.fetcher("files", "retry: {max_tries: 3}").fetch(.get("files", "/a.json"))
      #expect(input.text == "[1]")
      #expect(try await world.requestCount("files") == 3)
    }
  }

  @Test(arguments: [#""retry_after": 3600"#, #""retry_after_date": 3600"#])
  func aLongRetryAfterIsTheQueues(_ wait: String) async throws {
    try await FetchWorld.run(recordings: ["files/a.json": "[1]"]) { world in
      try await world.addFaults(#"{"fault": "status", "status": 503, "path": "/files", \#(wait)}"#)
      let error = try await failure { try await world.fetcher("files").fetch(.get("files", "/a.json")) }
      #expect(error.errorClass == .rateLimited)
      let pause = try #require(error.retryAfter)
      #expect(pause > .seconds(3500) && pause <= .seconds(3600))
      #expect(try await world.requestCount("files") == 1)
    }
  }

  @Test func aFreshDocumentIsNotAskedForAgainAndAnUnchangedOneNotSentAgain() async throws {
    try await FetchWorld.run(recordings: ["files/a.json": "[1]"]) { world in
      let fetcher = try world.fetcher("files", "cache_ttl_days: 1")
      _ = try await fetcher.fetch(.get("files", "/a.json"))
      #expect(try await fetcher.fetch(.get("files", "/a.json")).cacheHit)
      #expect(try await world.requestCount("files") == 1)
      #expect(try await fetcher.fetch(.get("files", "/a.json"), isForced: true).cacheHit)
      #expect(try await world.log().contains("\"status\":304"))
    }
  }

  @Test func aVendorsDropIsReadFromItsFolderAndNothingOutsideIt() async throws {
    try await FetchWorld.run { world in
      try FetchWorld.write(Data("a,b".utf8), to: world.folder + "/drop/a.csv")
      try FetchWorld.write(Data("secret".utf8), to: world.folder + "/other.csv")
      let fetcher = try world.fetcher("drop", endpoint: "file://" + world.folder + "/drop")
      #expect(try await fetcher.fetch(.get("drop", "/a.csv", expect: .text)).text == "a,b")
      let error = try await failure { try await fetcher.fetch(.get("drop", "/../other.csv", expect: .text)) }
      guard case .unsafeURL = error.reason else {
        Issue.record("\(error)")
        return
      }
      #expect(try await fetcher.fetch(.get("drop", "/none.csv", expect: .text, optional: true)).path == nil)
    }
  }

  @Test func aVendorsFileThatWasReplacedIsReadHoweverFreshAndOneThatWasPickedUpIsNot() async throws {
    try await FetchWorld.run { world in
      let fetcher = try world.fetcher("drop", "cache_ttl_days: 30", endpoint: "file://" + world.folder + "/drop")
      let request = FetchRequest.get("drop", "/a.csv", expect: .text, optional: true)
      #expect(try await fetcher.fetch(request).path == nil)
      try FetchWorld.write(Data("a,b".utf8), to: world.folder + "/drop/a.csv")
      #expect(try await fetcher.fetch(request).text == "a,b")
      #expect(try await fetcher.fetch(request).cacheHit)
      try FetchWorld.write(Data("a,b,c".utf8), to: world.folder + "/drop/a.csv")
      let replaced = try await fetcher.fetch(request)
      #expect(replaced.text == "a,b,c")
      #expect(!replaced.cacheHit)
      try FileManager.default.removeItem(atPath: world.folder + "/drop/a.csv")
      #expect(try await fetcher.fetch(request).text == "a,b,c")
    }
  }
}
