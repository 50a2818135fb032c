import CatalogTools
import FoundationEssentials
import TestSupport
import Testing

@testable import Catalog

/// What a run costs, reckoned before it is made: on every page, and by the same function in a plan.
struct RunCostTests {
  private static let folder = CatalogFolder(directory: PackageRoot.catalog)

  private static func spec(_ requests: String, sql: [String: String] = [:], partitions: String = "{years: 2020-2022}")
    throws -> DatasetSpec
  {
    let reading = DatasetSpec.read(
      datasetYAML: """
        name: d
        title: D
        partitions: \(partitions)
        columns: [{name: a, type: text}]
        key: [a]
        requests:
        \(requests)
        """, transformSQL: "SELECT 1", otherSQL: sql)
    return try #require(reading.spec, "\(reading.problems)")
  }

  @Test func everyPageSaysWhatTheCountryAndItsHistoryCost() throws {
    let registry = try SourceRegistry(directory: PackageRoot.catalog)
    let pages = CatalogPages(Self.folder, registry: registry).pages
    #expect(Self.folder.datasets.count >= 33)
    for spec in Self.folder.datasets {
      let page = try #require(pages["\(spec.name).md"])
      let run = spec.fullRun
      #expect(page.contains("| a full run costs (\(run.extent)) | "), "\(spec.name)")
      for line in run.lines(registry) { #expect(page.contains(line), "\(spec.name): \(line)") }
      for request in spec.requests {
        let cost = try #require(request.cost, "\(spec.name).\(request.name) says nothing of its cost")
        #expect(cost.megabytes != nil || cost.unknown != nil, "\(spec.name).\(request.name)")
        for text in [cost.origin, cost.unknown].compactMap({ $0 }) {
          #expect(page.contains(text), "\(spec.name).\(request.name): \(text)")
        }
        let isOpen = request.rowsFile != nil || request.pages != nil
        #expect(!isOpen || cost.requestCount != nil || cost.unknown != nil, "\(spec.name).\(request.name)")
      }
    }
  }

  /// Which regions the country is, where a year is cut.
  @Test func theDefaultIsTheCountryOrThePageSaysWhatThatCosts() throws {
    let registry = try SourceRegistry(directory: PackageRoot.catalog)
    let pages = CatalogPages(Self.folder, registry: registry).pages
    let fips = Set((1...56).map { $0 < 10 ? "0\($0)" : "\($0)" }).subtracting(["03", "07", "14", "43", "52"])
    let wholes: [Set<String>] = [
      fips.union(["72"]), ["nation"], ["midwest", "northeast", "south", "west"], ["Counties", "CensusTracts"],
      Set(
        """
        al ak az ar ca co ct dc de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh ok or pa
        ri sc sd tn tx ut vt va wa wv wi wy
        """.split(whereSeparator: \.isWhitespace).map(String.init)),
    ]
    for spec in Self.folder.datasets where spec.isSplit && !wholes.contains(Set(spec.regions)) {
      let country = try #require(spec.country, "\(spec.name): its regions are not the country, and nothing says so")
      let page = try #require(pages["\(spec.name).md"])
      #expect(spec.fullRun.partitionCount >= country.regionCount && country.regionCount > spec.regions.count)
      #expect(page.contains("| the country | \(country.regionCount) regions") && page.contains("--regions"), "\(page)")
    }
  }

  @Test func aDocumentOfSeveralPartitionsIsAskedForOnce() throws {
    let partitions = "{years: 2020-2022, regions: [a, b]}"
    func count(_ path: String, sql: String? = nil, cost: String = "{requests: 1, megabytes: 2, origin: x}") throws
      -> Int
    {
      let rows = sql.map { _ in ", rows: r.sql" } ?? ""
      let spec = try Self.spec(
        "  - {name: one, source: s, path: \"\(path)\", format: csv\(rows), cost: \(cost)}",
        sql: sql.map { ["r.sql": $0] } ?? [:], partitions: partitions)
      let costs = spec.fullRun.costs
      #expect(costs[0].byteCount == Int64(costs[0].requestCount) * 2_000_000)
      return costs[0].requestCount
    }
    #expect(try count("/all") == 1)
    #expect(try count("/{data_year}") == 3 && count("/{yy}") == 3)
    #expect(try count("/{region}") == 2)
    #expect(try count("/{region}/{data_year}") == 6)
    #expect(try count("/{x}", sql: "SELECT getvariable('data_year') AS x") == 3)
    #expect(try count("/{x}", sql: "SELECT getvariable('region') AS x") == 2)
    #expect(try count("/{x}", sql: "SELECT 1 AS x") == 1)
  }

  /// What selects its rows is another's answer, which is another in each year.
  @Test func rowsOfADocumentThatVariesVary() throws {
    let spec = try Self.spec(
      """
        - {name: list, source: s, path: "/{data_year}", format: csv, cost: {megabytes: 1, origin: x}}
        - {name: files, source: s, path: "/{file}", format: csv, rows: r.sql, cost: {requests: 4, megabytes: 1, origin: x}}
      """, sql: ["r.sql": "SELECT file FROM raw.list"])
    #expect(spec.fullRun.costs.map(\.requestCount) == [15])
  }

  @Test func whatIsNotKnownIsSaid() throws {
    let spec = try Self.spec(
      """
        - {name: a, source: s, path: "/{data_year}", format: csv, cost: {megabytes: 1, origin: x}}
        - {name: b, source: s, path: "/{data_year}/b", format: csv, cost: {unknown: nobody saw it}}
        - {name: c, source: t, path: "/{x}", format: csv, rows: r.sql, cost: {unknown: by your list}}
      """, sql: ["r.sql": "SELECT getvariable('data_year') AS x"])
    #expect(
      spec.fullRun.costs.map(\.words) == [
        "6 requests to s, more than 3 MB", "0 requests or more to t, of a size that is not known",
      ])
  }

  @Test func aFigureNeedsItsOrigin() {
    for cost in [
      "{megabytes: 1}", "{origin: x}", "{megabytes: -1, origin: x}", "{requests: 3, origin: x}", "{bytes: 1}",
    ] {
      let reading = DatasetSpec.read(
        datasetYAML: """
          name: d
          title: D
          partitions: {years: 2020-}
          columns: [{name: a, type: text}]
          key: [a]
          requests: [{name: a, source: s, path: /a, format: csv, cost: \(cost)}]
          """, transformSQL: "SELECT 1")
      #expect(reading.spec == nil, "\(cost)")
    }
  }

  /// 1,001 requests: by the rate 500 s, by two tasks at a time 100 s, by a quota of 400 a day two midnights.
  @Test func timeIsTheTightestOfTheLimits() throws {
    let spec = try Self.spec(
      "  - {name: a, source: s, path: /a, format: csv, rows: r.sql, cost: {requests: 1001, origin: x, unknown: x}}",
      sql: ["r.sql": "SELECT 1"])
    let cost = try #require(spec.fullRun.costs.first)
    #expect(cost.seconds(.init(perSecond: 2, burst: 1, concurrency: 2)) == 500)
    #expect(cost.seconds(.init(perSecond: 100, burst: 1, concurrency: 2)).rounded() == 100)
    #expect(cost.seconds(.init(perSecond: 2, perDay: 400, burst: 1)) == 2 * 86_400)
  }
}
