@testable import Catalog
import FoundationEssentials
import Logging
import Pipeline
import Postgres
import Quality
import TestSupport
import Testing

/// A check that cannot fail is none: what each dataset publishes out of its recordings is spoilt in the ways that sources
/// spoil it, and each mutant must be refused, or warned of beyond what the true partition is warned of.
@Suite("Mutants of every dataset", .database)
struct MutantTests {
  enum Mutation: String, CaseIterable {
    /// Figures in thousands.
    case thousands
    /// Each figure in the next one's column.
    case shifted
    case doubled
    case halved
    /// No figure at all.
    case allNull
    /// The document of the year before, and of another region.
    case otherYear, otherRegion
  }

  /// Datasets that add to what they published.
  private static let growing =
    ["expansion_feed", "expansion_event"].map {
      DatasetCase(
        dataset: $0, year: 2021, sources: ["press_feeds", "press_feeds_globenewswire", "census_codes"], figures: [])
    } + [
      DatasetCase(
        dataset: "geocode_cache", year: 2021, sources: ["address_list", "census_geocoder", "nominatim"], figures: [])
    ]

  /// One case of each dataset.
  static let cases: [DatasetCase] = {
    var seen: Set<String> = []
    return (DatasetCase.all + DatasetCase.places + DatasetCase.figuredElsewhere + growing).filter {
      seen.insert($0.dataset).inserted
    }
  }()

  private static let keys = Dictionary(
    uniqueKeysWithValues: [
      "CENSUS_API_KEY", "BEA_API_KEY", "BLS_API_KEY", "VENDOR_AMENITIES_KEY", "VENDOR_MEMBERSHIP_KEY",
      "VENDOR_RETENTION_KEY",
    ].map { ("AKER_" + $0, "demo") })

  /// Figures: numbers that identify nothing.
  private static func figures(_ spec: DatasetSpec) -> [DatasetColumn] {
    spec.columns.filter { $0.type.isNumber && !spec.key.contains($0.name) && $0.unit != nil }
  }

  private static func cast(_ sql: String, _ column: DatasetColumn) -> String {
    let isWhole = column.type == .integer || column.type == .bigint
    return "CAST(\(isWhole ? "round(\(sql))" : sql) AS \(column.type.duckdbName)) AS \"\(column.name)\""
  }

  /// - Returns: nil where the dataset cannot be spoilt so.
  private static func mutant(_ mutation: Mutation, _ spec: DatasetSpec, year: Int, regions: [String]) -> DatasetSpec? {
    var mutant = spec
    let figures = figures(spec)
    func published(_ columns: [String]) -> String {
      "SELECT * REPLACE (\(columns.joined(separator: ", "))) FROM (\n\(spec.transformSQL)\n)"
    }
    switch mutation {
    case .thousands where !figures.isEmpty:
      mutant.transformSQL = published(figures.map { cast("\"\($0.name)\" / 1000.0", $0) })
    case .allNull where !figures.isEmpty:
      mutant.transformSQL = published(figures.map { "CAST(NULL AS \($0.type.duckdbName)) AS \"\($0.name)\"" })
    case .shifted where figures.count > 1:
      mutant.transformSQL = published(
        figures.enumerated().map { cast("\"\(figures[($0 + 1) % figures.count].name)\"", $1) })
    case .doubled:
      mutant.transformSQL =
        "WITH whole AS (SELECT * FROM (\n\(spec.transformSQL)\n)) SELECT * FROM whole UNION ALL SELECT * FROM whole"
    case .halved:
      mutant.transformSQL = "SELECT * FROM (\n\(spec.transformSQL)\n) QUALIFY row_number() OVER () % 2 = 1"
    case .otherYear: return swapped(spec, ["data_year": "\(year - 1)", "yy": String("\(year - 1)".suffix(2))])
    case .otherRegion where regions.count > 1: return swapped(spec, ["region": regions[1]])
    default: return nil
    }
    return mutant
  }

