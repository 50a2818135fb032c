import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

/// The service as it is meant to run for years: two coordinators and two workers build recorded datasets from schedules, by a
/// database clock that runs fast, and a coordinator is killed in each of its months.
///
/// AKER_SCHEDULED_MONTHS=10 takes the catalog's own flows, a month a minute.
@Suite(.database)
struct ScheduledPoolTests {
  private static let start = "2021-01-01T00:30Z"

  /// Of every kind of catching up and of overlapping. Years that are recorded.
  private static let flows = """
    flows:
      - {name: monthly, datasets: [market_income, price_index], schedule: "0 6 15 * *", catch_up: all, years: [-2, -2]}
      - {name: weekly, datasets: [price_index], schedule: "0 7 * * 1", jitter_minutes: 30, years: [-1, -1]}
      - {name: often, datasets: [price_index], schedule: "55 1-23/2 * * *", time_zone: America/New_York, overlap: skip, years: [-1, -1]}
      - {name: daily, datasets: [price_index], schedule: "@daily", overlap: cancel, years: [-2, -2]}
    """

  private struct Form {
    var months: Int
    var secondsPerMonth: Int
    /// Nil for the catalog's own.
    var flows: String?
    var patience: Duration

    static var asked: Form {
      guard
        let months = ProcessInfo.processInfo.environment["AKER_SCHEDULED_MONTHS"].flatMap({ Int($0) }), months > 0
      else { return Form(months: 6, secondsPerMonth: 3, flows: ScheduledPoolTests.flows, patience: .seconds(120)) }
      return Form(months: months, secondsPerMonth: 60, flows: nil, patience: .seconds(1200))
    }
  }

