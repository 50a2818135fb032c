import FoundationEssentials
import Testing

@testable import Postgres

struct PostgresTimestampTests {
  @Test(arguments: [
    ("1970-01-01 00:00:00+00", 0.0),
    ("2026-11-23 07:05:47.5+00", 1_795_417_547.5),
    ("2026-11-23 12:35:47.5+05:30", 1_795_417_547.5),
    ("1969-12-31 23:59:59.25Z", -0.75),
    ("2000-02-29", 951_782_400.0),
  ])
  func readsWhatTheServerPrints(text: String, seconds: Double) throws {
    #expect(try PostgresTimestamp.date(text).timeIntervalSince1970 == seconds)
  }

  @Test(arguments: [0.0, 1_795_417_547.123456, -0.75, 951_782_400.000001])
  func writesWhatItReads(seconds: Double) throws {
    let text = PostgresTimestamp.text(Date(timeIntervalSince1970: seconds))
    #expect(abs(try PostgresTimestamp.date(text).timeIntervalSince1970 - seconds) < 0.000_000_5)
  }

  @Test(arguments: ["", "yesterday", "2026-11", "2026-11-23 07", "infinity"])
  func refusesAnythingElse(text: String) {
    #expect(throws: PostgresError.self) { try PostgresTimestamp.date(text) }
  }
}
