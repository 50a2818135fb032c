import Base
import Fetch
import FoundationEssentials
import HTTP
import Synchronization
import Telemetry
import Testing
import TestSupport

/// What goes wrong on the wire.
struct TransferTests {
  private static let text = String(repeating: "fips,name\n24003,Anne Arundel\n", count: 4000)

  private func world(_ faults: String, _ body: (FetchWorld, Fetcher) async throws -> Void) async throws {
    try await FetchWorld.run(recordings: ["files/a.csv": Self.text]) { world in
      try await world.addFaults(faults)
      try await body(world, world.fetcher("files", "retry: {max_tries: 1}\nlimits: {stall_seconds: 1}"))
    }
  }

  private let request = FetchRequest.get("files", "/a.csv", expect: .text)

  @Test func aBrokenTransferGoesOnWhereItStopped() async throws {
    try await FetchWorld.run { world in
      try await world.addFaults(#"{"fault": "reset", "path": "/_generated", "after_bytes": 300000, "count": 4}"#)
      let fetcher = try world.fetcher("generated", "retry: {max_tries: 1}", endpoint: world.base + "/_generated")
      let broken = try await fetcher.fetch(.get("generated", "/2000000", [("seed", "5")], expect: .any))
      try await world.removeFaults()
      let whole = try await fetcher.fetch(.get("generated", "/2000000", [("seed", "5")], expect: .any), isForced: true)
      #expect(broken.byteCount == 2_000_000)
      #expect(broken.sha256 == whole.sha256)
      #expect(try await world.log().contains("\"status\":206"))
    }
  }

  @Test(arguments: [
    #"{"fault": "truncate"}"#, #"{"fault": "wrong_length", "by": 100}"#, #"{"fault": "corrupt_gzip"}"#,
    #"{"fault": "corrupt_gzip", "cut_bytes": 20}"#, #"{"fault": "reset"}"#,
    #"{"fault": "reset", "before_answer": true}"#, #"{"fault": "stall", "after_bytes": 100}"#,
  ])
  func aDamagedBodyIsNeverASuccess(_ fault: String) async throws {
    try await world(fault) { world, fetcher in
      let error = try await failure { try await fetcher.fetch(request) }
      #expect(error.errorClass == .transient, "\(error)")
      let objects = try FileManager.default.subpathsOfDirectory(atPath: world.cache + "/objects")
      #expect(objects.filter { $0.count > 60 }.isEmpty)
      #expect(try FileManager.default.contentsOfDirectory(atPath: world.cache + "/partial").isEmpty)
    }
  }

  @Test func aSlowDripArrivesWhole() async throws {
    try await FetchWorld.run(recordings: ["files/a.csv": "a,b\n1,2\n"]) { world in
      try await world.addFaults(#"{"fault": "drip", "bytes_per_second": 8}"#)
      let input = try await world.fetcher("files", "limits: {stall_seconds: 5}").fetch(request)
      #expect(input.text == "a,b\n1,2\n")
    }
  }

  @Test func aDocumentAboveTheSizeLimitIsRefused() async throws {
    try await FetchWorld.run { world in
      let fetcher = try world.fetcher("generated", "limits: {max_mb: 1}", endpoint: world.base + "/_generated")
      let error = try await failure { try await fetcher.fetch(.get("generated", "/3000000", expect: .any)) }
      #expect(error.reason == .tooLarge(limit: 1 << 20))
      #expect(error.errorClass == .permanent)
    }
  }

  /// Its transfer alone would go on for ten minutes.
  @Test(.whateverHappens) func aCancelledTaskEndsItsTransfer() async throws {
    try await world(#"{"fault": "stall", "after_bytes": 100}"#) { world, _ in
      let fetcher = try world.fetcher("files", "limits: {stall_seconds: 600}")
      let task = Task { try await fetcher.fetch(request) }
      try await eventually("the request is under way") { try await world.requestCount("files") > 0 }
      task.cancel()
      let result = await task.result
      #expect(throws: CancellationError.self) { try result.get() }
    }
  }

  @Test func privateAddressesAreRefusedUnlessTheRegistryAllowsThem() async throws {
    try await FetchWorld.run(recordings: ["files/a.csv": Self.text]) { world in
      for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"] {
        let fetcher = try world.fetcher(
          "files", "retry: {max_tries: 1}", endpoint: "http://\(host):\(world.port)/files", allowsPrivate: false)
        let error = try await failure { try await fetcher.fetch(request) }
        guard case .unsafeURL(let why) = error.reason else {
          Issue.record("\(host): \(error)")
          continue
        }
        #expect(why.contains("private address"))
        #expect(error.errorClass == .permanent)
      }
      #expect(try await world.requestCount("files") == 0)
    }
  }

  @Test func aRedirectOutOfHTTPIsRefused() async throws {
    try await world(#"{"fault": "redirect", "to": "file:///etc/passwd"}"#) { _, fetcher in
      let error = try await failure { try await fetcher.fetch(request) }
      #expect(error.errorClass == .permanent)
      guard case .unsafeURL = error.reason else {
        Issue.record("\(error)")
        return
      }
    }
  }

  /// What a watcher was told, added up.
  private final class Told: Sendable {
    let sum = Mutex((done: 0, expected: 0, isOpenEnded: false, most: 0))

    func hear(_ portion: WorkProgress.Portion) {
      sum.withLock {
        switch portion {
        case .done(let count): $0.done += count
        case .expected(let count): $0.expected += count
        case .openEnded: $0.isOpenEnded = true
        }
        $0.most = max($0.most, $0.expected)
      }
    }
  }

  @Test func progressTellsHowMuchIsToComeAndTakesBackWhatComesAgain() async throws {
    let told = Told()
    try await FetchWorld.run(recordings: ["files/a.csv": Self.text]) { world in
      let fetcher = try world.fetcher("generated", "retry: {max_tries: 3}", endpoint: world.base + "/_generated")
      func fetch(_ path: String) async throws {
        _ = try await WorkProgress.observed(by: told.hear) {
          try await fetcher.fetch(.get("generated", path, [("seed", "5")], expect: .any))
        }
      }
      try await fetch("/2000000")
      #expect(told.sum.withLock { ($0.done, $0.expected) == (2_000_000, 2_000_000) })
      // Two breaks, then it goes on where it stopped.
      try await world.addFaults(#"{"fault": "reset", "path": "/_generated", "after_bytes": 300000, "count": 2}"#)
      try await fetch("/1000000")
      #expect(told.sum.withLock { ($0.done, $0.expected) == (3_000_000, 3_000_000) }, "\(told.sum.withLock { $0 })")
      // Refused before its first byte: asked again from the beginning, and counted once.
      try await world.addFaults(#"{"fault": "status", "status": 503, "path": "/_generated", "count": 1}"#)
      try await fetch("/500000")
      #expect(told.sum.withLock { ($0.done, $0.expected) == (3_500_000, 3_500_000) }, "\(told.sum.withLock { $0 })")
      #expect(told.sum.withLock { !$0.isOpenEnded && $0.most == 3_500_000 })
    }
  }
}
