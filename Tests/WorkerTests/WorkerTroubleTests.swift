import Glibc
import Postgres
import Queue
import Synchronization
import Base
import TestSupport
import Testing

@testable import Worker

/// The worker's loop on a database that refuses, one call after another, with one SQLSTATE after another.
@Suite("A server's error does not end a worker", .database, .whateverHappens)
struct WorkerTroubleTests {
  /// One of each class that passes: deadlock, serialization, lock and statement timeouts, memory, disk, connections,
  /// read-only, I/O, shutdown, internal.
  static let passing = [
    "40P01", "40001", "55P03", "57014", "53200", "53100", "53300", "25006", "58030", "57P01", "XX000",
  ]

  struct HostError: ClassifiedError {
    var errorClass: ErrorClass { .transient }
    var summary: String { "the cache cannot be written" }
    var mayBeHost: Bool { true }
  }

  struct ReportedError: ClassifiedError {
    var errorClass: ErrorClass { .data }
    var summary: String { "a header holds \u{1}" }
  }

  /// Each year's first attempt ends in its own way, so that every call of the queue is made.
  private static func script(_ seen: Seen) -> ScriptedHandler.Script {
    { lease, context in
      context.steps.began("fetch")
      guard seen.isFirst(lease.dataYear) else { return .completed(result: "{\"rows\": 1}") }
      switch lease.dataYear % 4 {
      case 1: throw TestFailure("at first it fails")
      case 2: return .snoozed(.milliseconds(1), reason: "not yet")
      case 3:
        seen.fallIll()
        throw HostError()
      default:
        while seen.isHeldBack { try await Task.sleep(for: .milliseconds(5)) }
        return .completed(result: "{\"rows\": 1}")
      }
    }
  }

  /// Years that were seen, and a host that is ill for two looks after its first error.
  private final class Seen: Sendable {
    private let years = Mutex(Set<Int>())
    private let illLooks = Mutex(0)
    private let holds = Mutex(false)

    var isHeldBack: Bool { holds.withLock { $0 } }
    func holdBack() { holds.withLock { $0 = true } }
    func letGo() { holds.withLock { $0 = false } }

    func isFirst(_ year: Int) -> Bool { years.withLock { $0.insert(year).inserted } }
    func fallIll() { illLooks.withLock { $0 = 2 } }
    func trouble() -> String? {
      illLooks.withLock { count in
        guard count > 0 else { return nil }
        count -= 1
        return "no disk"
      }
    }
  }

  @Test("a server that owes an answer for too long is given up for another session, whose lock the old one still holds")
  func frozen() async throws {
    let scene = try await WorkerScene.make(years: 2001...2001)
    let handler = ScriptedHandler { _, _ in .completed(result: nil) }
    var frozen: [Int32] = []
    defer { for process in frozen { kill(process, SIGCONT) } }
    try await scene.withWorker(handler, answerLimit: .seconds(4)) {
      try await eventually("it works") { try await scene.completedCount() == 1 }
      frozen = try await scene.freezeSessions()
      try await scene.connection.execute(
        "SELECT queue.enqueue_backfill('{income}', '{2002}', '2024-06')")
      try await eventually(within: .seconds(60), "it works by another session") {
        try await scene.completedCount() == 2
      }
    }
    #expect(try await scene.count("SELECT count(*) AS n FROM queue.outcome WHERE kind <> 'completed'") == 0)
  }

  @Test(arguments: [
    "register_worker", "hold_worker_lock", "release_unknown", "claim", "complete_many", "fail", "snooze", "give_back",
    "tick",
    "note_attempts",
  ])
  func itIsWaitedOut(call: String) async throws {
    let scene = try await WorkerScene.make(years: 2001...2006)
    let injected = try await InjectedErrors.put(Self.passing, before: call, scene.connection)
    let seen = Seen()
    // Notes are told while a task runs.
    if call == "note_attempts" { seen.holdBack() }
    let handler = ScriptedHandler(look: { seen.trouble() }, Self.script(seen))
    try await scene.withWorker(handler) {
      if ["hold_worker_lock", "release_unknown"].contains(call) {
        try await eventually("it works") { try await scene.count("SELECT count(*) AS n FROM queue.attempt") > 0 }
        try await scene.cutSessions()
      }
      if call == "note_attempts" {
        try await eventually(within: .seconds(60), "the notes were told") {
          try await injected.callCount() > Self.passing.count
        }
        seen.letGo()
      }
      try await eventually(within: .seconds(60), "all is done") { try await scene.completedCount() == 6 }
    }
    #expect(try await injected.callCount() > Self.passing.count)
    #expect(try await scene.count("SELECT count(*) AS n FROM queue.lease") == 0)
    #expect(try await scene.count("SELECT count(*) AS n FROM queue.worker WHERE state <> 'stopped'") == 0)
  }

