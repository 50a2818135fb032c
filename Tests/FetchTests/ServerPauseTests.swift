@testable import Fetch
import FoundationEssentials
import Testing

/// What servers write into Retry-After, and how long they are left alone for it; nil for the usual pause.
struct ServerPauseTests {
  /// Wed, 10 Jun 2026 12:00:00 GMT.
  private static let now = Date(timeIntervalSince1970: 1_781_092_800)

  @Test(arguments: [
    ("7", 7), ("007", 7), (" 7", 7), ("7 ", 7), ("\t7\t", 7), ("7\r\n", 7), ("0", nil), ("00", nil), ("-5", nil),
    ("+5", nil),
    ("1.5", nil), ("1,5", 5), ("1e3", nil), ("0x10", nil), ("٧", nil), ("7s", nil), ("7 seconds", nil), ("PT7S", nil),
    ("soon", nil), ("", nil), (",", nil), ("86401", 86_400), ("99999999999999999999", 86_400),
    // Of several the longest.
    ("30, 120", 120), ("120,30", 120), ("30\n120", 120), ("120\n0", 120), ("soon\n9", 9), ("1.5\n9", 9),
    ("9\nWed, 10 Jun 2026 12:00:30 GMT", 30), ("Wed, 10 Jun 2026 11:00:00 GMT\n9", 9),
    // The three forms of a date, and others.
    ("Wed, 10 Jun 2026 12:00:30 GMT", 30), ("Wednesday, 10-Jun-26 12:00:30 GMT", 30), ("Wed Jun 10 12:00:30 2026", 30),
    ("Wed, 10 Jun 2026 12:00:30 GMT ", 30), ("Thu, 10 Jun 2026 12:00:30 GMT", 30),
    ("Wed, 10 Jun 2026 12:00:00 GMT", nil),
    ("Wed, 10 Jun 2026 11:59:59 GMT", nil), ("Sun, 06 Nov 1994 08:49:37 GMT", nil),
    ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
    ("Wed, 10 Jun 2026 12:00:30 UTC", nil), ("Wed, 10 Jun 2026 14:00:30 +0200", nil),
    ("Wed, 10 Jun 2026 12:00:30 PST", nil),
    ("Wed, 31 Jun 2026 12:00:30 GMT", nil), ("Wed, 10 Jun 2026 25:00:30 GMT", nil),
    ("Wed, 10 Jun 2026 12:61:00 GMT", nil),
    ("10 Jun 2026 12:00:30 GMT", nil), ("2026-06-10T12:00:30Z", nil), ("1781092830", 86_400),
  ])
  func isThePauseOrNone(_ text: String, _ seconds: Int?) {
    #expect(ServerPause.retryAfter(text, now: Self.now) == seconds.map { .seconds($0) })
  }
}
