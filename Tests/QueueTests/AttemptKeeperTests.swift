import Base
import Logging
import Postgres
import Queue
import Telemetry
import TestSupport
import Testing

/// How attempts are kept, as the worker's loop and `aker run` keep them: on a real queue, with handlers that end when told.
@Suite("Attempts are kept", .database, .whateverHappens)
struct AttemptKeeperTests {
  private struct Waiting: TaskHandler {
    func run(_ lease: TaskLease, _ context: TaskContext) async throws -> TaskOutcome {
      context.logger.info("waits")
      context.steps.began("fetch")
      try await Task.sleep(for: .seconds(600))
      return .completed(result: nil)
    }
  }

  private struct Ending: TaskHandler {
    struct Refused: ClassifiedError {
      var errorClass: ErrorClass { .transient }
      var summary: String { "the source is closed; the key is s3cret" }
    }

    func run(_ lease: TaskLease, _ context: TaskContext) async throws -> TaskOutcome {
      if lease.dataYear == 2002 { throw Refused() }
      return .completed(result: #"{"rows": 3}"#)
    }
  }

  private func keep(
    _ fixture: QueueFixture, _ workerID: Int, _ handler: any TaskHandler, years: ClosedRange<Int> = 2001...2001,
    options: String = ""
  ) async throws -> (AttemptKeeper, AsyncStream<(Int64, Result<TaskOutcome, any Error>)>.Iterator) {
    try await fixture.enqueue(years: years, options: options)
    let keeper = AttemptKeeper(
      client: fixture.client, redaction: Redaction(secrets: ["s3cret"]), name: "w1",
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let (ends, post) = AsyncStream.makeStream(of: (Int64, Result<TaskOutcome, any Error>).self)
    let identity = WorkerIdentity(workerID: workerID, name: "w1", host: "h", version: "test")
    let leases = try #require(try await keeper.complete(thenClaim: 10, workerID: workerID, filter: .init()))
    #expect(leases.count == years.count)
    for lease in leases {
      keeper.start(lease, by: identity, handler) { post.yield((lease.leaseToken, $0)) }
    }
    return (keeper, ends.makeAsyncIterator())
  }

  /// What the handler ended with, judged.
  private func end(
    _ keeper: AttemptKeeper, _ ends: inout AsyncStream<(Int64, Result<TaskOutcome, any Error>)>.Iterator
  ) async throws -> AttemptEnding {
    let (token, result) = try #require(await ends.next())
    let ending = try #require(keeper.ending(of: token, result))
    keeper.settle(token, ending)
    return ending
  }

  @Test func aHeartbeatStopsWhatWasTakenAway() async throws {
    let fixture = try await QueueFixture.make()
    let worker = try await fixture.worker()
    var (keeper, ends) = try await keep(fixture, worker, Waiting())
    _ = try await keeper.tick(workerID: worker)
    #expect(keeper.running.values.allSatisfy { $0.stopReason == nil })
    // What it does can be asked for while it does it.
    try await eventually("its step is told") {
      try await keeper.tellSteps()
      return try await fixture.values("SELECT coalesce(detail ->> 'step', '') FROM queue.attempt", as: String.self) == [
        "fetch"
      ]
    }

    try await fixture.run("SELECT queue.cancel_backfill(backfill_id, 'not wanted') FROM queue.backfill")
    _ = try await keeper.tick(workerID: worker)
    guard case .discarded = try await end(keeper, &ends) else { throw TestFailure("it was not discarded") }
    try await keeper.tellEnds()
    #expect(keeper.isEmpty)
    #expect(try await fixture.values("SELECT state::text FROM queue.task") == ["cancelled"])
  }

  @Test func whatRunsLongerThanItsLimitIsStoppedAlsoWhereTheQueueCannotBeAsked() async throws {
    let fixture = try await QueueFixture.make()
    let worker = try await fixture.worker()
    var (keeper, ends) = try await keep(fixture, worker, Waiting(), options: "task_timeout => '1 millisecond'")
    // An incarnation that there is not: the queue refuses.
    try await eventually("its time is over") {
      await #expect(throws: QueueError.self) { _ = try await keeper.tick(workerID: 4711) }
      return keeper.running.values.allSatisfy { $0.stopReason == .timeLimit }
    }
    guard case .ranTooLong = try await end(keeper, &ends) else { throw TestFailure("it was not stopped") }
    let states = try await keeper.tellEnds()
    #expect(Array(states.values) == [.retried])
    #expect(
      try await fixture.values("SELECT reason FROM queue.attempt", as: String.self).allSatisfy {
        $0.hasPrefix("ran longer than its limit")
      })
  }

  @Test func everyEndIsToldOnceAndWithoutSecrets() async throws {
    let fixture = try await QueueFixture.make()
    let worker = try await fixture.worker()
    var (keeper, ends) = try await keep(fixture, worker, Ending(), years: 2001...2003)
    for _ in 1...3 { _ = try await end(keeper, &ends) }
    #expect(keeper.running.isEmpty && keeper.leaseTokens.count == 3)
    let states = try await keeper.tellEnds()
    #expect(Array(states.values) == [.retried])
    #expect(try await keeper.complete(thenClaim: 0, workerID: worker, filter: .init()) == nil)
    #expect(keeper.isEmpty)
    #expect(try await fixture.value("SELECT count(*) FROM queue.task WHERE state = 'completed'", as: Int.self) == 2)
    let reasons = try await fixture.values("SELECT reason FROM queue.attempt WHERE reason IS NOT NULL", as: String.self)
    #expect(reasons.count == 1 && reasons.allSatisfy { !$0.contains("s3cret") }, "\(reasons)")
  }

  @Test func anIncarnationThatWasGivenUpOwesNothing() async throws {
    let fixture = try await QueueFixture.make()
    let worker = try await fixture.worker()
    var (keeper, ends) = try await keep(fixture, worker, Waiting())
    keeper.stopAll(.draining)
    keeper.forgetAll()
    guard case .discarded = try await end(keeper, &ends) else { throw TestFailure("a lost lease outweighs all else") }
    #expect(keeper.running.isEmpty)
  }
}
