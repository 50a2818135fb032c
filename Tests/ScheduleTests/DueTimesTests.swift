import Postgres
import Schedule
import TestSupport
import Testing

/// When flows are due, in zones that change their clocks by an hour, by half of one, at midnight, or by a whole day.
@Suite(.database)
struct DueTimesTests {
  static let zones = [
    "UTC", "America/New_York", "America/Chicago", "America/Los_Angeles", "America/St_Johns", "America/Sao_Paulo",
    "America/Santiago", "America/Havana", "Europe/London", "Europe/Berlin", "Europe/Istanbul", "Africa/Casablanca",
    "Asia/Beirut", "Asia/Tehran", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Sydney", "Australia/Lord_Howe",
    "Pacific/Apia", "Pacific/Chatham",
  ]

  private func flow(_ schedule: String, _ zone: String) async throws -> LedgerFixture {
    let fixture = try await LedgerFixture.make()
    try await fixture.apply("name: f, schedule: \"\(schedule)\", time_zone: \(zone)")
    return fixture
  }

  /// A fixed hour: each day of the calendar has it once, over thirty years, the hours that clocks leave out or repeat too.
  @Test(arguments: zones)
  func aDayNeitherSkipsNorDoubles(zone: String) async throws {
    let fixture = try await LedgerFixture.make()
    for schedule in ["30 2 * * *", "30 0 * * *", "59 23 * * *", "30 1 * * *"] {
      try await fixture.apply("name: f, schedule: \"\(schedule)\", time_zone: \(zone)")
      let counted = try await fixture.text(
        """
        WITH due AS (
          SELECT (t AT TIME ZONE f.time_zone)::date AS day
          FROM schedule.flow f CROSS JOIN schedule._due_times(f, '2000-01-01 12:00Z', '2030-01-01 12:00Z', 100000) AS t),
        day AS (
          SELECT d::date AS day FROM generate_series(timestamp '2000-01-03', '2029-12-30', '1 day') AS d
          -- The day that Samoa did not have.
          WHERE NOT ($1 = 'Pacific/Apia' AND d = '2011-12-30'))
        SELECT count(*) FILTER (WHERE n = 1) || ' of ' || count(*)
        FROM (SELECT day.day, count(due.day) AS n FROM day LEFT JOIN due USING (day) GROUP BY day.day) AS c
        """, [zone])
      let parts = try #require(counted?.split(separator: " of "))
      #expect(parts[0] == parts[1], "\(schedule) in \(zone): \(counted ?? "")")
    }
  }

  /// Where the hour is free, each real hour counts: compared with every quarter of an hour there was.
  @Test(arguments: ["America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "America/Sao_Paulo"])
  func everyHourIsEveryRealHour(zone: String) async throws {
    let fixture = try await flow("15 * * * *", zone)
    let difference = try await fixture.text(
      """
      WITH due AS (
        SELECT t FROM schedule.flow f CROSS JOIN schedule._due_times(f, '2010-12-31Z', '2013-01-01Z', 100000) AS t),
      real AS (
        SELECT t FROM generate_series(timestamptz '2010-12-31 00:15Z', '2013-01-01Z', '15 minutes') AS t
        WHERE extract(minute FROM t AT TIME ZONE $1) = 15)
      SELECT (SELECT count(*) FROM (TABLE due EXCEPT ALL TABLE real) a) || ' '
        || (SELECT count(*) FROM (TABLE real EXCEPT ALL TABLE due) b) || ' ' || (SELECT count(*) > 17000 FROM due)::text
      """, [zone])
    #expect(difference == "0 0 true")
  }

  @Test(arguments: [
    ("0 0 29 2 *", "2097-01-01Z", "2104-02-29T00:00:00Z"), ("0 0 31 * *", "2026-03-31T00:00Z", "2026-05-31T00:00:00Z"),
    ("0 12 13 * FRI", "2026-11-07Z", "2026-11-13T12:00:00Z"),
    ("0 12 13 * FRI", "2026-11-13T12:00Z", "2026-11-20T12:00:00Z"),
    ("@yearly", "2026-01-01T00:00Z", "2027-01-01T00:00:00Z"),
    ("0 9 * * MON-FRI", "2026-11-27T10:00Z", "2026-11-30T09:00:00Z"),
  ])
  func theNextIsFoundHoweverFar(schedule: String, after: String, next: String) async throws {
    let fixture = try await LedgerFixture.make()
    try await fixture.at(after)
    try await fixture.apply("name: f, schedule: \"\(schedule)\"")
    #expect(try await fixture.nextDue() == next)
  }

  @Test(arguments: [
    // Monday 2026-11-23, 06:30.
    ("30 6 * * *", true), ("30 6 * * 1", true), ("30 6 * * 2", false), ("*/15 6 * * *", true), ("*/20 6 * * *", false),
    ("0-30 5-7 23 11 *", true), ("30 6 22 * *", false), ("30 6 22 * 1", true), ("30 6 23 * 0", true),
    ("30 6 22 * 7", false), ("30 6 * 12 *", false), ("15/15 6 * * *", true), ("31/15 6 * * *", false),
  ])
  func aTimeIsDueAsCronSays(schedule: String, isDue: Bool) async throws {
    let fixture = try await flow(schedule, "UTC")
    let due = try await fixture.text(
      """
      SELECT count(*) = 1 FROM schedule.flow f
        CROSS JOIN schedule._due_times(f, '2026-11-23 06:29:59Z', '2026-11-23 06:30Z', 1) AS t
      """)
    #expect(due == (isDue ? "t" : "f"))
  }
}
