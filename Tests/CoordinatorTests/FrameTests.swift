import Base
@testable import Console
import Testing

@testable import Coordinator

struct FrameTests {
  private func snapshot(datasets: Int, failures: Int) -> Snapshot {
    var snapshot = Snapshot(title: "backfill 3: forty datasets, 2009-2023, as of 2024-06")
    for dataset in 0..<datasets {
      for year in 2009...2023 {
        snapshot.cells.append(("dataset_with_a_long_name_\(dataset)", year, GridCell(total: 1, completed: year % 2)))
      }
    }
    snapshot.counts = Snapshot.Counts(
      total: datasets * 15 + failures, completed: datasets * 8, failed: failures, running: 4, waiting: 3)
    snapshot.workers = (0..<8).map {
      .init(
        name: "worker-\($0)@host-a", slots: 2, busy: 1,
        tasks: [.init(partition: "dataset_\($0) 2012", seconds: 42, attempt: 2)])
    }
    snapshot.failureGroups = (0..<failures).map {
      .init(
        dataset: "dataset_\($0)", firstYear: 2011, lastYear: 2011, count: 1, errorClass: .data,
        reason: String(repeating: "a very long reason ", count: 20), taskID: Int64($0), region: "", isFinal: true)
    }
    snapshot.sources = [.init(id: "census_acs5", running: 4, note: "cooling down for 30 s: 429")]
    return snapshot
  }

  @Test(arguments: [(80, 24), (160, 50), (40, 10)], [1, 40])
  func aFrameNeverOverflowsTheTerminal(size: (Int, Int), datasets: Int) {
    let frame = Frame(
      snapshot: snapshot(datasets: datasets, failures: 12), columns: size.0, rows: size.1,
      style: Style(showsColor: false), unicode: true)
    let lines = frame.rendered().split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count <= size.1)
    #expect(lines.allSatisfy { $0.count <= size.0 })
  }

  @Test func failuresAreShownEvenBesideFortyDatasets() {
    let frame = Frame(
      snapshot: snapshot(datasets: 40, failures: 2), columns: 80, rows: 24, style: Style(showsColor: false),
      unicode: true)
    let text = frame.rendered()
    #expect(text.contains("0  dataset_0 2011  data: a very long"))
    #expect(text.contains("cooling down"))
    #expect(text.contains("workers   worker-0@host-a  1/2  dataset_0 2012 42 s (attempt 2)"))
    #expect(text.contains("more datasets"))
  }

  @Test func aGridThatMustBeCutKeepsWhatFailed() {
    var snapshot = snapshot(datasets: 40, failures: 0)
    snapshot.cells = snapshot.cells.map { ($0.dataset, $0.year, GridCell(total: 1, completed: 1)) }
    snapshot.cells.append(("zoning", 2012, GridCell(total: 1, failed: 1)))
    let frame = Frame(snapshot: snapshot, columns: 80, rows: 24, style: Style(showsColor: false), unicode: true)
    let lines = frame.rendered().split(separator: "\n").map(String.init)
    #expect(lines.contains { $0.hasPrefix("zoning") && $0.contains("✗") })
    // The others in one row: all done, in each year.
    let others = lines.filter { $0.contains("more datasets") }.joined()
    #expect(others.filter { $0 == "■" }.count == 15, "\(others)")
    #expect(lines.contains { $0.contains("■ published") && $0.contains("✗ failed") })
  }

  @Test func theRowOfAllOthersCountsThemTogether() throws {
    var snapshot = Snapshot(title: "backfill 3")
    for dataset in 0..<40 {
      snapshot.cells.append(("dataset_\(dataset)", 2012, GridCell(total: 1, completed: dataset % 2)))
      snapshot.cells.append(("dataset_\(dataset)", 2013, GridCell(total: 1, blocked: 1)))
    }
    let text = Frame(snapshot: snapshot, columns: 80, rows: 12, style: Style(showsColor: false), unicode: false)
      .rendered()
    let others = try #require(text.split(separator: "\n").first { $0.contains("more datasets") })
    #expect(others.contains("... ") && others.contains("%") && others.hasSuffix("~"), "\(text)")
  }

  @Test func aFinishedBarIsFull() {
    var snapshot = Snapshot(title: "backfill 1")
    snapshot.isFinished = true
    snapshot.counts = Snapshot.Counts(total: 39, completed: 31, failed: 8)
    let frame = Frame(snapshot: snapshot, columns: 80, rows: 24, style: Style(showsColor: false), unicode: true)
    #expect(frame.rendered().split(separator: "\n")[1].wholeMatch(of: /█{60} 100% of 39/) != nil, "\(frame.rendered())")
  }

  @Test func ratesAreThoseOfTheLastSeconds() {
    var meter = RateMeter()
    let start = ContinuousClock.now
    var rates: [Double?] = []
    for second in 0...20 {
      // Ten a second, and none from the tenth second on.
      var sources = [Snapshot.Source(id: "a", running: 1, granted: Int64(min(second, 10) * 10))]
      meter.measure(&sources, at: start + .seconds(second))
      rates.append(sources[0].rate)
    }
    #expect(rates[0] == nil && rates[9] == 10 && rates[20] == 0, "\(rates)")
  }

  @Test(arguments: [(5, "5 s"), (99, "99 s"), (150, "3 min"), (7500, "2 h 05 min")])
  func durationsAreReadable(seconds: Int, text: String) {
    #expect(readableDuration(seconds) == text)
  }
}
