import FoundationEssentials
import Testing
import TestSupport

/// A partition that is published with warnings does not look like one without, wherever somebody looks.
@Suite(.database)
struct WarningTests {
  private static let warning = "expect_column_values_to_be_between (price)"

  @Test func warningsAreShownAtTheEndOfABackfillAndInEveryList() async throws {
    try await PriceShop.open { shop in
      try shop.define(factor: 1, least: 50, doubts: true)
      try shop.deliver(2020, "69.97")
      try shop.deliver(2021, "6.97")
      let backfill = try await shop.aker("backfill price --years 2020-2021 --as-of 2024-06 --workers 1")
      #expect(backfill.contains("price 2021  \(Self.warning)"), "\(backfill)")
      #expect(backfill.contains("published with warnings") && !backfill.contains("price 2020"), "\(backfill)")

      let status = try await shop.aker("status")
      #expect(status.contains("published with warnings"), "\(status)")
      #expect(status.contains("1 partition") && status.contains("aker warnings"), "\(status)")
      let list = try await shop.aker("warnings price")
      #expect(list.contains("price 2021") && list.contains(Self.warning) && !list.contains("2020"), "\(list)")
      #expect(try await shop.aker("warnings --year 2020").contains("nothing is published with a warning"))
      let tasks = try await shop.aker("tasks --warned")
      #expect(tasks.contains("price 2021") && tasks.contains("published with 1 warning"), "\(tasks)")
      #expect(!tasks.contains("price 2020"), "\(tasks)")
      let watch = try await shop.aker("watch 1 --json")
      #expect(watch.contains(#""warned":1"#) && watch.contains(#""warnings":[{"#), "\(watch)")
      #expect(
        try await shop.texts("SELECT data_year || ' ' || warned FROM quality.warned_cell WHERE dataset = 'price'")
          == ["2021 1"])
    }
  }

  @Test func theMarkGoesWithACorrectionAndComesBackWithTheOldVintage() async throws {
    try await PriceShop.open { shop in
      try shop.define(factor: 1, least: 50, doubts: true)
      try shop.deliver(2021, "6.97")
      let cells = "SELECT data_year || ' ' || warned FROM quality.warned_cell WHERE dataset = 'price'"
      try await shop.aker("backfill price --years 2021 --as-of 2024-06 --workers 1")
      #expect(try await shop.texts(cells) == ["2021 1"])
      // Corrected within the vintage.
      try shop.deliver(2021, "69.97")
      try await shop.aker("backfill price --years 2021 --as-of 2024-06 --workers 1 --force")
      #expect(try await shop.texts(cells).isEmpty)
      // A newer vintage is wrong again, and taken back.
      try shop.deliver(2021, "6.97")
      try await shop.aker("backfill price --years 2021 --as-of 2024-07 --workers 1")
      #expect(try await shop.texts(cells) == ["2021 1"])
      try await shop.aker("lake withdraw price 2021 --as-of 2024-07 --yes")
      #expect(try await shop.texts(cells).isEmpty)
    }
  }
}
