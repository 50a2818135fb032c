import Base
import Postgres
import Queue
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import Worker

/// What is neither the task's fault nor its source's costs the task nothing.
@Suite(.database, .whateverHappens)
struct GivenBackTests {
  struct HostError: ClassifiedError {
    var errorClass: ErrorClass { .transient }
    var summary: String { "the cache cannot be written" }
    var mayBeHost: Bool { true }
  }

  /// As a disk that is full.
  struct CertainError: ClassifiedError {
    var errorClass: ErrorClass { .transient }
    var summary: String { "no space left" }
    var isHosts: Bool { true }
  }

  /// Lets the first of those that ask do something else than the others.
  private final class First: Sendable {
    private let taken = Mutex(false)
    func isFirst() -> Bool {
      taken.withLock { taken in
        defer { taken = true }
        return !taken
      }
    }
  }

  @Test func aHostThatWasPutRightIsToBlameForWhatRanMeanwhile() async throws {
    let scene = try await WorkerScene.make(years: 2001...2002)
    let first = First()
    let looked = First()
    let hasFailed = Turnstile()
    // The worker looks by itself, too: what is to be found is there from the failure on.
    let handler = ScriptedHandler(look: { hasFailed.isOpen && looked.isFirst() ? "mended the folder" : nil }) { _, _ in
      if first.isFirst() {
        hasFailed.open()
        throw HostError()
      }
      return .completed(result: nil)
    }
    try await scene.withWorker(handler) {
      try await eventually(within: .seconds(60), "both are done") { try await scene.completedCount() == 2 }
    }
    // By the look that its error began, or by one that was under way.
    let reason = try await scene.text("SELECT reason AS text FROM queue.outcome WHERE kind = 'released'")
    #expect(
      [
        "the cache cannot be written (worker w1 put right: mended the folder)",
        "the cache cannot be written (worker w1 was not well meanwhile)",
      ].contains(reason), "\(reason ?? "")")
    #expect(try await scene.count("SELECT max(attempt_number) AS n FROM queue.outcome WHERE final") == 1)
  }

  @Test func aMomentsTroubleCostsNothingThoughALookFindsNone() async throws {
    let scene = try await WorkerScene.make(years: 2001...2003)
    let first = First()
    let handler = ScriptedHandler { _, _ in
      if first.isFirst() { throw CertainError() }
      return .completed(result: nil)
    }
    try await scene.withWorker(handler) {
      try await eventually(within: .seconds(60), "all are done") { try await scene.completedCount() == 3 }
    }
    #expect(
      try await scene.text("SELECT reason AS text FROM queue.outcome WHERE kind = 'released'")
        == "no space left (worker w1 is well again, and was not for a moment)")
    #expect(try await scene.count("SELECT max(attempt_number) AS n FROM queue.outcome WHERE final") == 1)
  }

  @Test func aTaskThatMeetsItAgainAndAgainPaysForIt() async throws {
    let scene = try await WorkerScene.make(years: 2001...2001)
    try await scene.connection.execute("UPDATE queue.lane SET max_attempts = 1")
    let handler = ScriptedHandler { _, _ in throw CertainError() }
    try await scene.withWorker(handler) {
      try await eventually(within: .seconds(60), "it has failed") {
        try await scene.count("SELECT count(*) AS n FROM queue.outcome WHERE kind = 'failed'") == 1
      }
    }
    #expect(try await scene.count("SELECT count(*) AS n FROM queue.outcome WHERE kind = 'released'") == 3)
    #expect(try await scene.text("SELECT reason AS text FROM queue.outcome WHERE final") == "no space left")
  }

  @Test func aSickWorkerSaysSoAndClaimsNothingUntilItIsWell() async throws {
    let scene = try await WorkerScene.make(years: 2001...2004)
    let isIll = Mutex(true)
    let first = First()
    let handler = ScriptedHandler(look: { isIll.withLock { $0 } ? "no\ndisk" : nil }) { _, _ in
      if first.isFirst() { throw HostError() }
      return .completed(result: nil)
    }
    try await scene.withWorker(handler, slots: 1) {
      try await eventually(within: .seconds(60), "it says so") {
        try await scene.text("SELECT host_trouble AS text FROM queue.workers") == #"no\ndisk"#
      }
      try await eventually("it gives back what it had, which it tells after") {
        try await scene.count("SELECT count(*) AS n FROM queue.lease") == 0
      }
      #expect(
        try await scene.text("SELECT queue.why(min(task_id)) AS text FROM queue.ready")?
          .contains("no worker's host is well: w1 on host-a: no") == true)
      isIll.withLock { $0 = false }
      try await eventually(within: .seconds(60), "all is done") { try await scene.completedCount() == 4 }
      #expect(try await scene.count("SELECT count(*) AS n FROM queue.workers WHERE host_trouble IS NULL") == 1)
    }
    #expect(
      try await scene.text(
        "SELECT string_agg(kind, ' ' ORDER BY event_id) AS text FROM queue.event WHERE kind LIKE 'host%'")
        == "host_unwell host_well")
    #expect(try await scene.count("SELECT max(attempt_number) AS n FROM queue.outcome WHERE final") == 1)
  }

  @Test func aWaitWithoutAnEndGivesTheTaskBack() async throws {
    let scene = try await WorkerScene.make(years: 2001...2001)
    let first = First()
    let handler = ScriptedHandler { _, _ in
      guard first.isFirst() else { return .completed(result: nil) }
      return try await AttemptWaits.wait(for: "source bls_qcew") {
        try await Task.sleep(for: .seconds(600))
        return .completed(result: nil)
      }
    }
    try await scene.withWorker(handler, waitLimit: .seconds(1)) {
      try await eventually(within: .seconds(60), "it is done") { try await scene.completedCount() == 1 }
    }
    #expect(
      try await scene.text("SELECT reason AS text FROM queue.attempt WHERE state = 'released'")
        == "worker w1 waited for source bls_qcew for longer than 1 s")
    #expect(try await scene.count("SELECT max(attempt_number) AS n FROM queue.outcome WHERE final") == 1)
  }

  @Test func aWaitOfWhichSomethingComesGoesOn() async throws {
    let scene = try await WorkerScene.make(years: 2001...2001)
    let handler = ScriptedHandler { _, _ in
      try await AttemptWaits.wait(for: "source bls_qcew") {
        // Three times the limit, in steps.
        for _ in 1...30 {
          try await Task.sleep(for: .milliseconds(100))
          AttemptWaits.progress?()
        }
        return .completed(result: nil)
      }
    }
    try await scene.withWorker(handler, waitLimit: .seconds(1)) {
      try await eventually(within: .seconds(60), "it is done") { try await scene.completedCount() == 1 }
    }
    #expect(try await scene.count("SELECT count(*) AS n FROM queue.outcome") == 1)
  }

  @Test func aHandlerThatDoesNotEndIsLeftBehind() async throws {
    let scene = try await WorkerScene.make(years: 2001...2002)
    let first = First()
    let (hung, letGo) = AsyncStream<Never>.makeStream()
    let handler = ScriptedHandler { _, _ in
      guard first.isFirst() else { return .completed(result: nil) }
      return try await AttemptWaits.wait(for: "the lake /mnt/lake") {
        // As a call into the system does: it hears of no cancellation.
        await Task.detached { for await _ in hung {} }.value
        return .completed(result: nil)
      }
    }
    try await scene.withWorker(handler, slots: 2, waitLimit: .seconds(1)) {
      try await eventually(within: .seconds(60), "another slot has done it") {
        try await scene.completedCount() == 2
      }
      letGo.finish()
    }
    #expect(
      try await scene.text("SELECT reason AS text FROM queue.outcome WHERE kind = 'released'")
        == "worker w1 waited for the lake /mnt/lake for longer than 1 s")
  }

  @Test func whatIsGivenBackForEverEndsSomeTime() async throws {
    let scene = try await WorkerScene.make(years: 2001...2001)
    try await scene.connection.execute("UPDATE queue.setting SET max_throttles = 3")
    let handler = ScriptedHandler(look: { "mended it again" }) { _, _ in throw HostError() }
    try await scene.withWorker(handler) {
      try await eventually(within: .seconds(60), "it has failed") {
        try await scene.count("SELECT count(*) AS n FROM queue.outcome WHERE kind = 'failed'") == 1
      }
    }
    #expect(
      try await scene.text("SELECT reason AS text FROM queue.outcome WHERE kind = 'failed'")?
        .hasPrefix("given back 3 times, the last time: the cache cannot be written") == true)
  }
}
