import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// An answer about something else than was asked is refused by name, and asked for anew.
@Suite("Answers about something else", .database)
struct AnswerTests {
  /// A document of the recordings that is served in another's place.
  struct Swap: Sendable, CustomTestStringConvertible {
    var dataset: String
    var year: Int
    var source: String
    var file: String
    var served: String
    var reason: String
    var regions: [String]?
    var testDescription: String { "\(dataset): \(served) for \(file)" }
  }

  private static let areas = "cew/data/api"
  private static let whole = "cew/data/files"
  private static let risk = "about/reports-and-data/openfema/nri/v1181"
  private static let tracker = "redfin_market_tracker"

  @Test(arguments: [
    Swap(
      dataset: "market_jobs", year: 2021, source: "bls_qcew", file: "\(areas)/2021/a/area/39117.csv",
      served: "\(areas)/2021/a/area/39041.csv",
      reason: "39117.csv is not what was asked for: area_fips should be 39117, and is 39041",
      regions: ["39117"]),
    Swap(
      dataset: "market_jobs", year: 2021, source: "bls_qcew", file: "\(areas)/2021/a/area/39049.csv",
      served: "\(areas)/2020/a/area/39049.csv",
      reason: "39049.csv is not what was asked for: year should be 2021, and is 2020",
      regions: ["39049"]),
    Swap(
      dataset: "market_jobs", year: 2021, source: "bls_qcew", file: "\(whole)/2021/csv/2021_annual_singlefile.zip",
      served: "\(whole)/2020/csv/2020_annual_singlefile.zip",
      reason: "2021_annual_singlefile.zip is not what was asked for: year should be 2021, and is 2020"),
    Swap(
      dataset: "hazard_risk", year: 2021, source: "fema_nri", file: "\(risk)/NRI_Table_CensusTracts.zip",
      served: "\(risk)/NRI_Table_Counties.zip", reason: "the file of CensusTracts was asked for, and it has counties"),
    Swap(
      dataset: "market_tracker", year: 2021, source: "redfin_data_center",
      file: "\(tracker)/state_market_tracker.tsv000.gz",
      served: "\(tracker)/us_national_market_tracker.tsv000.gz",
      reason: "region_type should match (?i)state, and is national"),
  ])
  func isRefusedUntilTheSourceIsRight(_ swap: Swap) async throws {
    let recordings = "/tmp/aker-recordings-\(UUID().uuidString)"
    let files = FileManager.default
    defer { try? files.removeItem(atPath: recordings) }
    try files.createDirectory(atPath: recordings, withIntermediateDirectories: true)
    for name in [swap.source, "census_codes"] {
      try files.copyItem(atPath: PackageRoot.recordings + "/" + name, toPath: recordings + "/" + name)
    }
    let folder = recordings + "/" + swap.source + "/"
    let right = files.contents(atPath: folder + swap.file)
    try #require(files.contents(atPath: folder + swap.served)).write(to: URL(filePath: folder + swap.file))
    try await Simulator.running(recordings: recordings) { simulator in
      let endpoints = [swap.source, "census_codes"].map { ($0, simulator.endpoint + "/" + $0) }
      try await Workshop.open(datasets: [swap.dataset], endpoints: Dictionary(uniqueKeysWithValues: endpoints)) {
        workshop, connection in
        try await workshop.enqueue(
          swap.dataset, swap.year...swap.year, asOf: "2026-09", regions: swap.regions, connection)
        try await workshop.work()
        let reasons = try await connection.query("SELECT reason FROM queue.task WHERE state = 'failed'")
          .map { try $0.decode("reason", as: String.self) }
        #expect(reasons.count == 1 && reasons[0].contains(swap.reason), "\(reasons)")
        // The source is right again, and what is cached is fresh still.
        if let right {
          try right.write(to: URL(filePath: folder + swap.file))
        } else {
          try files.removeItem(atPath: folder + swap.file)
        }
        _ = try await connection.query("SELECT queue.retry_backfill(backfill_id) FROM queue.backfill")
        try await workshop.work()
        let left = try await connection.query("SELECT reason FROM queue.task WHERE state <> 'completed'")
          .map { try $0.decode("reason", as: String?.self) ?? "" }
        #expect(left == [])
      }
    }
  }
}
