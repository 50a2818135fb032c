import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// A cell of the grid is two facts, and failed means failed now: by `aker status`, by its JSON and in SQL.
@Suite(.database)
struct CellTests {
  private struct Cell: Decodable {
    var data_year: Int
    var data: String
    var work: String?
    var data_sign: String
    var work_sign: String?
  }

  private func cells(_ shop: PriceShop) async throws -> [Int: [String]] {
    let result = try await shop.home.aker("status", "--json")
    let cells = try JSONDecoder().decode([Cell].self, from: Data(result.output.utf8))
    let text = try await shop.home.aker("status", environment: ["LANG": "C.UTF-8"]).output
    for cell in cells {
      #expect(text.contains(cell.data == "none" ? cell.work_sign ?? cell.data_sign : cell.data_sign), "\(text)")
    }
    return Dictionary(uniqueKeysWithValues: cells.map { ($0.data_year, [$0.data, $0.work ?? ""]) })
  }

  @Test func theDataAndTheLastWorkAreToldApart() async throws {
    try await PriceShop.open { shop in
      let month = "--as-of 2024-06"
      try shop.deliver(2020, "1")
      try shop.deliver(2021, "-1")
      try await shop.aker("backfill price --years 2020-2021 \(month) --workers 1", exits: 1)
      try await shop.aker("backfill price --years 2022 \(month) --detach")
      #expect(
        try await cells(shop) == [2020: ["published", ""], 2021: ["none", "failed"], 2022: ["none", "waiting"]])

      // Published, and the newer vintage failed.
      try shop.deliver(2020, "-1")
      try await shop.aker("pause --backfill 2")
      try await shop.aker("cache forget shop")
      try await shop.aker("backfill price --years 2020 --as-of 2024-07 --workers 1", exits: 1)
      #expect(
        try await cells(shop) == [
          2020: ["other vintage", "failed"], 2021: ["none", "failed"], 2022: ["none", "paused"],
        ])
      // What failed is mended: of which nobody speaks as failed any more.
      try shop.deliver(2020, "2")
      try shop.deliver(2021, "3")
      try await shop.aker("backfill price --years 2021 \(month) --workers 1")
      try await shop.aker("retry --task 4 --yes")
      try await shop.aker("cancel --backfill 2 --yes")
      try await shop.work()
      #expect(
        try await cells(shop) == [
          2020: ["published", ""], 2021: ["published", ""], 2022: ["none", "cancelled"],
        ])
      #expect(try await !shop.aker("status").contains("✗"))
      #expect(try await shop.texts("SELECT DISTINCT failed_count::text FROM queue.failures") == ["0"])
      let backfills = try await shop.home.aker("backfills", "--json").output
      #expect(!backfills.contains("finished_with_failures"), "\(backfills)")
      // Another definition makes all of it stale.
      try shop.define(factor: 2)
      try await shop.aker("catalog apply")
      #expect(try await cells(shop)[2020] == ["stale", ""])
    }
  }

  @Test func aCheckWithNothingToCompareIsNotPassed() async throws {
    try await PriceShop.open { shop in
      let file = shop.home.path + "/catalog/datasets/price/dataset.yml"
      let yaml = try shop.home.text("catalog/datasets/price/dataset.yml")
      try Data((yaml + "  - expect_row_count_to_be_close_to_previous_year: {within: 0.5}\n").utf8).write(
        to: URL(filePath: file))
      try shop.deliver(2020, "1")
      let run = try await shop.aker("run price --year 2020 --dry-run")
      #expect(run.contains("not compared") && run.contains("there is no year before"), "\(run)")
      try await shop.aker("backfill price --years 2020 --as-of 2024-06 --workers 1")
      let checks = try await shop.texts("SELECT task_id || ' ' || verdict FROM quality.task_check ORDER BY ordinal")
      // With those of the key, which every dataset has.
      #expect(checks == ["1 passed", "1 passed", "1 passed", "1 not compared"], "\(checks)")
    }
  }
}
