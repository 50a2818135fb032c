import Fetch
import FoundationEssentials
import Base
import TestSupport
import Testing

/// A document is whole, of one version, and what a 200 brings.
struct WholenessTests {
  private static let text = (0..<30_000).map { "\(24_000 + $0),Anne Arundel\n" }.joined()
  /// Not compressed on its way, so that parts of it can be asked for.
  private static let request = FetchRequest.get("files", "/a.bin", expect: .any)

  private func world(
    _ faults: String, tries: Int = 1, _ body: (FetchWorld, Fetcher) async throws -> Void
  ) async throws {
    try await FetchWorld.run(recordings: ["files/a.bin": Self.text]) { world in
      try await world.addFaults(faults)
      try await body(world, world.fetcher("files", "retry: {max_tries: \(tries)}"))
    }
  }

  private func keptObjects(_ world: FetchWorld) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: world.cache + "/objects").filter { $0.count > 60 }
  }

  /// The first answer breaks off; what is asked for next is odd.
  private static let brokenOff = #"{"fault": "reset", "after_bytes": 200000, "count": 1}"#

  @Test(arguments: [
    #""etag": "\"v2\"""#, #""etag": "W/\"v2\"""#, #""last_modified": "Wed, 01 Jan 2025 00:00:00 GMT""#,
    #""total_by": 10"#,
    #""nameless": true"#,
  ])
  func aPartOfAnotherVersionIsNeverJoined(_ oddity: String) async throws {
    try await world("[\(Self.brokenOff), {\"fault\": \"part\", \(oddity)}]") { world, fetcher in
      let input = try await fetcher.fetch(Self.request)
      #expect(input.text == Self.text)
      // Whole, after the part: the first answer, the part, and the document from its beginning.
      #expect(try await world.requestCount("files") == 3)
    }
  }

  @Test func aServerThatAlwaysSendsOtherVersionsIsNotAskedForEver() async throws {
    let faults = #"[{"fault": "reset", "after_bytes": 200000}, {"fault": "part", "etag": "\"v2\""}]"#
    try await world(faults) { world, fetcher in
      let error = try await failure { try await fetcher.fetch(Self.request) }
      #expect(error.errorClass == .transient && error.summary.contains("ETag"), "\(error)")
      #expect(try await world.requestCount("files") < 10)
      #expect(try keptObjects(world).isEmpty)
    }
  }

  @Test func aPartThatEndsEarlyIsGoneOnFrom() async throws {
    let faults = "[\(Self.brokenOff), {\"fault\": \"part\", \"short_by\": 100000, \"count\": 1, \"skip\": 1}]"
    try await world(faults) { world, fetcher in
      let text = try await fetcher.fetch(Self.request).text
      #expect(text == Self.text)
      #expect(try await world.requestCount("files") == 3)
    }
  }

  @Test(arguments: [#""bare": true"#, #""bare": false"#])
  func aPartThatNobodyAskedForIsNoDocument(_ form: String) async throws {
    try await world(#"{"fault": "part", "unasked": true, \#(form)}"#) { world, fetcher in
      let error = try await failure { try await fetcher.fetch(Self.request) }
      #expect(error.errorClass == .transient && error.summary.contains("206"), "\(error)")
      #expect(try keptObjects(world).isEmpty)
    }
  }

  @Test(arguments: [201, 202, 203, 205, 207, 226])
  func onlyA200BringsADocument(_ status: Int) async throws {
    try await world(#"{"fault": "status", "status": \#(status), "text": "a,b\n1,2\n", "count": 1}"#) { world, fetcher in
      let error = try await failure { try await fetcher.fetch(Self.request) }
      #expect(error.errorClass == .transient && error.summary.contains("\(status)"), "\(error)")
      // And the next try is another answer.
      let text = try await fetcher.fetch(Self.request).text
      #expect(text == Self.text)
    }
  }

  @Test(arguments: ["", " \\r\\n\\t"])
  func anEmptyBodyIsNoDocument(_ text: String) async throws {
    try await world(#"{"fault": "status", "status": 200, "text": "\#(text)", "count": 1}"#, tries: 2) {
      world, fetcher in
      let text = try await fetcher.fetch(Self.request).text
      #expect(text == Self.text)
      #expect(try await world.requestCount("files") == 2)
    }
  }

  @Test func aPauseThatA202AsksForIsTheQueuesWhereItIsLong() async throws {
    let headers = #""headers": {"Retry-After": "120"}"#
    try await world(#"{"fault": "status", "status": 202, \#(headers)}"#, tries: 5) { world, fetcher in
      let error = try await failure { try await fetcher.fetch(Self.request) }
      #expect(error.retryAfter == .seconds(120))
      #expect(try await world.requestCount("files") == 1)
    }
  }

  @Test func a304ThatNobodyAskedForIsNoDocument() async throws {
    try await world(#"{"fault": "status", "status": 304}"#) { _, fetcher in
      let error = try await failure { try await fetcher.fetch(Self.request) }
      #expect(error.errorClass == .transient)
    }
  }

  /// What sets the pause of all hosts, noted.
  private actor Pauses: RateLimiter {
    private(set) var all: [Duration] = []
    func acquire(_ sourceID: String) {}
    func coolDown(_ sourceID: String, for duration: Duration, reason: String) { all.append(duration) }
  }

  @Test(arguments: [
    ("Wed, 21 Oct 2015 07:28:00 GMT", 60), ("0", 60), ("-5", 60), ("1.5", 60), ("soon", 60), ("", 60), ("1e3", 60),
    ("0x10", 60), ("Wed, 21 Oct 2015 07:28:00 +0200", 60), ("99999999999999999999", 86_400), ("31536000", 86_400),
    ("7", 7), (" 7", 7),
  ])
  func anOddRetryAfterIsTheUsualPauseForAllHosts(_ value: String, _ seconds: Int) async throws {
    try await FetchWorld.run(recordings: ["files/a.bin": Self.text]) { world in
      try await world.addFaults(#"{"fault": "status", "status": 429, "headers": {"Retry-After": "\#(value)"}}"#)
      let pauses = Pauses()
      let fetcher = try world.fetcher("files", "retry: {max_tries: 1}", limiter: pauses)
      let error = try await failure { try await fetcher.fetch(Self.request) }
      #expect(error.retryAfter == .seconds(seconds))
      #expect(await pauses.all == [.seconds(seconds)])
    }
  }

  @Test func aDateToWaitForIsMeasuredByTheServersClock() async throws {
    try await FetchWorld.run(recordings: ["files/a.bin": Self.text]) { world in
      let headers = #""Date": "Wed, 21 Oct 2015 07:28:00 GMT", "Retry-After": "Wednesday, 21-Oct-15 07:28:30 GMT""#
      try await world.addFaults(#"{"fault": "status", "status": 429, "headers": {\#(headers)}}"#)
      let error = try await failure {
        try await world.fetcher("files", "retry: {max_tries: 1}").fetch(Self.request)
      }
      #expect(error.retryAfter == .seconds(30))
    }
  }
}
