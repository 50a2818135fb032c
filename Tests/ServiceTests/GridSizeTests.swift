import Base
import FoundationEssentials
import HTTPTypes
import Postgres
import TestSupport
import Testing

@testable import WebService

/// What the grid's page costs does not grow with what there is.
@Suite(.database)
struct GridSizeTests {
  /// As `make bench-dashboard` makes it.
  private static func world(_ scene: ServiceScene, datasets: Int, years: Int, regions: Int) async throws {
    let sql = FileManager.default.contents(atPath: PackageRoot.path + "/Benchmarks/dashboard/grid.sql") ?? Data()
    try await scene.connection.executeScript(
      "SET bench.datasets = \(datasets); SET bench.years = \(years); SET bench.regions = \(regions);"
        + String(decoding: sql, as: UTF8.self))
  }

  /// Pages of one size hold as much at both sizes, and all pages together what `queue.cell` says.
  @Test(arguments: [(62, 16, 1), (125, 17, 1), (61, 15, 3)])
  func aPageOfTheGridIsAsLargeWhateverThereIs(datasets: Int, years: Int, regions: Int) async throws {
    try await ServiceScene.serving { scene in
      try await Self.world(scene, datasets: datasets, years: years, regions: regions)
      let known = try await scene.connection.query(
        "SELECT dataset, data_year, total, coalesce(work, data) AS state FROM queue.cell")
      #expect(known.count == datasets * years)
      var cells: Set<String> = []
      var pages = 1
      var number = 1
      while number <= pages {
        let grid = try await scene.get("/api/v1/grid?limit=60&years=15&until=2023&page=\(number)")
        #expect(grid.status == 200, "\(grid)")
        let told = Self.cells(grid.json)
        #expect(told.count <= 60 * 15, "page \(number) hands over \(told.count) cells")
        cells.formUnion(told)
        pages = Self.number(grid.json, "pages")
        #expect(pages == (datasets + 59) / 60 && Self.number(grid.json, "found") == datasets)
        // Counted are all, on this page or not.
        let failed = try known.count { try $0.decode("state", as: String.self) == "failed" }
        #expect(failed > 0 && grid.json.at("counts").map { Self.number($0, "failed") } == failed)
        number += 1
      }
      let expected = try known.filter { try $0.decode("data_year", as: Int.self) >= 2009 }.map { row in
        "\(try row.decode("dataset", as: String.self)) \(try row.decode("data_year", as: Int.self)) "
          + "\(try row.decode("state", as: String.self)) \(try row.decode("total", as: Int.self))"
      }
      #expect(cells == Set(expected))

      let page = try await scene.get("/")
      #expect(page.status == 200 && page.body.matches(of: #/role="rowheader"/#).count == 60, "\(page.status)")
      let packed = try await Program.run(
        "sh", ["-c", "curl -s --max-time 60 -H 'Accept-Encoding: gzip' '\(scene.url)/' | wc -c"])
      let bytes = try #require(Int(packed.output.filter(\.isNumber)))
      #expect(bytes > 1_000 && bytes <= 40_000, "\(bytes) bytes")
    }
  }

  @Test func searchAndYearsChooseAmongAll() async throws {
    try await ServiceScene.serving { scene in
      try await Self.world(scene, datasets: 12, years: 20, regions: 1)
      let found = try await scene.get("/api/v1/grid?search=SET_001&years=3&until=2010&page=99&limit=2").json
      #expect(Self.number(found, "found") == 3 && Self.number(found, "page") == 2)
      #expect(Set(Self.cells(found).map { String($0.prefix(17)) }).sorted().first == "dataset_0012 2008")
      #expect(Self.number(found, "shown_from") == 2008 && Self.number(found, "first_year") == 2004)
      // What an address says too much is no fault.
      for path in [
        "/?until=99999", "/?until=-5", "/?page=99999999999", "/?dataset=%27%22%25_", "/?backfill=1", "/?as_of=2024-05",
      ] {
        let page = try await scene.get(path)
        #expect(page.status == 200, "\(path): \(page.status)")
      }
      // Of one backfill, the same facts by its counts.
      let part = try await scene.get("/api/v1/grid?backfill=1").json
      #expect(Self.cells(part) == Self.cells(try await scene.get("/api/v1/grid").json))
    }
  }

  /// Any number of readers cost one question for each change, and a trouble is not kept.
  @Test func oneAnswerIsSharedUntilSomethingIsTold() async throws {
    let kept = KeptAnswers()
    let asked = Counter()
    func ask(_ told: Int, failing: Bool = false) async {
      _ = await kept.answer("grid", told: told) {
        await asked.add()
        return Desk.Answer(
          status: failing ? .serviceUnavailable : .ok, headers: [:], body: "",
          problem: failing ? Problem(.serviceUnavailable, "away") : nil)
      }
    }
    // Held until all have asked, so that none comes late.
    await withTaskGroup { group in for _ in 0..<200 { group.addTask { await ask(1) } } }
    let first = await asked.count
    #expect(first <= 2, "200 readers asked \(first) times")
    await ask(2)
    #expect(await asked.count == first + 1)
    await kept.forget()
    await ask(2)
    #expect(await asked.count == first + 2)
    await ask(3, failing: true)
    await ask(3)
    #expect(await asked.count == first + 4)
  }

  /// A year of many regions says how many tasks it does not list, and leads to them.
  @Test func aYearOfManyTasksSaysHowManyAreLeft() async throws {
    try await ServiceScene.serving { scene in
      try await Self.world(scene, datasets: 1, years: 1, regions: 230)
      let page = try await scene.get("/datasets/dataset_0001/2023")
      #expect(page.status == 200 && page.body.contains("30 more are not shown here"), "\(page.body.suffix(2000))")
      #expect(page.body.contains("/tasks?dataset=dataset_0001&amp;year=2023&amp;all=true"))
      // Its counts are of all, the listed or not.
      let failed = try await scene.count("queue.task WHERE state = 'failed'")
      #expect(failed > 0 && page.body.contains("\(failed) failed"), "\(failed)")
    }
  }

  private actor Counter {
    var count = 0
    func add() { count += 1 }
  }

  private static func number(_ json: JSONValue, _ name: String) -> Int {
    if case .integer(let number)? = json.at(name) { Int(number) } else { -1 }
  }

  private static func cells(_ grid: JSONValue) -> Set<String> {
    guard case .array(let rows)? = grid.at("rows") else { return [] }
    return Set(
      rows.flatMap { row -> [String] in
        guard case .array(let cells)? = row.at("cells") else { return [] }
        return cells.map {
          "\($0.at("dataset")?.text ?? "") \(number($0, "data_year")) \($0.at("state")?.text ?? "") \(number($0, "total"))"
        }
      })
  }
}
