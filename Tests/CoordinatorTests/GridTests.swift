@testable import Console
import Testing

@testable import Coordinator

struct GridTests {
  private let plain = Style(showsColor: false)

  private func grid(years: ClosedRange<Int>) -> Grid {
    Grid(years.map { ("market_income", $0, GridCell(total: 1, completed: $0 % 2)) })
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
    #expect(GridCell(total: 3, completed: 1, failed: 1, running: 1).state == .failed)
    #expect(GridCell(total: 3, completed: 1, running: 1).state == .running)
    #expect(GridCell(total: 3, completed: 1, blocked: 2).state == .blocked)
    #expect(GridCell(total: 3, completed: 1, blocked: 1).state == .waiting)
    #expect(GridCell(total: 2, completed: 1, cancelled: 1).state == .cancelled)
    #expect(GridCell(skipped: 1).state == .skipped)
    #expect(GridCell(total: 2, completed: 2, warned: 1).state == .warned)
    #expect(GridCell(total: 2, completed: 1, failed: 1, warned: 1).state == .failed)
    let split = Grid([("d", 2020, GridCell(total: 50, completed: 20))])
    #expect(split.rendered(columns: 80, style: plain, unicode: false).contains("40%"))
    // Without colour, too; alone where years have four columns.
    let failed = Grid((2000...2020).map { ("d", $0, GridCell(total: 4, completed: 3, failed: 1)) })
    #expect(failed.rendered(columns: 120, style: plain, unicode: false).contains(" 75%x 75%x"))
    #expect(failed.rendered(columns: 40, style: plain, unicode: false).contains("   x   x   x"))
  }

  @Test func whatIsPublishedShowsBesideWhatFailed() {
    var cell = GridCell(total: 1, completed: 0, failed: 1)
    cell.told = GridCell.Facts(data: .other, work: .failed)
    let grid = Grid([("d", 2020, cell)])
    #expect(grid.rendered(columns: 80, style: plain, unicode: true).contains("   ◇✗"))
    #expect(grid.legend(style: plain, unicode: true) == "◇ other vintage  ✗ failed")
    #expect(Set(GridCell.Fact.allCases.map(\.plainSign)).count == GridCell.Fact.allCases.count)
  }

  @Test func aYearOfWhichEverythingWasSkippedHasNoTasksAndIsShown() {
    let skipped = Grid([("d", 2019, GridCell(skipped: 4)), ("d", 2020, GridCell(total: 1, completed: 1))])
    #expect(skipped.rendered(columns: 80, style: plain, unicode: true).contains("=    ■"))
  }

  @Test func theLegendNamesOnlyWhatIsShown() {
    #expect(grid(years: 2009...2010).legend(style: plain, unicode: false) == "# published  . waiting")
  }
}
