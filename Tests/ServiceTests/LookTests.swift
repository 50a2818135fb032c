import Logging
import Postgres
import TestSupport
import Testing

@testable import WebService

/// When the database is asked what changed.
@Suite(.database)
struct LookTests {
  /// Looks at so many seconds since the first, where something is heard of at each of those times.
  private static func looks(for seconds: Int, heardAt heard: [Double], isBusy: Bool = false) -> [Double] {
    var pace = LookPace()
    let start = ContinuousClock.now
    var looks = [0.0]
    while true {
      pace.look(at: start + .seconds(looks[looks.count - 1]))
      let next = pace.next(taken: .zero, isBusy: isBusy)
      let (ifHeard, unlessHeard) = ((next.ifHeard - start) / .seconds(1), (next.unlessHeard - start) / .seconds(1))
      let first = heard.first { $0 > looks[looks.count - 1] && $0 <= unlessHeard }
      let look = first.map { max($0, ifHeard) } ?? unlessHeard
      guard look < Double(seconds) - 0.001 else { return looks }
      looks.append(look)
    }
  }

  @Test func theDatabaseIsAskedOnceASecond() {
    #expect(Self.looks(for: 60, heardAt: []).count == 60)
    // Somebody does something all the time: ten looks more at once, and then one a second.
    let storm = Self.looks(for: 600, heardAt: (1...60_000).map { Double($0) / 100 })
    #expect(storm.count <= 611, "\(storm.count) looks in 600 seconds")
    // What is paid for later is paid.
    let rest = Self.looks(for: 600, heardAt: (1...1_000).map { Double($0) / 100 })
    #expect(rest.count <= 601, "\(rest.count) looks in 600 seconds")
    #expect(Self.looks(for: 60, heardAt: [], isBusy: true).count <= 75)
  }

  @Test func whatIsHeardOfAfterQuietIsLookedForAtOnce() {
    for heard in [10.01, 10.4, 10.99] {
      let looks = Self.looks(for: 20, heardAt: [heard])
      #expect(looks.contains { $0 >= heard && $0 - heard <= 0.3 }, "\(heard): \(looks)")
    }
    // A few acts one after the other, and then nothing is later than a second.
    for heard in [[5.0, 5.5, 6.0, 6.5, 7.0], (1...500).map { Double($0) / 10 }] {
      let looks = Self.looks(for: 60, heardAt: heard)
      #expect(heard.allSatisfy { at in looks.contains { $0 >= at && $0 - at <= 1 } }, "\(looks)")
    }
  }

  /// Heard of while a look is under way, which may have begun too early to see it.
  @Test(.whateverHappens) func whatALookMissedIsLookedForAgain() async throws {
    try await ServiceScene.serving { scene in
      try await scene.enqueue()
      try await scene.countLooks(thenHeldBy: "PERFORM pg_advisory_xact_lock_shared(20);")
      let pool = PostgresPool(TestDatabase.current.configuration, maximumCount: 1)
      // Without being woken, it would look again after an hour.
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
      try await eventually("that look is over") {
        try await scene.count(
          """
          pg_stat_activity WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()
            AND query LIKE '%service.changes%'
          """) == 0
      }
      // The next one waits.
      _ = try await scene.connection.query("SELECT pg_advisory_lock(20)")
      await hub.wake()
      try await asked(2)
      _ = try await scene.connection.query("SELECT queue.cancel_task(1, 'meanwhile')")
      await hub.wake()
      _ = try await scene.connection.query("SELECT pg_advisory_unlock(20)")
      try await asked(3)
      try await eventually("it is told") { await told.text.contains("cancelled") }
      await hub.close()
      _ = await listening.value
      await pool.close()
    }
  }

  private actor Told {
    var text = ""
    func add(_ message: String) { text += message }
  }
}
