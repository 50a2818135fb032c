import Catalog
import FoundationEssentials
import Postgres
import Schedule
import Synchronization
import TestSupport
import Testing

/// Five coordinators, killed in the middle of whatever they do, over thirty years in twenty time zones.
@Suite(.database, .serialized, .whateverHappens)
struct KilledCoordinatorTests {
  /// The clock of all of them: it goes on by days, whenever somebody has done a round.
  final class Calendar: Sendable {
    private let now = Mutex(Calendar.start)
    static let start = 1_000_000_000  // 2001-09-09
    static let end = start + 30 * 365 * 86_400

    var seconds: Int { now.withLock { $0 } }

    func goOn(by days: Int) { now.withLock { $0 = min($0 + days * 86_400, Self.end) } }
  }

  @Test func nothingIsLostAndNothingIsDoubled() async throws {
    let fixture = try await LedgerFixture.make()
    let calendar = Calendar()
    try await fixture.at(Self.instant(Calendar.start))
    let flows = DueTimesTests.zones.enumerated().map { index, zone in
      // In the hours that clocks leave out or repeat; years that the dataset does not have: a backfill that ends at once.
      "name: z\(index), schedule: \"30 \(index % 4) 15 */6 *\", time_zone: \(zone), catch_up: all, catch_up_days: 4000, years: [-200, -200]"
    }
    let term = try #require(try await fixture.ledger.lead(holder: fixture.holder, name: "test"))
    _ = try await fixture.ledger.apply(try LedgerFixture.read(flows), term: term)
    // An operator would see: none of it has been due.
    #expect(try await fixture.text("SELECT count(*) FROM schedule.due") == "0")

    let kills = try await withThrowingTaskGroup(of: Int.self) { group in
      for index in 0..<5 {
        group.addTask {
          try await Self.coordinate(calendar, "coordinator-\(index)")
          return 0
        }
      }
      group.addTask { try await Self.killAtRandom(until: { calendar.seconds >= Calendar.end }) }
      return try await group.reduce(0, +)
    }
    #expect(kills > 20)

    let row = try await fixture.connection.query(
      """
      WITH expected AS (
        SELECT f.flow, t AS due_at FROM schedule.flow f
          CROSS JOIN schedule._due_times(f, to_timestamp($1), to_timestamp($2), 100000) AS t)
      SELECT (SELECT count(*) FROM expected) AS expected, (SELECT count(*) FROM schedule.due) AS noted,
        (SELECT count(*) FROM (SELECT flow, due_at FROM expected EXCEPT SELECT flow, due_at FROM schedule.due) l) AS lost,
        (SELECT count(*) FROM schedule.due WHERE fate = 'fired') AS fired,
        (SELECT count(DISTINCT backfill_id) FROM schedule.due) AS backfills,
        (SELECT count(*) FROM queue.backfill) AS made
      """, [Calendar.start, Calendar.end])[0]
    let expected: Int = try row.decode("expected")
    #expect(expected == 20 * 2 * 30)
    for column in ["noted", "fired", "backfills", "made"] {
      #expect(try row.decode(column, as: Int.self) == expected, "\(column)")
    }
    #expect(try row.decode("lost", as: Int.self) == 0)
  }

  static func instant(_ seconds: Int) -> String {
    Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601)
  }

  /// One coordinator's life: rounds, each from whatever the one before left; it is started again when it was killed.
  private static func coordinate(_ calendar: Calendar, _ name: String) async throws {
    while true {
      do {
        var configuration = TestDatabase.current.configuration
        configuration.applicationName = name
        let connection = try await PostgresConnection.connect(configuration)
        let ledger = FlowLedger(connection)
        while true {
          let seconds = calendar.seconds
          _ = try await connection.query(
            "SELECT set_config('aker.schedule_clock', now()::text || ',' || $1 || ',0', false)", [instant(seconds)])
          // What has no tasks ends with the next tick, as aker serve makes it.
          _ = try await connection.query("SELECT FROM queue.tick(NULL, '{}')")
          while try await ledger.noteDue() > 0 {}
          var isIdle = true
          for due in try await ledger.waiting() {
            isIdle = false
            _ = try await ledger.fire(due.flow, regions: nil)
          }
          if seconds >= Calendar.end && isIdle {
            let left = try await connection.one("SELECT count(*) AS count FROM schedule.waiting").decode(
              "count", as: Int.self)
            if left == 0 { return await connection.close() }
          }
          if isIdle { calendar.goOn(by: .random(in: 1...60)) }
        }
      } catch let error as PostgresError where error.isConnectionFailure {
        continue
      }
    }
  }

  /// - Returns: how many it killed.
  private static func killAtRandom(until isOver: () -> Bool) async throws -> Int {
    let connection = try await TestDatabase.current.connect()
    var kills = 0
    while !isOver() {
      kills += try await connection.query(
        """
        SELECT count(pg_terminate_backend(pid))::int AS killed FROM (
          SELECT pid FROM pg_stat_activity
          WHERE datname = current_database() AND application_name LIKE 'coordinator-%' ORDER BY random() LIMIT 1) AS victim
        """)[0].decode("killed")
      try await Task.sleep(for: .milliseconds(.random(in: 20...200)))
    }
    await connection.close()
    return kills
  }
}
