import Testing

@testable import Coordinator

struct GridTests {
  private let plain = Style(showsColor: false)

  private func grid(years: ClosedRange<Int>) -> Grid {
    Grid(years.map { ("market_income", $0, Grid.Cell(total: 1, completed: $0 % 2)) })
  }

  @Test func aFewYearsAreWrittenOut() {
    let text = grid(years: 2009...2011).rendered(columns: 80, style: plain, unicode: true)
    #expect(
      text == """
                      2009 2010 2011
        market_income    ■    ·    ■

        """)
  }

  @Test(arguments: [40, 60, 80, 160])
  func noLineIsWiderThanTheTerminal(columns: Int) {
    let text = grid(years: 1990...2024).rendered(columns: columns, style: plain, unicode: true)
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= columns })
    // Every year is there, once per block that holds it.
    #expect(text.filter { $0 == "■" || $0 == "·" }.count == 35)
  }

  @Test func aFailureShowsBeforeAllElseAndASplitYearAsAPercentage() {
    #expect(Grid.state(Grid.Cell(total: 3, completed: 1, failed: 1, running: 1)) == .failed)
    #expect(Grid.state(Grid.Cell(total: 3, completed: 1, running: 1)) == .running)
    #expect(Grid.state(Grid.Cell(total: 3, completed: 1, blocked: 2)) == .blocked)
    #expect(Grid.state(Grid.Cell(total: 3, completed: 1, blocked: 1)) == .ready)
    #expect(Grid.state(Grid.Cell(total: 2, completed: 1, cancelled: 1)) == .cancelled)
    #expect(Grid.state(Grid.Cell(skipped: 1)) == .skipped)
    #expect(Grid.state(Grid.Cell(total: 2, completed: 2, warned: 1)) == .warned)
    #expect(Grid.state(Grid.Cell(total: 2, completed: 1, failed: 1, warned: 1)) == .failed)
    let split = Grid([("d", 2020, Grid.Cell(total: 50, completed: 20))])
    #expect(split.rendered(columns: 80, style: plain, unicode: false).contains("40%"))
    // Without colour, too; alone where years have four columns.
    let failed = Grid((2000...2020).map { ("d", $0, Grid.Cell(total: 4, completed: 3, failed: 1)) })
    #expect(failed.rendered(columns: 120, style: plain, unicode: false).contains(" x75% x75%"))
    #expect(failed.rendered(columns: 40, style: plain, unicode: false).contains("   x   x   x"))
  }

  @Test func aYearOfWhichEverythingWasSkippedHasNoTasksAndIsShown() {
    let skipped = Grid([("d", 2019, Grid.Cell(skipped: 4)), ("d", 2020, Grid.Cell(total: 1, completed: 1))])
    #expect(skipped.rendered(columns: 80, style: plain, unicode: true).contains("=    ■"))
  }

  @Test func theLegendNamesOnlyWhatIsShown() {
    #expect(grid(years: 2009...2010).legend(style: plain, unicode: false) == "# published  . ready")
  }
}
