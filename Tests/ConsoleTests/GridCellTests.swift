import Console
import Testing

struct GridCellTests {
  /// A failure before all else, then what moves, then what waits.
  @Test(arguments: [
    (GridCell(total: 4, completed: 1, failed: 1, running: 1), GridCell.Fact.failed),
    (GridCell(total: 4, completed: 1, running: 1, paused: 2), .running),
    (GridCell(total: 4, completed: 1, paused: 3), .paused),
    (GridCell(total: 4, completed: 1, blocked: 3), .blocked),
    (GridCell(total: 4, completed: 1, blocked: 2), .waiting),
    (GridCell(total: 4, completed: 3, cancelled: 1), .cancelled),
    (GridCell(total: 4, completed: 4), .published),
    (GridCell(skipped: 2), .skipped),
  ])
  func aCellIsWhatStandsOutOfItsTasks(_ cell: GridCell, _ state: GridCell.Fact) {
    #expect(cell.state == state)
  }

  @Test func theDataIsToldBesideTheWork() {
    let failed = GridCell(total: 4, completed: 3, failed: 1)
    #expect(failed.data == .published && failed.work == .failed)
    #expect(GridCell(total: 4, completed: 4, warned: 1).data == .warned)
    #expect(GridCell(total: 1).data == .none && GridCell(total: 1, completed: 1).work == nil)
    var told = GridCell(total: 1, completed: 1)
    told.told = GridCell.Facts(data: .stale, work: .running)
    #expect(told.data == .stale && told.state == .running)
    #expect(Set(GridCell.Fact.allCases.map(\.sign)).count == GridCell.Fact.allCases.count)
  }

  @Test func cellsTogetherCountWhatEachCounts() {
    let one = GridCell(
      total: 7, completed: 1, failed: 1, cancelled: 1, running: 1, blocked: 1, paused: 1, skipped: 1)
    let both = one + one
    #expect(
      both
        == GridCell(
          total: 14, completed: 2, failed: 2, cancelled: 2, running: 2, blocked: 2, paused: 2, skipped: 2))
  }
}
