import Catalog
import Postgres
import Schedule
import TestSupport
import Testing

import struct FoundationEssentials.UUID

/// What becomes of each due time, in every way that a flow can say.
@Suite(.database)
struct LedgerTests {
  static let daily = "name: f, schedule: \"0 6 * * *\""

  /// From the first of May until the fifth, when somebody serves again.
  private func outage(_ options: String) async throws -> LedgerFixture {
    let fixture = try await LedgerFixture.make()
    try await fixture.at("2026-05-01T00:00Z")
    try await fixture.apply(Self.daily + options)
    try await fixture.at("2026-05-05T12:00Z")
    return fixture
  }

  @Test func whatWasNeverKnownIsNotDue() async throws {
    let fixture = try await LedgerFixture.make()
    try await fixture.at("2026-05-05T12:00Z")
    #expect(try await fixture.apply(Self.daily) == ["f new"])
    try await fixture.serve()
    #expect(try await fixture.fates() == [])
    #expect(try await fixture.nextDue() == "2026-05-06T06:00:00Z")
  }

  @Test(arguments: [
    (", catch_up: none", ["missed", "missed", "missed", "missed", "missed"]),
    ("", ["coalesced", "coalesced", "coalesced", "coalesced", "fired"]),
    (", catch_up: latest, catch_up_days: 2", ["missed", "missed", "missed", "coalesced", "fired"]),
    (", catch_up: all, overlap: cancel", ["fired", "fired", "fired", "fired", "fired"]),
    (", catch_up: all, overlap: queue", ["fired", "waiting", "waiting", "waiting", "waiting"]),
    (", catch_up: all, overlap: skip", ["fired", "skipped", "skipped", "skipped", "skipped"]),
  ])
  func anOutageIsCaughtUpWithAsTheFlowSays(options: String, fates: [String]) async throws {
    let fixture = try await outage(options)
    try await fixture.serve()
    #expect(try await fixture.fates() == fates.enumerated().map { "05-0\($0.offset + 1) 06:00 \($0.element)" })
  }

  @Test func whatWaitsFiresWhenTheBackfillBeforeHasEnded() async throws {
    let fixture = try await outage(", catch_up: all")
    for count in 1...5 {
      try await fixture.serve()
      #expect(try await fixture.fates().filter { $0.hasSuffix("fired") }.count == count)
      let reason = try await fixture.ledger.history("f", limit: 1)[0].reason
      #expect(count == 5 ? reason == nil : reason == "backfill \(count) of this flow has not ended")
      try await fixture.finish()
    }
  }

  @Test func onTimeIsNeverMissed() async throws {
    let fixture = try await outage(", catch_up: none")
    try await fixture.serve()
    try await fixture.at("2026-05-06T06:00Z")
    try await fixture.serve()
    #expect(try await fixture.fates().last == "05-06 06:00 fired")
  }

  /// However late it fires: the last scan of a year is of that year.
  @Test func theYearsAreThoseOfTheDueTimeInItsZone() async throws {
    let fixture = try await LedgerFixture.make()
    try await fixture.at("2026-12-01T00:00Z")
    try await fixture.apply("name: f, schedule: \"55 23 31 12 *\", time_zone: America/New_York, years: [0, 0]")
    try await fixture.at("2027-01-20T00:00Z")
    try await fixture.serve()
    #expect(try await fixture.fates() == ["01-01 04:55 fired"])
    #expect(try await fixture.text("SELECT data_year FROM queue.planned_task") == "2026")
    #expect(try await fixture.text("SELECT backfill_key FROM queue.backfill") == "f 2027-01-01T04:55:00Z")
  }

