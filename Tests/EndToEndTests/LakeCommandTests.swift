import FoundationEssentials
import Postgres
import Testing
import TestSupport

/// What was published is restored to the byte, and a lake is known by what it is rather than where.
@Suite(.database)
struct LakeCommandTests {
  private func hash(_ shop: PriceShop, _ publication: Int) async throws -> String {
    try await shop.texts("SELECT output_sha256 FROM lineage.publication WHERE publication_id = \(publication)")[0]
  }

  @Test func aRollbackRestoresWhatThatPublicationPublished() async throws {
    try await PriceShop.open { shop in
      try shop.deliver(2020, "69.97")
      try await shop.aker("run price --year 2020 --as-of 2024-06")
      try shop.define(factor: 2)
      try await shop.aker("run price --year 2020 --as-of 2024-06")
      #expect(try await shop.shown(2020) == "139.94 as of 2024-06")

      // The file of 1 was replaced: rebuilt by the definition of then, and compared.
      let said = try await shop.aker("lake rollback price 2020 --to 1 --yes")
      #expect(said.contains("exactly what publication 1 published"), "\(said)")
      #expect(try await shop.shown(2020) == "69.97 as of 2024-06")
      #expect(try await hash(shop, 3) == hash(shop, 1))
      #expect(
        try await shop.texts("SELECT DISTINCT definition_hash FROM lineage.publication WHERE publication_id IN (1, 3)")
          .count == 1)

      // The other thing, by its name.
      let now = try await shop.aker("lake rollback price 2020 --to 1 --with-current-definition --yes")
      #expect(now.contains("by the definition that is applied now"), "\(now)")
      #expect(try await shop.shown(2020) == "139.94 as of 2024-06")

      let history = try await shop.aker("lake history price 2020")
      let hashes = try await shop.texts("SELECT DISTINCT left(definition_hash, 12) FROM lineage.publication")
      #expect(hashes.count == 2 && hashes.allSatisfy(history.contains), "\(history)")
    }
  }

  @Test func aFileThatIsKeptIsRestoredWithoutItsDocuments() async throws {
    try await PriceShop.open { shop in
      try shop.deliver(2020, "69.97")
      try await shop.aker("run price --year 2020 --as-of 2024-05")
      try shop.define(factor: 2)
      try await shop.aker("run price --year 2020 --as-of 2024-06")
      try FileManager.default.removeItem(atPath: shop.home.path + "/cache/raw/objects")
      let said = try await shop.aker("lake rollback price 2020 --to 1 --yes")
      #expect(said.contains("its file in the lake"), "\(said)")
      #expect(try await shop.shown(2020) == "69.97 as of 2024-06")
      // What is neither kept nor can be made again is refused, and nothing changes.
      let refused = try await shop.aker("lake rollback price 2020 --to 2 --yes", exits: 1)
      #expect(refused.contains("raw cache"), "\(refused)")
      #expect(try await shop.shown(2020) == "69.97 as of 2024-06")
    }
  }

  @Test func whatIsLostIsEnqueuedToBeBuiltAgain() async throws {
    try await PriceShop.open { shop in
      for year in 2020...2022 { try shop.deliver(year, "\(year)") }
      try await shop.aker("backfill price --years 2020-2022 --as-of 2024-05 --workers 1")
      try await shop.aker("run price --year 2020 --as-of 2024-06")
      let files = ["as_of=2024-05/data_year=2020", "as_of=2024-05/data_year=2022", "as_of=2024-06/data_year=2020"].map {
        "\(shop.home.path)/cache/data_lake/price/\($0)/price.parquet"
      }
      for file in files { try FileManager.default.removeItem(atPath: file) }
      let told = try await shop.aker("lake repair", exits: 1)
      #expect(told.contains("3 published files are lost") && told.contains("aker lake repair --rebuild"), "\(told)")
      try await shop.aker("lake repair --report --rebuild", exits: 64)
      // One backfill for each vintage, and not a year that is there.
      let rebuilt = try await shop.aker("lake repair --rebuild")
      #expect(rebuilt.contains("enqueued 3 tasks (backfill 3, 4)"), "\(rebuilt)")
      let again = try await shop.aker("lake repair --rebuild")
      #expect(!again.contains("enqueued") && again.contains("builds it again"), "\(again)")
      try await shop.work()
      #expect(files.allSatisfy(FileManager.default.fileExists(atPath:)))
      let clean = try await shop.aker("lake repair --verify")
      #expect(clean.contains("nothing to repair"), "\(clean)")
      #expect(try await shop.shown(2020) == "2020 as of 2024-06")
    }
  }

  @Test func aWorkerWithAnotherLakeIsRefusedBeforeItWritesThere() async throws {
    try await PriceShop.open { shop in
      try shop.deliver(2020, "1")
      try await shop.aker("run price --year 2020 --as-of 2024-06")
      try await shop.aker("backfill price --years 2021 --as-of 2024-06 --detach")
      var elsewhere = shop.home.environment
      elsewhere["AKER_CACHE_PATH"] = shop.home.path + "/other"
      let worker = try await Program.run(Executable.worker, ["--until-empty"], environment: elsewhere)
      #expect(worker.exitCode == 78, "\(worker)")
      #expect(worker.errorOutput.contains("is not the database's lake, which is \(shop.home.path)/cache/data_lake"))
      for command in ["run price --year 2020", "lake repair --verify --remove-orphans", "validate price"] {
        let refused = try await Program.run(
          Executable.aker, command.split(separator: " ").map(String.init), environment: elsewhere)
        #expect(refused.exitCode == 78 && refused.errorOutput.contains("AKER_CACHE_PATH"), "\(command): \(refused)")
      }
      let doctor = try await Program.run(Executable.aker, ["doctor"], environment: elsewhere)
      #expect(doctor.exitCode == 1 && doctor.output.contains("is not the database's lake"), "\(doctor)")
      #expect(!FileManager.default.fileExists(atPath: shop.home.path + "/other/data_lake/price"))
    }
  }

  @Test func aFolderThatWasMovedIsTheSameLakeAndACopyIsNot() async throws {
    try await PriceShop.open { shop in
      let files = FileManager.default
      try shop.deliver(2020, "1")
      try await shop.aker("run price --year 2020 --as-of 2024-06")
      let (cache, copy) = (shop.home.path + "/cache", shop.home.path + "/copy")
      try files.copyItem(atPath: cache, toPath: copy)
      try await shop.aker("run price --year 2020 --as-of 2024-07")
      func at(_ path: String, _ line: String) async throws -> Program.Result {
        var environment = shop.home.environment
        environment["AKER_CACHE_PATH"] = path
        return try await Program.run(
          Executable.aker, line.split(separator: " ").map(String.init), environment: environment)
      }
      let refused = try await at(copy, "lake repair --verify")
      #expect(refused.exitCode == 78 && refused.errorOutput.contains("is a copy"), "\(refused)")
      try files.moveItem(atPath: cache, toPath: shop.home.path + "/moved")
      let moved = try await at(shop.home.path + "/moved", "lake repair --verify")
      #expect(moved.exitCode == 0 && moved.output.contains("nothing to repair"), "\(moved)")
      // What lost its mark is asked about, and adopted with what is missing said.
      try files.removeItem(atPath: shop.home.path + "/moved/data_lake/.aker-lake")
      let lost = try await at(shop.home.path + "/moved", "lake repair --verify")
      #expect(lost.exitCode == 78 && lost.errorOutput.contains("aker lake adopt"), "\(lost)")
      let adopted = try await at(shop.home.path + "/moved", "lake adopt --yes")
      #expect(adopted.exitCode == 0 && adopted.output.contains("2 of 2 published files"), "\(adopted)")
      let after = try await at(shop.home.path + "/moved", "lake repair --verify")
      #expect(after.exitCode == 0, "\(after)")
      let old = try await at(copy, "lake repair")
      #expect(old.exitCode == 78, "\(old)")
    }
  }

  @Test func aLakeIsMovedWithAllItsFilesAndTheOldOneIsNoLongerIt() async throws {
    try await PriceShop.open { shop in
      try shop.deliver(2020, "1")
      try await shop.aker("run price --year 2020 --as-of 2024-06")
      let said = try await shop.aker("lake move \(shop.home.path)/new --yes")
      #expect(said.contains("AKER_CACHE_PATH=\(shop.home.path)/new"), "\(said)")
      let old = try await shop.aker("lake repair", exits: 78)
      #expect(old.contains("moved"), "\(old)")
      var environment = shop.home.environment
      environment["AKER_CACHE_PATH"] = shop.home.path + "/new"
      let repair = try await Program.run(Executable.aker, ["lake", "repair", "--verify"], environment: environment)
      #expect(repair.exitCode == 0 && repair.output.contains("nothing to repair"), "\(repair)")
      #expect(
        FileManager.default.fileExists(
          atPath: shop.home.path + "/new/data_lake/price/as_of=2024-06/data_year=2020/_validation/validation.html"))
    }
  }

  @Test func whatIsLostIsReportedWithTheCommandThatBuildsItAgainAndWithoutAChange() async throws {
    struct Report: Decodable {
      struct File: Decodable {
        var path: String
        var rebuild: String
      }
      var missing: [File]
      var orphans: [String]
    }
    try await PriceShop.open { shop in
      try shop.deliver(2020, "1")
      try await shop.aker("run price --year 2020 --as-of 2024-06")
      let lake = shop.home.path + "/cache/data_lake/"
      let file = "price/as_of=2024-06/data_year=2020/price.parquet"
      try FileManager.default.removeItem(atPath: lake + file)
      try Data("nobody's".utf8).write(to: URL(fileURLWithPath: lake + "price/as_of=2024-06/stray.parquet"))

      let told = try await shop.home.aker("lake", "repair", "--report", "--json", "--remove-orphans")
      #expect(told.exitCode == 1, "\(told)")
      let report = try JSONDecoder().decode(Report.self, from: Data(told.output.utf8))
      #expect(report.missing.map(\.path) == [file])
      #expect(report.orphans.isEmpty || report.orphans == ["price/as_of=2024-06/stray.parquet"], "\(report)")
      // Nothing was changed: the stray file is there still, and nobody builds anything.
      #expect(FileManager.default.fileExists(atPath: lake + "price/as_of=2024-06/stray.parquet"))
      let again = try await shop.home.aker("lake", "repair", "--report", "--json", "--remove-orphans")
      #expect(again.output == told.output)

      let command = try #require(report.missing.first?.rebuild)
      #expect(command.hasPrefix("aker backfill price --years 2020 "), "\(command)")
    }
  }
}
