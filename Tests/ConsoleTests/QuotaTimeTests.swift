import Testing

@testable import Console

/// How often a daily quota runs out, and how long requests take.
struct QuotaTimeTests {
  private static let day = 86_400.0

  @Test func withoutALimitNothingIsKnown() {
    let (resets, seconds) = PlanForecast.time(
      100, rate: nil, burst: 1, quota: nil, today: 0, untilMidnight: 3600)
    #expect(resets == 0 && seconds == nil)
  }

  @Test func whatTheBurstAllowsTakesNoTime() {
    let (resets, seconds) = PlanForecast.time(100, rate: 2, burst: 100, quota: nil, today: 0, untilMidnight: 3600)
    #expect(resets == 0 && seconds == 0)
  }

  @Test func aQuotaThatSufficesIsNoLimit() {
    let (resets, seconds) = PlanForecast.time(100, rate: 10, burst: 0, quota: 500, today: 400, untilMidnight: 3600)
    #expect(resets == 0 && seconds == 10)
  }

  /// 100 left today, 500 tomorrow, 1 the day after.
  @Test func whatIsLeftWaitsForMidnight() {
    let (resets, seconds) = PlanForecast.time(601, rate: 1, burst: 0, quota: 500, today: 400, untilMidnight: 3600)
    #expect(resets == 2)
    #expect(seconds == 3600 + Self.day + 1)
  }

  @Test func aQuotaThatIsOverdrawnCountsAsUsedUp() {
    let (resets, seconds) = PlanForecast.time(10, rate: 1, burst: 10, quota: 500, today: 510, untilMidnight: 60)
    #expect(resets == 1 && seconds == 60)
  }
}
