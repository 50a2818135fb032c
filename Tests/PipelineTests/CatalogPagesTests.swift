import Catalog
import CatalogTools
import FoundationEssentials
import Postgres
import Testing
import TestSupport

/// What is made of the catalog besides datasets: pages and views.
@Suite("Pages and views of the catalog", .database)
struct CatalogPagesTests {
  @Test("docs/datasets is what the catalog gives; after a change: aker catalog docs")
  func pagesAreCurrent() throws {
    let folder = CatalogFolder(directory: PackageRoot.catalog)
    let pages = CatalogPages(folder, registry: try SourceRegistry(directory: PackageRoot.catalog)).pages
    #expect(pages.count == folder.datasets.count + 1)
    for (name, text) in pages {
      let data = FileManager.default.contents(atPath: PackageRoot.path + "/docs/datasets/" + name)
      let written = data.map { String(decoding: $0, as: UTF8.self) }
      #expect(written == text, "docs/datasets/\(name) is not current: run aker catalog docs")
    }
    let page = try #require(pages["market_jobs.md"])
    for part in ["| `employment` | bigint | jobs |", "US federal, public domain", "`raw.area`"] {
      #expect(page.contains(part), "\(part)")
    }
  }

  @Test("a page that no dataset has any more is removed")
  func stalePages() throws {
    let directory = "/tmp/aker-pages-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    for name in ["gone.md", "kept.txt"] { try Data().write(to: URL(filePath: directory + "/" + name)) }
    let registry = try SourceRegistry(directory: PackageRoot.catalog)
    let written = try CatalogPages(CatalogFolder(directory: PackageRoot.catalog), registry: registry).write(
      to: directory)
    let names = try FileManager.default.contentsOfDirectory(atPath: directory)
    #expect(Set(names) == Set(written.map { String($0.dropFirst(directory.count + 1)) } + ["kept.txt"]))
  }

  @Test("a view waits for its tables, follows its file, is read with the reader's own rights, and is one SELECT")
  func views() async throws {
    let connection = try await TestDatabase.current.connect()
    let apply = CatalogApply()
    func view(_ query: String) -> CatalogView {
      CatalogView(name: "joined", text: "-- What the\n-- view is.\n" + query)
    }
    let waiting = try await apply.applyViews([view("SELECT a FROM one")], connection)
    #expect(waiting == [#"view joined waits: relation "one" does not exist"#])

    try await connection.execute("CREATE TABLE one AS SELECT 1 AS a, 2 AS b")
    #expect(try await apply.applyViews([view("SELECT a FROM one")], connection) == [])
    // A column before the others is more than a replacement can do.
    #expect(try await apply.applyViews([view("SELECT b, a FROM one")], connection) == [])
    let rows = try await connection.query("SELECT b, obj_description('joined'::regclass) AS said FROM joined")
    #expect(try rows[0].decode("b", as: Int.self) == 2)
    #expect(try rows[0].decode("said", as: String.self) == "What the view is.")

    try await connection.execute("SET ROLE aker_reader")
    let error = try await failure { try await connection.query("SELECT * FROM joined") }
    #expect(error.description.contains("permission denied for table one"))
    try await connection.execute("RESET ROLE")
    let refused = try await failure {
      try await apply.applyViews([view("SELECT b FROM one; DROP TABLE one")], connection)
    }
    #expect(refused.description.contains("without a semicolon"))
    await connection.close()
  }

  private func failure<Value>(_ body: () async throws -> Value) async throws -> PostgresError {
    try #require(await #expect(throws: PostgresError.self) { _ = try await body() })
  }

  @Test("market_profile joins what is published of a county and year, and names each vintage")
  func marketProfile() async throws {
    let sources = ["census_acs5", "bls_laus", "bls_qcew", "bea_regional", "census_bps"]
    let datasets = [
      "market_income", "market_population", "market_jobs", "market_unemployment", "personal_income", "building_permits",
      "rent_index", "commute_flows", "hazard_risk", "hazard_water_stress", "boundary_county",
    ]
    try await Simulator.running { simulator in
      let endpoints = Dictionary(uniqueKeysWithValues: sources.map { ($0, simulator.endpoint + "/" + $0) })
      try await Workshop.open(datasets: datasets, endpoints: endpoints) { workshop, connection in
        let views = CatalogFolder(directory: PackageRoot.catalog).views.filter { $0.name == "market_profile" }
        #expect(try await CatalogApply().applyViews(views, connection) == [])
        try await workshop.enqueue("personal_income", 2018...2018, asOf: "2026-08", connection)
        try await workshop.enqueue("market_unemployment", 2018...2018, asOf: "2026-09", connection)
        try await workshop.work(slots: 2, ["AKER_BEA_API_KEY": "a-key"])
        let rows = try await connection.query(
          """
          SELECT p.name, p.per_capita_income, p.personal_income_as_of, p.unemployment_rate::text,
            p.market_unemployment_as_of, p.employment, p.market_jobs_as_of,
            i.per_capita_income AS income, u.unemployment_rate::text AS rate
          FROM market_profile p
          JOIN personal_income i ON i.geo_id = p.geo_id AND i.data_year = p.data_year
          JOIN market_unemployment u ON u.geo_id = p.geo_id AND u.data_year = p.data_year
          """)
        #expect(!rows.isEmpty)
        for row in rows {
          #expect(try row.decode("per_capita_income", as: Int?.self) == (try row.decode("income", as: Int?.self)))
          #expect(try row.decode("unemployment_rate", as: String?.self) == (try row.decode("rate", as: String?.self)))
          #expect(try row.decode("personal_income_as_of", as: String.self) == "2026-08")
          #expect(try row.decode("market_unemployment_as_of", as: String.self) == "2026-09")
          #expect(try row.decode("employment", as: Int?.self) == nil)
          #expect(try row.decode("market_jobs_as_of", as: String?.self) == nil)
        }
        let keys = try await connection.query(
          "SELECT count(*) AS n, count(DISTINCT (geo_id, data_year)) AS keys FROM market_profile")
        #expect(try keys[0].decode("n", as: Int.self) == (try keys[0].decode("keys", as: Int.self)))
      }
    }
  }
}