  @Test func aChangedScheduleFiresNothingAgain() async throws {
    let fixture = try await LedgerFixture.make()
    try await fixture.at("2026-05-01T00:00Z")
    try await fixture.apply(Self.daily)
    try await fixture.at("2026-05-01T12:00Z")
    try await fixture.serve()
    try await fixture.finish()
    #expect(
      try await fixture.apply("name: f, schedule: \"0 8 * * *\"") == ["f changed"])
    #expect(try await fixture.apply("name: f, schedule: \"0 8 * * *\"") == [])
    try await fixture.serve()
    #expect(try await fixture.fates() == ["05-01 06:00 fired"])
    // What the old times made due, and nobody had noted, is still due.
    try await fixture.at("2026-05-02T09:00Z")
    try await fixture.apply("name: f, schedule: \"0 5 * * *\"")
    try await fixture.serve()
    #expect(try await fixture.fates() == ["05-01 06:00 fired", "05-02 08:00 fired"])
    #expect(try await fixture.nextDue() == "2026-05-03T05:00:00Z")
  }

  @Test func fewerDaysAreAChange() async throws {
    let fixture = try await LedgerFixture.make()
    try await fixture.apply("name: f, schedule: \"0 6 * * 1,2\"")
    #expect(
      try await fixture.apply("name: f, schedule: \"0 6 * * 1\"") == ["f changed"])
  }

  @Test func aFlowThatIsTakenOutEndsAndMayComeBack() async throws {
    let fixture = try await outage(", catch_up: all, overlap: queue")
    try await fixture.serve()
    #expect(try await fixture.apply() == ["f removed"])
    #expect(try await fixture.ledger.states().isEmpty)
    #expect(try await fixture.fates().filter { $0.hasSuffix("waiting") } == [])
    try await fixture.at("2026-06-01T12:00Z")
    #expect(try await fixture.apply(Self.daily) == ["f new"])
    try await fixture.serve()
    #expect(try await fixture.fates().count == 5)
  }

  @Test func aPausedFlowSkipsEachTimeWithItsReason() async throws {
    let fixture = try await LedgerFixture.make()
    try await fixture.at("2026-05-01T00:00Z")
    try await fixture.apply(Self.daily)
    try await fixture.ledger.pause("f", reason: "the site is down")
    try await fixture.at("2026-05-02T12:00Z")
    try await fixture.serve()
    // Noticed by the resume only: it was due while the flow was paused.
    try await fixture.at("2026-05-03T12:00Z")
    try await fixture.ledger.resume("f")
    try await fixture.at("2026-05-04T12:00Z")
    try await fixture.serve()
    #expect(
      try await fixture.fates() == [
        "05-01 06:00 skipped", "05-02 06:00 skipped", "05-03 06:00 skipped", "05-04 06:00 fired",
      ])
    #expect(try await fixture.ledger.history("f", limit: 9).last?.reason == "paused: the site is down")
  }

  @Test func aPersonTriggersAFlowOnceAtATime() async throws {
    let fixture = try await LedgerFixture.make()
    try await fixture.apply("name: f")
    let made = try await fixture.ledger.trigger("f", regions: nil)
    #expect(made.taskCount == 1)
    let error = await #expect(throws: PostgresError.self) { try await fixture.ledger.trigger("f", regions: nil) }
    #expect(error?.sqlState == "AK006" && error?.hint?.contains("aker watch \(made.backfillID)") == true)
    let unknown = await #expect(throws: PostgresError.self) { try await fixture.ledger.trigger("g", regions: nil) }
    #expect(unknown?.sqlState == "AK005")
    #expect(try await fixture.ledger.history("f", limit: 9).map(\.backfill_id) == [made.backfillID])
  }

  @Test func jitterIsFixedAndWithinItsBounds() async throws {
    let fixture = try await LedgerFixture.make()
    try await fixture.at("2026-05-01T00:00Z")
    try await fixture.apply(Self.daily + ", jitter_minutes: 60, catch_up: all")
    try await fixture.at("2026-05-20T12:00Z")
    _ = try await fixture.ledger.noteDue()
    let spread = "SELECT string_agg((fires_at - due_at)::text, ' ' ORDER BY due_at) FROM schedule.waiting"
    #expect(try await fixture.text(spread) == (try await fixture.text(spread)))
    #expect(
      try await fixture.text(
        """
        SELECT count(DISTINCT fires_at - due_at) || ' ' || bool_and(fires_at - due_at BETWEEN '0' AND '1 hour')
        FROM schedule.waiting
        """) == "20 true")
  }

  @Test func anUnknownZoneIsRefusedByTheServer() async throws {
    let fixture = try await LedgerFixture.make()
    var flow = try LedgerFixture.read([Self.daily])[0]
    flow.timeZone = "Europe/Nowhere'; DROP TABLE x"
    let term = try #require(try await fixture.ledger.lead(holder: fixture.holder, name: "test"))
    let error = await #expect(throws: PostgresError.self) { try await fixture.ledger.apply([flow], term: term) }
    #expect(error?.sqlState == "AK003")
  }

  @Test func whatCannotFireIsKeptAndSaid() async throws {
    let fixture = try await outage("")
    try await fixture.connection.execute("DELETE FROM catalog.dataset")
    _ = try await fixture.ledger.noteDue()
    await #expect(throws: PostgresError.self) { try await fixture.ledger.fire("f", regions: nil) }
    try await fixture.ledger.noteTrouble("f", "there is no dataset income")
    #expect(try await fixture.ledger.history("f", limit: 1)[0].fate == "waiting")
    #expect(try await fixture.ledger.states()[0].trouble == "there is no dataset income")
  }

  // MARK: Leadership

  @Test func aTermEndsBeforeTheNextBegins() async throws {
    let fixture = try await LedgerFixture.make()
    let other = UUID()
    #expect(try await fixture.ledger.lead(holder: other, name: "other") == nil)
    // As if the leader had been suspended for longer than its term.
    try await fixture.connection.execute("UPDATE schedule.leader SET expires_at = clock_timestamp()")
    let flows = try LedgerFixture.read([Self.daily])
    let late = await #expect(throws: PostgresError.self) {
      try await fixture.ledger.apply(flows, term: fixture.term)
    }
    #expect(late?.sqlState == "AK007")
    let term = try #require(try await fixture.ledger.lead(holder: other, name: "other"))
    #expect(term == fixture.term + 1)
    #expect(try await fixture.ledger.lead(holder: other, name: "other") == term)
    for act in [
      { try await fixture.ledger.apply(flows, term: fixture.term).count },
      { try await fixture.ledger.prune(term: fixture.term) },
    ] {
      let error = await #expect(throws: PostgresError.self) { _ = try await act() }
      #expect(error?.sqlState == "AK007")
    }
    try await fixture.ledger.abdicate(holder: other)
    #expect(try await fixture.ledger.lead(holder: UUID(), name: "third") == term + 1)
  }

  @Test func oldDueTimesArePruned() async throws {
    let fixture = try await outage(", catch_up: all, overlap: cancel")
    try await fixture.serve()
    try await fixture.at("2029-05-03T12:00Z")
    let term = try #require(try await fixture.ledger.lead(holder: fixture.holder, name: "test"))
    #expect(try await fixture.ledger.prune(term: term) == 3)
    #expect(try await fixture.fates().count == 2)
  }
}
