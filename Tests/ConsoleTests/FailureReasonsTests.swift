import Base
import Queue
import Testing

@testable import Console

struct FailureReasonsTests {
  private func task(
    _ id: Int64, _ reason: String, state: TaskState = .failed, backfill: Int64 = 3, dataset: String = "market_jobs"
  ) -> TaskLine {
    TaskLine(
      task_id: id, backfill_id: backfill, dataset: dataset, data_year: 2021, region: "", as_of: "2024-06", state: state,
      attempts: 1, error_class: .permanent, reason: reason, warnings: 0)
  }

  @Test func reasonsThatDifferInTheirNumbersAreOneAndTheMostFrequentComesFirst() {
    let reasons = FailureReasons([
      task(1, "the disk is full"), task(2, "404 for area 39041"), task(3, "404 for area 39049"),
      task(4, "published", state: .completed),
    ])
    #expect(reasons.groups.map(\.count) == [2, 1])
    #expect(reasons.groups.map(\.task) == [2, 1])
    #expect(reasons.groups.first?.reason == "404 for area 39041")
    #expect(reasons.backfill == 3)
  }

  @Test func sameReasonsOfTwoDatasetsAreTwoAndOfTwoBackfillsNoneIsNamed() {
    let reasons = FailureReasons([
      task(1, "404", dataset: "price_index"), task(2, "404", backfill: 4),
    ])
    #expect(reasons.groups.count == 2)
    #expect(reasons.backfill == nil)
  }

  @Test func nothingFailedIsNothingToTell() {
    let reasons = FailureReasons([task(1, "", state: .running)])
    #expect(reasons.groups.isEmpty && reasons.backfill == nil)
  }
}
