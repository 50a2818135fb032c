import Testing

@testable import Coordinator

struct FrameTests {
  private func snapshot(datasets: Int, failures: Int) -> Snapshot {
    var snapshot = Snapshot(title: "backfill 3: forty datasets, 2009-2023, as of 2024-06")
    for dataset in 0..<datasets {
      for year in 2009...2023 {
        snapshot.cells.append(("dataset_with_a_long_name_\(dataset)", year, Grid.Cell(total: 1, completed: year % 2)))
      }
    }
    snapshot.counts = Snapshot.Counts(
      total: datasets * 15 + failures, completed: datasets * 8, failed: failures, running: 4, waiting: 3)
    snapshot.running = (0..<8).map {
      .init(partition: "dataset_\($0) 2012", worker: "host-a/\($0)", seconds: 42, attempt: 2)
    }
    snapshot.failures = (0..<failures).map {
      .init(
        taskID: Int64($0), partition: "dataset_\($0) 2011", errorClass: "data",
        reason: String(repeating: "a very long reason ", count: 20), isFinal: true)
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
    #expect(text.contains("dataset_0 2011  data: a very long"))
    #expect(text.contains("cooling down"))
    #expect(text.contains("running"))
  }

  @Test(arguments: [(5, "5 s"), (99, "99 s"), (150, "3 min"), (7500, "2 h 05 min")])
  func durationsAreReadable(seconds: Int, text: String) {
    #expect(Frame.duration(seconds) == text)
  }
}