  @Test(.whateverHappens(beyond: Form.asked.months * Form.asked.secondsPerMonth))
  func nothingIsMissedAndNothingIsDoneTwice() async throws {
    let form = Form.asked
    try await OperatorHome.with(dsn: TestDatabase.current.dsn, simulator: []) { home in
      let home = try withCatalog(home, flows: form.flows)
      let connection = try await TestDatabase.current.connect()
      // Until all flows are known the clock stands: what was due before that is nobody's.
      try await setClock(Self.start, speed: 0)
      let first = try await ServedHome.start(home, [])
      try await eventually(within: .seconds(60), "the flows are known") {
        try await scalar("SELECT count(*) FROM schedule.flow", connection) > 3
      }
      #expect(try await first.end().exitCode == 0)
      #expect(try await scalar("SELECT count(*) FROM schedule.due", connection) == 0)

      try await setClock(Self.start, speed: 30.0 * 86_400 / Double(form.secondsPerMonth))
      var workers: [Program] = []
      for number in 1...2 {
        workers.append(
          try await Program.start(
            Executable.worker, ["--slots", "2", "--name", "worker-\(number)"], environment: home.environment))
      }
      try await serve(home, form)
      try await setClock(try await clock(), speed: 0)
      let last = [try await ServedHome.start(home, []), try await ServedHome.start(home, [])]
      try await eventually(within: form.patience, "all that was due is settled, and built") {
        let waiting = try await scalar("SELECT count(*) FROM schedule.waiting", connection)
        let open = try await scalar("SELECT count(*) FROM queue.backfill WHERE finished_at IS NULL", connection)
        return waiting + open == 0
      }
      for served in last { #expect(try await served.end().exitCode == 0) }
      for worker in workers {
        worker.send(SIGTERM)
        let ended = try await worker.wait()
        #expect(ended.exitCode == 0, "\(ended)")
      }
      try await check(form, connection)
      await connection.close()
    }
  }

  /// Two coordinators, of which one is killed in each month, until the months are over.
  private func serve(_ home: OperatorHome, _ form: Form) async throws {
    var coordinators = [try await ServedHome.start(home, []), try await ServedHome.start(home, [])]
    // A session that has the clock which runs.
    let connection = try await TestDatabase.current.connect()
    for month in 1...form.months {
      try await eventually(within: form.patience, "month \(month) is over") {
        try await scalar(
          "SELECT (schedule._now() >= '\(Self.start)'::timestamptz + \(month) * interval '30 days')::int", connection)
          == 1
      }
      // By turns: of any two in a row one leads, whichever led first.
      let victim = month % 2
      coordinators[victim].program.send(SIGKILL)
      let ended = try await coordinators[victim].program.wait()
      #expect(ended.signal == SIGKILL, "\(ended)")
      coordinators[victim] = try await ServedHome.start(home, [])
    }
    for coordinator in coordinators { #expect(try await coordinator.end().exitCode == 0) }
    await connection.close()
  }

  /// The ledger against the times that the calendar has, and against the queue.
  private func check(_ form: Form, _ connection: PostgresConnection) async throws {
    let row = try await connection.one(
      """
      WITH expected AS (
        SELECT f.flow, t AS due_at FROM schedule.flow f
          CROSS JOIN schedule._due_times(f, '\(Self.start)', f.next_due_at - interval '1 microsecond', 1000000) AS t)
      SELECT (SELECT count(*) FROM expected) AS expected, (SELECT count(*) FROM schedule.due) AS noted,
        (SELECT count(*) FROM (TABLE expected EXCEPT SELECT flow, due_at FROM schedule.due) l) AS lost,
        (SELECT count(*) FROM schedule.due WHERE fate IN ('missed', 'waiting')) AS missed,
        (SELECT count(*) FROM schedule.due WHERE fate = 'fired') AS fired,
        (SELECT count(*) FROM schedule.due d JOIN queue.backfill b USING (backfill_id)
          WHERE b.note = 'flow ' || d.flow) AS matched,
        (SELECT count(DISTINCT backfill_id) FROM schedule.due) AS backfills,
        (SELECT count(*) FROM queue.backfill) AS made,
        (SELECT count(*) FROM schedule.flow WHERE trouble IS NOT NULL) AS troubled,
        (SELECT count(*) FROM schedule.flow WHERE next_due_at < '\(Self.start)'::timestamptz
          + \(form.months) * interval '30 days') AS behind,
        (SELECT count(DISTINCT worker_id) FROM queue.attempt WHERE state = 'completed') AS workers,
        (SELECT term FROM schedule.leader) AS term
      """)
    func count(_ column: String) throws -> Int { try row.decode(column) }
    let told = try ["expected", "fired", "term"].map { "\(try count($0)) \($0)" }.joined(separator: ", ")
    print("scheduled pool: \(form.months) months, \(told)")
    #expect(try count("expected") > form.months * 30)
    #expect(try count("noted") == count("expected"))
    for column in ["lost", "missed", "troubled", "behind"] { #expect(try count(column) == 0, "\(column)") }
    #expect(try count("fired") > form.months)
    for column in ["matched", "backfills", "made"] { #expect(try count(column) == count("fired"), "\(column)") }
    #expect(try count("workers") == 2)
    #expect(try count("term") > 2)
  }

  // MARK: What it is made of

  private func withCatalog(_ home: OperatorHome, flows: String?) throws -> OperatorHome {
    var home = home
    let catalog = try home.copyOfCatalog()
    home.environment["AKER_CATALOG_PATH"] = catalog
    home.environment["AKER_CONFIG"] = PackageRoot.recordings + "/aker.yml"
    if let flows { try home.write(flows, to: "catalog/flows.yml") }
    // Recordings on this host are asked as fast as they answer.
    let registry = String(
      decoding: FileManager.default.contents(atPath: catalog + "/sources.yml") ?? Data(), as: UTF8.self)
    let limits = registry.matches(of: /(?m)^ *- id: *(\S+)/).map {
      "  - {id: \($0.1), rate_limit: {per_second: 1000, burst: 1000, concurrency: 8}}\n"
    }
    try home.write("sources:\n" + limits.joined(), to: "catalog/sources_supplement.yml")
    return home
  }

  /// Of the sessions that begin from now on.
  private func setClock(_ time: String, speed: Double) async throws {
    let connection = try await TestDatabase.current.connect()
    let now: String = try await connection.one("SELECT clock_timestamp()::text AS now").decode("now")
    try await connection.execute(
      "ALTER DATABASE \(TestDatabase.current.name) SET aker.schedule_clock = '\(now),\(time),\(speed)'")
    await connection.close()
  }

  private func clock() async throws -> String {
    let connection = try await TestDatabase.current.connect()
    let now: String = try await connection.one("SELECT schedule._now()::text AS now").decode("now")
    await connection.close()
    return now
  }

  private func scalar(_ sql: String, _ connection: PostgresConnection) async throws -> Int {
    Int(try await connection.query(sql)[0].text(0) ?? "") ?? -1
  }
}
