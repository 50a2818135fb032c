import Base
import Postgres
import Queue
import TestSupport
import Testing

/// What waits is built by the definition that is applied, and what failed is told from what failed and is history.
@Suite(.database)
struct FollowedDefinitionTests {
  private func follow(_ fixture: QueueFixture) async throws -> [Int] {
    let row = try await fixture.connection.query("SELECT waiting, running FROM queue.follow_definition('income')")[0]
    return [try row.decode("waiting"), try row.decode("running")]
  }

  @Test func whatWaitsFollowsAndWhatRunsEndsAsItBegan() async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.enqueue(years: 2001...2004)
    let worker = try await fixture.worker()
    let running = try #require(try await fixture.claim(worker, 1).first)
    #expect(running.definitionHash.first == "a")
    #expect(try await follow(fixture) == [0, 0], "nothing was changed")

    try await fixture.declare("income", hash: "b")
    try await fixture.connection.execute(
      "UPDATE catalog.dataset SET source_ids = '{other}', primary_source_id = 'other'")
    #expect(try await follow(fixture) == [3, 1])
    #expect(try await follow(fixture) == [0, 0], "once")
    #expect(try await fixture.value("SELECT source_ids[1] FROM queue.lane", as: String.self) == "other")
    #expect(
      try await fixture.value("SELECT message FROM queue.event ORDER BY event_id DESC LIMIT 1", as: String.self)
        .contains("definition bbbbbbbbbbbb"))

    let next = try #require(try await fixture.claim(worker, 1).first)
    #expect(next.definitionHash.first == "b")
    // Each attempt tells which it was made by; what is tried again is made by the new one.
    #expect(try await fixture.client.fail(running, errorClass: .transient, reason: "timeout") == .retried)
    try await fixture.hurry()
    let again = try await fixture.claim(worker).filter { $0.taskID == running.taskID }
    #expect(again.first?.definitionHash.first == "b")
    let told = try await fixture.connection.query(
      "SELECT left(definition_hash, 1) AS made FROM queue.attempt WHERE task_id = $1 ORDER BY attempt_id",
      [running.taskID])
    #expect(try told.map { try $0.decode("made", as: String.self) } == ["a", "b"])
  }

  @Test func whatWasNamedForATaskStays() async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.enqueue(years: 2001...2001)
    let worker = try await fixture.worker()
    let first = try #require(try await fixture.claim(worker).first)
    _ = try await fixture.client.fail(first, errorClass: .data, reason: "drift")
    try await fixture.declare("income", hash: "b")
    _ = try await follow(fixture)
    try await fixture.connection.execute(
      "SELECT queue.retry_task($1, $2)", [first.taskID, String(first.definitionHash.prefix(12))])
    try await fixture.declare("income", hash: "c")
    _ = try await follow(fixture)
    #expect(try await fixture.claim(worker).first?.definitionHash.first == "a")
  }

  @Test func aLaterBackfillOrAPublicationMakesAFailureHistory() async throws {
    let fixture = try await QueueFixture.make()
    try await fixture.enqueue(years: 2001...2002)
    let worker = try await fixture.worker()
    for lease in try await fixture.claim(worker) {
      _ = try await fixture.client.fail(lease, errorClass: .data, reason: "drift")
    }
    #expect(try await fixture.value("SELECT count(*) FROM queue.superseded", as: Int.self) == 0)
    #expect(try await fixture.value("SELECT failed_count FROM queue.failures", as: Int.self) == 2)
    try await fixture.enqueue(years: 2001...2001, options: "mode => 'failed'")
    #expect(try await fixture.value("SELECT count(*) FROM queue.superseded", as: Int.self) == 1)
    #expect(try await fixture.value("SELECT failed_count FROM queue.failures", as: Int.self) == 1)
  }
}