  @Test(arguments: ["drain_worker", "stop_worker"])
  func theGoodbyeIsSaidAllTheSame(call: String) async throws {
    let scene = try await WorkerScene.make(years: 2001...2001)
    let injected = try await InjectedErrors.put(["40P01", "53300"], before: call, scene.connection)
    try await scene.withWorker(ScriptedHandler { _, _ in .completed(result: nil) }) {
      try await eventually("it is done") { try await scene.completedCount() == 1 }
    }
    #expect(try await injected.callCount() > 0)
    #expect(try await scene.text("SELECT state AS text FROM queue.worker") == "stopped")
  }

  @Test func whatCanNeverSucceedEndsItInOrder() async throws {
    let scene = try await WorkerScene.make(years: 2001...2004)
    let error = await #expect(throws: PostgresError.self) {
      try await scene.withWorker(
        ScriptedHandler { _, _ in
          try await Task.sleep(for: .seconds(600))
          return .completed(result: nil)
        }
      ) {
        try await eventually("two run") { try await scene.count("SELECT count(*) AS n FROM queue.lease") == 2 }
        _ = try await InjectedErrors.put(["42883"], before: "tick", forever: true, scene.connection)
        try await eventually("its worker has ended") {
          try await scene.text("SELECT state AS text FROM queue.worker") == "stopped"
        }
      }
    }
    #expect(error?.sqlState == "42883")
    // Nothing was lost by it: the tasks are there to be claimed, with all their attempts.
    #expect(
      try await scene.count("SELECT count(*) AS n FROM queue.ready WHERE attempt_count = 0 AND lost_count = 0") == 4)
  }

  @Test func aReportThatCannotBeStoredIsStoredShorter() async throws {
    let scene = try await WorkerScene.make(years: 2001...2002)
    _ = try await InjectedErrors.put(["22P05", "22021"], before: "fail", scene.connection)
    let handler = ScriptedHandler { lease, _ in
      guard lease.dataYear == 2001 else { return .completed(result: nil) }
      throw ReportedError()
    }
    try await scene.withWorker(handler) {
      try await eventually("both have ended") {
        try await scene.count("SELECT count(*) AS n FROM queue.outcome WHERE final") == 2
      }
    }
    #expect(
      try await scene.text("SELECT reason AS text FROM queue.outcome WHERE kind = 'failed'")
        == "its report could not be stored (SQLSTATE 22021); the worker's log has it")
  }

  @Test func aResultThatCannotBeStoredKeepsNoTaskFromItsEnd() async throws {
    let scene = try await WorkerScene.make(years: 2001...2004)
    let handler = ScriptedHandler { lease, _ in
      .completed(result: lease.dataYear == 2002 ? "{\"name\": \"\\u0000\"}" : "{\"rows\": 1}")
    }
    try await scene.withWorker(handler) {
      try await eventually("all are completed") { try await scene.completedCount() == 4 }
    }
    #expect(try await scene.count("SELECT count(*) AS n FROM queue.outcome WHERE result IS NOT NULL") == 3)
  }

  @Test func aSickHostCostsTasksNothing() async throws {
    let scene = try await WorkerScene.make(years: 2001...2004)
    let handler = ScriptedHandler(probes: ["the cache is a file", "the cache is a file"]) { lease, _ in
      if lease.leaseToken <= 2 { throw HostError() }
      return .completed(result: nil)
    }
    try await scene.withWorker(handler) {
      try await eventually(within: .seconds(30), "it is well again and all is done") {
        try await scene.completedCount() == 4
      }
    }
    #expect(try await scene.count("SELECT count(*) AS n FROM queue.outcome WHERE kind = 'released'") == 2)
    #expect(try await scene.count("SELECT count(*) AS n FROM queue.outcome WHERE attempt_number > 1") == 0)
    #expect(
      try await scene.text("SELECT reason AS text FROM queue.outcome WHERE kind = 'released' LIMIT 1")?
        .contains("the cache is a file") == true)
  }

  @Test func aHostThatIsWellLetsItsTasksPayForTheirErrors() async throws {
    let scene = try await WorkerScene.make(years: 2001...2001)
    try await scene.connection.execute("UPDATE queue.lane SET max_attempts = 2")
    try await scene.withWorker(ScriptedHandler { _, _ in throw HostError() }) {
      try await eventually(within: .seconds(30), "it has failed") {
        try await scene.count("SELECT count(*) AS n FROM queue.outcome WHERE kind = 'failed'") == 1
      }
    }
    #expect(try await scene.count("SELECT count(*) AS n FROM queue.outcome") == 2)
  }
}
