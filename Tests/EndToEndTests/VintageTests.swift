import FoundationEssentials
import Glibc
import Postgres
import Testing
import TestSupport

/// Vintages: none of the future by a slip, none called published that nobody sees, and each can be taken back.
@Suite(.database)
struct VintageTests {
  @Test func aVintageOfTheFutureIsRefusedEverywhere() async throws {
    try await PriceShop.open { shop in
      try shop.deliver(2020, "1")
      for command in [
        "plan price --years 2020", "backfill price --years 2020 --detach", "run price --year 2020",
      ] {
        let said = try await shop.aker("\(command) --as-of 2062-11", exits: 64)
        #expect(said.contains("2062-11") && said.contains("--allow-future-vintage"), "\(command): \(said)")
      }
      await #expect(throws: PostgresError.self) {
        _ = try await shop.texts("SELECT * FROM queue.enqueue_backfill('{price}', '{2020}', '2062-11')")
      }
      #expect(try await shop.texts("SELECT backfill_id::text FROM queue.backfill").isEmpty)
      try await shop.aker("run price --year 2020 --as-of 2062-11 --allow-future-vintage")
      #expect(try await shop.shown(2020) == "1 as of 2062-11")
    }
  }

  /// In both orders: the older vintage after the newer one, and the newer after the older.
  @Test func anOlderVintageIsKeptAndNotCalledPublished() async throws {
    try await PriceShop.open { shop in
      try shop.deliver(2020, "2")
      try await shop.aker("run price --year 2020 --as-of 2024-06")
      try shop.deliver(2020, "1")
      let run = try await shop.aker("run price --year 2020 --as-of 2024-05")
      #expect(run.contains("kept in the lake: the warehouse shows 2024-06"), "\(run)")
      #expect(!run.contains("published:"), "\(run)")
      #expect(try await shop.shown(2020) == "2 as of 2024-06")

      try shop.deliver(2020, "0.5")
      let backfill = try await shop.aker("backfill price --years 2020 --as-of 2024-04 --workers 1")
      #expect(backfill.contains("kept in the lake") && !backfill.contains("1 published"), "\(backfill)")
      // Its cell is not one of what is published, in the watch and in the grid of that backfill.
      let watched = try await shop.aker("watch 3 --json")
      #expect(watched.contains(#""data":"other vintage""#) && watched.contains(#""kept":1,"#), "\(watched)")
      #expect(!watched.contains(#""published":1"#), "\(watched)")
      #expect(
        try await shop.texts("SELECT data FROM queue.backfill_cell ORDER BY backfill_id")
          == ["published", "other vintage", "other vintage"])
      let plan = try await shop.aker("plan price --years 2020 --as-of 2024-05")
      #expect(plan.contains("the warehouse shows 2024-06") && !plan.contains("already published"), "\(plan)")
      let story = try await shop.aker("task 2")
      #expect(story.contains("kept in the lake: the warehouse shows 2024-06"), "\(story)")
      let history = try await shop.aker("lake history price 2020")
      #expect(!history.contains("lake_only"), "\(history)")
    }
  }

  @Test func aVintageIsTakenBackAndTheOneBeforeIsShownAgain() async throws {
    try await PriceShop.open { shop in
      try shop.deliver(2020, "2")
      try await shop.aker("run price --year 2020 --as-of 2024-05")
      try shop.deliver(2020, "3")
      try await shop.aker("run price --year 2020 --as-of 2062-11 --allow-future-vintage")
      // A correction that nobody sees, until the slip is taken back.
      try shop.deliver(2020, "4")
      try await shop.aker("run price --year 2020 --as-of 2024-06")
      #expect(try await shop.shown(2020) == "3 as of 2062-11")

      let said = try await shop.aker("lake withdraw price 2020 --as-of 2062-11 --yes")
      #expect(said.contains("the warehouse shows 2024-06"), "\(said)")
      #expect(try await shop.shown(2020) == "4 as of 2024-06")
      #expect(
        !FileManager.default.fileExists(
          atPath: shop.home.path + "/cache/data_lake/price/as_of=2062-11/data_year=2020/price.parquet"))
      let history = try await shop.aker("lake history price 2020")
      #expect(history.contains("withdrawn"), "\(history)")
      let again = try await shop.aker("lake withdraw price 2020 --as-of 2062-11 --yes", exits: 64)
      #expect(again.contains("no vintage 2062-11"), "\(again)")

      // An older one that is not shown goes without a change to what is; the last of all leaves nothing.
      try await shop.aker("lake withdraw price 2020 --as-of 2024-05 --yes")
      #expect(try await shop.shown(2020) == "4 as of 2024-06")
      let last = try await shop.aker("lake withdraw price 2020 --as-of 2024-06 --yes")
      #expect(last.contains("shows nothing"), "\(last)")
      #expect(try await shop.shown(2020) == nil)
      let repair = try await shop.aker("lake repair --verify")
      #expect(repair.contains("nothing to repair"), "\(repair)")
      // And it can be published anew.
      try await shop.aker("backfill price --years 2020 --as-of 2024-06 --workers 1")
      #expect(try await shop.shown(2020) == "4 as of 2024-06")
    }
  }

  @Test func aWithdrawalHoldsNothingWhileItsRowsCome() async throws {
    try await PriceShop.open { shop in
      try shop.deliver(2020, "4")
      try await shop.aker("run price --year 2020 --as-of 2024-05")
      try shop.deliver(2020, "3")
      try await shop.aker("run price --year 2020 --as-of 2024-06")
      let slow = try await Program.start(
        Executable.aker, ["lake", "withdraw", "price", "2020", "--as-of", "2024-06", "--yes"],
        // Suspended, it keeps what it took of the host's memory: the only one at this moment, it would take all of it.
        environment: shop.home.environment.merging(["AKER_SUSPEND_AT": "loading", "AKER_HOST_MEMORY": "512MiB"]) { $1 })
      do {
        try await eventually(within: .seconds(60), "it hangs in the middle of its rows") {
          try await !shop.texts(
            """
            SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY warehouse%'
              AND state = 'active' AND wait_event = 'ClientRead'
            """
          ).isEmpty
        }
        #expect(try await shop.texts("SELECT dataset FROM warehouse.partition FOR UPDATE NOWAIT") == ["price"])
        // Somebody publishes the vintage before meanwhile: those rows are no longer the ones to show.
        try shop.deliver(2020, "5")
        try await shop.aker("run price --year 2020 --as-of 2024-05")
      } catch {
        slow.send(SIGKILL)
        throw error
      }
      slow.send(SIGCONT)
      let result = try await slow.wait()
      #expect(result.exitCode == 75 && result.errorOutput.contains("changed by somebody else"), "\(result)")
      #expect(try await shop.shown(2020) == "3 as of 2024-06")
      try await shop.aker("lake withdraw price 2020 --as-of 2024-06 --yes")
      #expect(try await shop.shown(2020) == "5 as of 2024-05")
      #expect(try await shop.texts("SELECT table_name FROM warehouse.staging") == [])
    }
  }

  @Test func whatATaskBuildsIsNotTakenBackBeneathIt() async throws {
    try await PriceShop.open { shop in
      try shop.deliver(2020, "2")
      try await shop.aker("run price --year 2020 --as-of 2024-05")
      try await shop.aker("backfill price --years 2020 --as-of 2024-05 --force --detach")
      let said = try await shop.aker("lake withdraw price 2020 --as-of 2024-05 --yes", exits: 75)
      #expect(said.contains("builds it again") && said.contains("aker cancel --task 2"), "\(said)")
      try await shop.aker("cancel --task 2 --yes")
      try await shop.aker("lake withdraw price 2020 --as-of 2024-05 --yes")
    }
  }
}
