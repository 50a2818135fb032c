import Testing

@testable import Coordinator

struct ProgressBarTests {
  private let start = ContinuousClock.now

  @Test func whatHasAnEndIsABar() {
    var bar = ProgressBar(startedAt: start)
    #expect(
      bar.advance(by: 50, of: 200, .rows, columns: 60, unicode: true, at: start + .milliseconds(500))
        == "██████████······························  25% of 200 rows")
    // Shown just now.
    #expect(bar.advance(by: 50, of: 200, .rows, columns: 60, unicode: true, at: start + .milliseconds(550)) == nil)
    #expect(
      bar.advance(by: 100, of: 200, .rows, columns: 40, unicode: false, at: start + .seconds(2))
        == "##########  100% of 200 rows  100 rows/s")
  }

  @Test func whatHasNoneIsCounted() {
    var bar = ProgressBar(startedAt: start)
    #expect(
      bar.advance(by: 3_000_000, of: nil, .bytes, columns: 60, unicode: true, at: start + .seconds(2))
        == "3.0 MB  1.5 MB/s")
  }

  @Test func itNeverOverflowsItsColumns() {
    for columns in [10, 24, 40, 160] {
      var bar = ProgressBar(startedAt: start)
      let text = bar.advance(
        by: 5_000_000, of: 9_000_000, .rows, columns: columns, unicode: true, at: start + .seconds(1))
      #expect(text.map(\.count) ?? 0 <= max(columns, "  55% of 9000000 rows  5000000 rows/s".count))
    }
  }
}
