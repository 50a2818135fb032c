import Catalog
import CatalogTools
import Engine
import FoundationEssentials
import Lake
import Logging
import Pipeline
import Postgres
import Quality
import Testing
import TestSupport

@Suite("What is done with published partitions", .database)
struct CommandTests {
  private func withIncome(
    _ body: (Workshop, PipelineEnvironment, PostgresConnection) async throws -> Void
  ) async throws {
    try await Simulator.running { simulator in
      try await Workshop.open(
        datasets: ["market_income"], endpoints: ["census_acs5": simulator.endpoint + "/census_acs5"]
      ) { workshop, connection in
        try await workshop.enqueue("market_income", 2012...2012, asOf: "2024-06", connection)
        try await workshop.work()
        try await body(workshop, try await workshop.pipeline(), connection)
      }
    }
  }

  @Test("a partition is rebuilt to the byte from the raw cache and the recorded definition, and from nothing else")
  func reproduces() async throws {
    try await withIncome { workshop, environment, _ in
      let logger = Logger(label: "test")
      let same = try await Reproduction.run(
        dataset: "market_income", dataYear: 2012, in: environment, logger: logger)
      #expect(same.isIdentical)
      #expect(same.rebuiltRowCount == same.publishedRowCount)

      try FileManager.default.removeItem(atPath: environment.rawCache + "/objects")
      await #expect(throws: PipelineError.self) {
        try await Reproduction.run(dataset: "market_income", dataYear: 2012, in: environment, logger: logger)
      }
    }
  }

  @Test("validating again judges the published file, and stores what it found")
  func validatesAgain() async throws {
    try await withIncome { _, environment, connection in
      let validations = try await Revalidation.run(dataset: "market_income", in: environment)
      #expect(validations.map(\.dataYear) == [2012])
      #expect(validations.allSatisfy { $0.success })
      let stored = try await connection.query("SELECT FROM quality.validation WHERE publication_id IS NULL")
      #expect(stored.count == 1)
    }
  }

  @Test("a preview builds and checks, and leaves nothing behind")
  func previews() async throws {
    try await withIncome { workshop, environment, connection in
      let spec = try CatalogFolder(directory: workshop.catalog).dataset("market_income")
      let preview = try await PartitionPreview.run(
        Partition(dataset: "market_income", dataYear: 2010, asOf: "2024-06"), spec: spec, in: environment,
        logger: Logger(label: "test"))
      #expect(preview.firstRows.count == 10)
      #expect(preview.validation.success)
      #expect(try await workshop.lake.files().count == 1)
      #expect(try await connection.query("SELECT FROM market_income WHERE data_year = 2010").isEmpty)
      // But for the mark by which a worker knows the folder again.
      let left = try FileManager.default.contentsOfDirectory(atPath: workshop.cache + "/tmp")
      #expect(left.filter { $0 != ".aker-here" } == [])
    }
  }

  @Test("repair reports a lost file with the command that rebuilds it, and that command's task restores it")
  func repairs() async throws {
    try await withIncome { workshop, environment, connection in
      let path = try #require(try await workshop.lake.files().first)
      let published = try #require(FileManager.default.contents(atPath: workshop.lake.location + "/" + path))
      try FileManager.default.removeItem(atPath: workshop.lake.location + "/" + path)
      let repair = LakeRepair(workshop.lake)
      let report = try await repair.run(connection, removingOrphans: false)
      #expect(report.missing.map(\.command) == ["aker backfill market_income --years 2012 --as-of 2024-06 --force"])

      try await workshop.enqueue("market_income", 2012...2012, asOf: "2024-06", mode: "all", connection)
      try await workshop.work()
      #expect(FileManager.default.contents(atPath: workshop.lake.location + "/" + path) == published)

      // A file that no publication made.
      let stray = "market_income/as_of=2020-01/data_year=2012/market_income.parquet"
      let folder = workshop.lake.location + "/market_income/as_of=2020-01/data_year=2012"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try published.write(to: URL(filePath: folder + "/market_income.parquet"))
      #expect(try await repair.run(connection, removingOrphans: false).orphans == [stray])
      #expect(try await repair.run(connection, removingOrphans: true).orphans == [stray])
      #expect(try await repair.run(connection, removingOrphans: true).isClean)
      #expect(try await workshop.lake.files() == [path])
    }
  }

  @Test("a scaffold passes the catalog's check, and names that could do harm are refused")
  func scaffolds() async throws {
    try await Workshop.open { workshop, _ in
      let files = try CatalogScaffold.create("state_population", source: "census_acs5", catalog: workshop.catalog)
      #expect(files.count == 2)
      let engine = try await workshop.engine()
      let check = CatalogCheck(engine: engine, directory: workshop.catalog, registry: nil)
      let (folder, problems) = try await check.run()
      #expect(folder.datasets.map(\.name) == ["state_population"])
      #expect(problems.filter { $0.severity == .error } == [])
      for name in ["State", "a b", "x; drop table y", "../etc", "1st", ""] {
        #expect(throws: CatalogScaffold.Failure.self) {
          try CatalogScaffold.create(name, source: "census_acs5", catalog: workshop.catalog)
        }
      }
      for (source, said) in [("census_acs", "did you mean 'census_acs5'?"), (nil, "There are")] {
        let error = #expect(throws: CatalogScaffold.Failure.self) {
          try CatalogScaffold.create("another", source: source, catalog: workshop.catalog)
        }
        #expect(error?.summary.contains(said) == true, "\(error?.summary ?? "")")
      }
      #expect(CatalogFolder(directory: workshop.catalog).datasets.count == 1)
    }
  }

  @Test("the project's own catalog has no errors, and every transform binds")
  func ownCatalog() async throws {
    try await Workshop.open { workshop, _ in
      let check = CatalogCheck(engine: try await workshop.engine(), directory: PackageRoot.catalog, registry: nil)
      let (folder, problems) = try await check.run()
      #expect(!folder.datasets.isEmpty)
      #expect(problems == [])
    }
  }

  @Test("what is wrong in a definition is said with file and line: unknown checks, unsafe names, cycles, bad SQL")
  func refuses() async throws {
    try await Workshop.open { workshop, _ in
      func yaml(_ name: String, _ rest: String) -> String {
        """
        name: \(name)
        title: T
        partitions: {years: 2009-2012}
        \(rest)
        """
      }
      let columns = "columns:\n  - {name: a, type: text, description: A.}\nkey: [a]"
      try workshop.define("first", yaml("first", "depends_on: [second]\n" + columns), "SELECT a FROM published.second")
      try workshop.define("second", yaml("second", "depends_on: [first]\n" + columns), "SELECT a\n, x.y\nFROM nowhere")
      try workshop.define(
        "third",
        yaml(
          "third", "depends_on: [first]\n" + columns + "\nchecks:\n  - expect_column_value_to_not_be_null: {column: a}"),
        "SELECT a FROM published.first")
      try workshop.define(
        "fourth", yaml("fourth", "depends_on: [first]\ncolumns:\n  - {name: 'a\"; DROP', type: text, description: A.}"),
        "SELECT 1")
      let check = CatalogCheck(engine: try await workshop.engine(), directory: workshop.catalog, registry: nil)
      let problems = try await check.run().problems.map(\.description)
      func expect(_ part: String) {
        #expect(problems.contains { $0.contains(part) }, "\(part)\n\(problems.joined(separator: "\n"))")
      }
      expect("third/dataset.yml:9: checks[1].expect_column_value_to_not_be_null: there is no check")
      expect("did you mean 'expect_column_values_to_not_be_null'?")
      expect("fourth/dataset.yml:6:")
      expect("goes round in a circle: first → second → first")
      expect("second/transform.sql:3:6: ")
    }
  }
}
