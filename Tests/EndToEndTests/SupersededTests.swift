import FoundationEssentials
import Postgres
import Testing
import TestSupport

/// No act puts back what was superseded, be it a definition or a publication, unless it is asked for by its name.
@Suite(.database)
struct SupersededTests {
  private static let month = "2024-06"
  private static let vintage = "--as-of 2024-06"

  /// The first definition is wrong, and its document is late: the task fails.
  private func fail(_ shop: PriceShop, _ more: String = "") async throws {
    try await shop.aker("backfill price --years 2020 \(Self.vintage) --workers 1 \(more)", exits: 1)
  }

  private func hash(_ shop: PriceShop) async throws -> String {
    try await shop.texts("SELECT definition_hash FROM catalog.dataset WHERE name = 'price'")[0]
  }

  @Test func whatWasPublishedSinceIsLeftAlone() async throws {
    try await PriceShop.open { shop in
      try await fail(shop)
      let old = try await hash(shop)
      try shop.define(factor: 2)
      try shop.deliver(2020, "69.97")
      try await shop.aker("backfill price --years 2020 \(Self.vintage) --workers 1")
      #expect(try await shop.shown(2020) == "139.94 as of 2024-06")

      for target in ["--backfill 1", "--dataset price", "--source shop"] {
        let said = try await shop.aker("retry \(target) --yes")
        #expect(said.contains("0 tasks will run again"), "\(target): \(said)")
        // Of a dataset or a source it is not even looked at: a later backfill has the partition.
        if target.contains("backfill") {
          #expect(said.contains("1 failed task left alone") && said.contains("published since"), "\(said)")
        }
      }
      // It is no longer failed, for whoever looks.
      #expect(try await shop.aker("tasks --state failed").contains("no task matches"))
      #expect(try await shop.aker("tasks --state failed --all").contains("price 2020"))
      let one = try await shop.aker("retry --task 1 --yes", exits: 64)
      #expect(one.contains("was published since") && one.contains("--definition"), "\(one)")
      try await shop.work()
      #expect(try await shop.shown(2020) == "139.94 as of 2024-06")
      // In SQL, too.
      await #expect(throws: PostgresError.self) { _ = try await shop.texts("SELECT queue.retry_task(1)::text") }
      #expect(try await shop.texts("SELECT queue.retry_backfill(1)::text") == ["0"])

      // By its name, it is done.
      let named = try await shop.aker("retry --task 1 --definition \(old.prefix(12)) --yes")
      #expect(named.contains("1 task will run again") && named.contains(String(old.prefix(12))), "\(named)")
      try await shop.work()
      #expect(try await shop.shown(2020) == "69.97 as of 2024-06")
      #expect(
        try await shop.texts("SELECT definition_hash FROM queue.attempt WHERE task_id = 1 ORDER BY attempt_id DESC")[0]
          == old)
    }
  }

  @Test func aRetryTakesTheAppliedDefinitionAndItsAttemptSaysSo() async throws {
    try await PriceShop.open { shop in
      try await fail(shop)
      let old = try await hash(shop)
      try shop.define(factor: 2)
      try shop.deliver(2020, "69.97")
      let said = try await shop.aker("retry --backfill 1 --yes")
      #expect(said.contains("1 task will run again"), "\(said)")
      // The definition that is in the catalog's folder, which nobody has applied by hand.
      #expect(said.contains("by the definition of now"), "\(said)")
      let new = try await hash(shop)
      #expect(new != old)
      try await shop.work()
      #expect(try await shop.shown(2020) == "139.94 as of 2024-06")
      let attempts = try await shop.texts(
        "SELECT definition_hash FROM queue.attempt WHERE task_id = 1 ORDER BY attempt_id")
      #expect(attempts == [old, new])
      #expect(try await shop.texts("SELECT definition_hash FROM lineage.publication") == [new])
      let story = try await shop.aker("task 1")
      #expect(story.contains("definition \(new.prefix(12))"), "\(story)")
    }
  }

  @Test func withTwoBackfillsOpenEachPartitionIsBuiltOnceAndByTheNewerDefinition() async throws {
    try await PriceShop.open { shop in
      try await fail(shop, "--key first")
      // The first one is opened again by another year, which is held back.
      try await shop.aker("backfill price --years 2021 \(Self.vintage) --key first --detach")
      try await shop.aker("pause --backfill 1")
      try shop.define(factor: 2)
      try shop.deliver(2020, "69.97")
      try await shop.aker("backfill price --years 2020 \(Self.vintage) --key second --detach")
      let both = try await shop.texts("SELECT count(*)::text FROM queue.backfill WHERE finished_at IS NULL")
      #expect(both == ["2"])
      let said = try await shop.aker("retry --backfill 1 --yes")
      #expect(said.contains("0 tasks will run again") && said.contains("already builds it"), "\(said)")
      try await shop.work()
      #expect(try await shop.shown(2020) == "139.94 as of 2024-06")
      let again = try await shop.aker("retry --backfill 1 --yes")
      #expect(again.contains("0 tasks will run again") && again.contains("published since"), "\(again)")

      // What is added under the first key after the change is built by the definition of now.
      try shop.deliver(2022, "1.5")
      try await shop.aker("backfill price --years 2022 \(Self.vintage) --key first --detach")
      try await shop.aker("resume --backfill 1")
      try await shop.work()
      #expect(try await shop.shown(2022) == "3 as of 2024-06")
      #expect(try await shop.shown(2020) == "139.94 as of 2024-06")
    }
  }

  @Test func whatWaitsIsBuiltByWhatIsAppliedMeanwhile() async throws {
    try await PriceShop.open { shop in
      try shop.deliver(2020, "69.97")
      try await shop.aker("backfill price --years 2020 \(Self.vintage) --detach")
      try shop.define(factor: 2)
      let said = try await shop.aker("catalog apply")
      #expect(said.contains("1 waiting task of price will be built by it"), "\(said)")
      try await shop.work()
      #expect(try await shop.shown(2020) == "139.94 as of 2024-06")
      #expect(try await shop.texts("SELECT definition_hash FROM lineage.publication") == [try await hash(shop)])
      #expect(try await !shop.aker("catalog apply").contains("note:"))
    }
  }

  @Test func aFailedCheckIsMendedByFollowingTheAdvice() async throws {
    try await PriceShop.open { shop in
      try shop.define(factor: -1)
      try shop.deliver(2020, "69.97")
      try await fail(shop)
      let story = try await shop.aker("task 1")
      // What it found, against what was expected, and the rows.
      #expect(story.contains("-69.97") && story.contains("tea"), "\(story)")
      #expect(story.contains("retry it: aker retry --task 1"), "\(story)")
      // As it says: correct the transform, then retry the task.
      try shop.define(factor: 2)
      try await shop.aker("catalog check price")
      try await shop.aker("retry --task 1 --yes")
      try await shop.work()
      #expect(try await shop.shown(2020) == "139.94 as of 2024-06")
    }
  }
}