  /// Asks for something else than the partition says; nil where it asks for the same whatever the partition.
  private static func swapped(_ spec: DatasetSpec, _ values: [String: String]) -> DatasetSpec? {
    func filled(_ text: String) -> String {
      values.reduce(text) { $0.replacing("{\($1.key)}", with: $1.value) }
    }
    var mutant = spec
    var isChanged = false
    for index in mutant.requests.indices {
      let request = mutant.requests[index]
      mutant.requests[index].path = filled(request.path)
      mutant.requests[index].query = request.query.map { .init(name: $0.name, value: filled($0.value)) }
      isChanged = isChanged || mutant.requests[index] != request
    }
    return isChanged ? mutant : nil
  }

  /// What nothing can tell: documents that do not say of which year or place they are, and are as plausible for another.
  private static let unknowable: [String: Set<Mutation>] = [
    // The year is in the address alone.
    "market_income": [.otherYear], "market_population": [.otherYear], "commute_flows": [.otherYear],
    // Whose addresses they are is said by the name of their file.
    "geocode_cache": [.otherYear],
    // A tile's buildings are where they are: the outlines do not name the tile.
    "building_footprint": [.otherRegion], "building_footprint_reject": [.otherRegion],
  ]

  private enum Fate {
    case refused(String)
    case warned([String])
    /// The same bytes as the true partition: nothing was spoilt.
    case same
    /// The recordings lack what would be served.
    case notRecorded
    case unseen
  }

  private static func warnings(_ validation: Validation) -> Set<String> {
    Set(
      validation.results.filter(\.isWarning).map { "\($0.check.name.rawValue) \($0.check.column ?? "")" }
        + validation.drift.filter { $0.kind == .extra }.map { "extra \($0.column)" })
  }

  @Test("every dataset of the catalog is spoilt, and what is excused is one of them")
  func every() throws {
    let folders = try FileManager.default.contentsOfDirectory(atPath: PackageRoot.catalog + "/datasets")
    #expect(Set(Self.cases.map(\.dataset)) == Set(folders.filter { !$0.contains(".") }))
    #expect(Set(Self.unknowable.keys).isSubset(of: folders))
  }

  @Test("what is spoilt is refused or warned of", arguments: cases)
  func mutants(_ test: DatasetCase) async throws {
    try await Simulator.running { simulator in
      let endpoints = Dictionary(uniqueKeysWithValues: test.sources.map { ($0, simulator.endpoint + "/" + $0) })
      try await Workshop.open(datasets: test.upstreams + [test.dataset], endpoints: endpoints) { workshop, connection in
        for dataset in test.upstreams + [test.dataset] {
          try await workshop.enqueue(dataset, test.year...test.year, asOf: "2026-08", connection)
          try await workshop.work(Self.keys)
        }
        let regions = try await connection.query(
          "SELECT region FROM lake.current WHERE dataset = $1 ORDER BY row_number() OVER (ORDER BY row_count DESC, region)",
          [test.dataset]
        ).map { try $0.decode("region", as: String.self) }
        try #require(!regions.isEmpty, "nothing was published")
        let environment = try await workshop.pipeline(Self.keys)
        let spec = try workshop.spec(test.dataset)
        let partition = Partition(dataset: test.dataset, dataYear: test.year, region: regions[0], asOf: "2026-09")
        func preview(_ spec: DatasetSpec) async throws -> PartitionPreview {
          try await PartitionPreview.run(partition, spec: spec, in: environment, logger: Logger(label: "tests"))
        }
        let truth = try await preview(spec)
        for mutation in Mutation.allCases {
          if Self.unknowable[test.dataset]?.contains(mutation) == true { continue }
          guard let mutant = Self.mutant(mutation, spec, year: test.year, regions: regions) else { continue }
          let fate: Fate
          do {
            let found = try await preview(mutant)
            let new = Self.warnings(found.validation).subtracting(Self.warnings(truth.validation))
            fate = found.sha256 == truth.sha256 ? .same : new.isEmpty ? .unseen : .warned(new.sorted())
          } catch {
            fate = "\(error)".contains("404") ? .notRecorded : .refused("\(error)")
          }
          if case .unseen = fate { Issue.record("\(test.dataset) \(mutation.rawValue): nobody saw it") }
          if case .same = fate, mutation != .otherYear, mutation != .otherRegion, truth.rowCount > 1 {
            Issue.record("\(test.dataset) \(mutation.rawValue): nothing was spoilt")
          }
        }
      }
    }
  }
}
