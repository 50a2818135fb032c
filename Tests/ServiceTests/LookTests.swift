import Logging
import Postgres
import TestSupport
import Testing

@testable import WebService

/// When the database is asked what changed.
@Suite(.database)
struct LookTests {
  /// Looks at so many seconds since the first, where something changes at each of those times.
  private static func looks(for seconds: Int, changedAt heard: [Double], isBusy: Bool = false) -> [Double] {
    var pace = LookPace()
    let start = ContinuousClock.now
    var looks = [0.0]
    while true {
      pace.look(at: start + .seconds(looks[looks.count - 1]))
      let next = pace.next(taken: .zero, isBusy: isBusy)
      let ifChanged = (next.ifChanged - start) / .seconds(1)
      let unlessChanged = (next.unlessChanged - start) / .seconds(1)
      let first = heard.first { $0 > looks[looks.count - 1] && $0 <= unlessChanged }
      let look = first.map { max($0, ifChanged) } ?? unlessChanged
      guard look < Double(seconds) - 0.001 else { return looks }
      looks.append(look)
    }
  }

  @Test func theDatabaseIsAskedOnceASecond() {
    #expect(Self.looks(for: 60, changedAt: []).count == 60)
    // Somebody does something all the time: ten looks more at once, and then as often as while tasks run.
    let storm = Self.looks(for: 600, changedAt: (1...60_000).map { Double($0) / 100 })
    #expect(storm.count <= 600 * 5 / 4 + 15, "\(storm.count) looks in 600 seconds")
    // What is paid for later is paid, but for the few after the ten.
    let rest = Self.looks(for: 600, changedAt: (1...1_000).map { Double($0) / 100 })
    #expect(rest.count <= 603, "\(rest.count) looks in 600 seconds")
    #expect(Self.looks(for: 60, changedAt: [], isBusy: true).count <= 75)
  }

  @Test func whatChangesAfterQuietIsLookedAtAtOnce() {
    for heard in [10.01, 10.4, 10.99] {
      let looks = Self.looks(for: 20, changedAt: [heard])
      #expect(looks.contains { $0 >= heard && $0 - heard <= 0.3 }, "\(heard): \(looks)")
    }
    // A few acts one after the other, and many: none is so late that its way to the page would make it a second.
    for heard in [[5.0, 5.5, 6.0, 6.5, 7.0], (1...500).map { Double($0) / 10 }] {
      let looks = Self.looks(for: 60, changedAt: heard)
      #expect(heard.allSatisfy { at in looks.contains { $0 >= at && $0 - at <= 0.8 } }, "\(looks)")
    }
  }

  /// What a look has not seen, since it was committed while it was under way, is seen by the next, which does not wait.
  @Test(.whateverHappens) func whatALookMissedIsLookedForAgain() async throws {
    try await ServiceScene.serving { scene in
      try await scene.enqueue()
      try await scene.countLooks(thenHeldBy: "PERFORM pg_advisory_xact_lock_shared(20);")
      let pool = PostgresPool(TestDatabase.current.configuration, maximumCount: 1)
      // Where nothing changes, it would wait for an hour.
      let hub = EventHub(
        pool: pool, pace: LookPace(interval: .seconds(3600)),
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      let told = Told()
      let caller = Caller(name: "test", level: .viewer, address: "")
      let messages = try await hub.listen(after: nil, as: caller)
      let listening = Task { for await message in messages { await told.add(message) } }
      func asked(_ count: Int) async throws {
        try await eventually("it has asked \(count) times") {
          let row = try await scene.connection.one("SELECT last_value AS n, is_called AS c FROM asked")
          return try row.decode("c") && row.decode("n", as: Int.self) == count
        }
      }
      try await asked(1)
      try await eventually("that look is over, and the next one waits") { try await scene.count(Self.isWaiting) == 1 }
      // That one is held up, with what it saw.
      _ = try await scene.connection.query("SELECT pg_advisory_lock(20)")
      _ = try await scene.connection.query("SELECT queue.cancel_task(1, 'first')")
      try await asked(2)
      _ = try await scene.connection.query("SELECT queue.cancel_task(2, 'meanwhile')")
      _ = try await scene.connection.query("SELECT pg_advisory_unlock(20)")
      try await asked(3)
      try await eventually("it is told") { await told.text.contains("\"data_year\" : 2002") }
      await hub.close()
      _ = await listening.value
      await pool.close()
    }
  }

  /// Of what nobody is told, a start and an end, a look that waits is told at once; while nothing changes it waits, and what
  /// it reads then does not grow with what there is.
  @Test func aLookWaitsForWhatChanges() async throws {
    try await ServiceScene.serving { scene in
      try await scene.enqueue()
      let (looker, worker) = (try await TestDatabase.current.connect(), scene.connection)
      func look(_ since: String?, _ patience: String, runs: Int = 0) async throws -> [String: String] {
        let rows = try await looker.query(
          """
          SELECT kind, key FROM service.await_changes($1, (SELECT max(event_id) FROM queue.event), $2,
            CASE WHEN $3 > 0 THEN ARRAY(SELECT lane_id FROM queue.lease) ELSE '{}' END,
            CASE WHEN $3 > 0 THEN ARRAY(SELECT data_year FROM queue.lease) ELSE '{}' END, array_fill(1::bigint, ARRAY[$3]))
          """, [patience, since, runs])
        return Dictionary(
          try rows.map { (try $0.decode("kind"), try $0.decode("key")) }, uniquingKeysWith: { first, _ in first })
      }
      var since = try #require(try await look(nil, "1 hour")["snapshot"])
      let waited = try #require(Int(try await look(since, "0.4 s")["waited"] ?? ""))
      #expect(waited >= 400, "nothing changed")
      let register = "SELECT queue.register_worker('w', 'h', 1, 'v', 10)"
      for (runs, change) in [
        (0, "SELECT * FROM queue.claim((\(register)), 1)"),
        (1, "SELECT queue.fail(task_id, lease_token, 'permanent', 'no') FROM queue.lease"),
        (0, "SELECT queue.pause_backfill(1, 'lunch')"),
      ] {
        let known = since
        async let seen = look(known, "20 s", runs: runs)
        try await eventually("it waits") { try await scene.count(Self.isWaiting) == 1 }
        _ = try await worker.query(change)
        let found = try await seen
        #expect(Int(found["waited"] ?? "").map { $0 < 20_000 } == true, "\(change): \(found)")
        since = try #require(found["snapshot"])
      }
      await looker.close()
    }
  }

  private static let isWaiting = """
    pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'
      AND query LIKE '%service.await_changes%' AND pid <> pg_backend_pid()
    """

  private actor Told {
    var text = ""
    func add(_ message: String) { text += message }
  }
}
