import ArgumentParser
import Catalog
import FoundationEssentials
import Pipeline
import Postgres

/// Which partitions a plan or a backfill is about.
struct BackfillOptions: ParsableArguments {
  enum Mode: String, ExpressibleByArgument, CaseIterable {
    case missing, failed, stale, all
  }

  enum Order: String, ExpressibleByArgument, CaseIterable {
    case newest, oldest
  }

  @Argument(help: "Datasets, as aker catalog ls names them.")
  var datasets: [String] = []

  @Flag(help: "All datasets of the catalog.")
  var all = false

  @Option(help: ArgumentHelp("Years, such as 2009-2023,2025.", valueName: "years"))
  var years: YearList

  @Option(parsing: .upToNextOption, help: "Regions, where a dataset is split; all of its regions unless told.")
  var regions: [String] = []

  @Option(help: ArgumentHelp("Vintage to publish as; this month unless told.", valueName: "YYYY-MM"))
  var asOf: String?

  @Option(
    help:
      "missing: not published at this vintage; failed: whose last task failed; stale: whose definition or inputs changed; all."
  )
  var only = Mode.missing

  @Flag(help: "Build what is published already, too: the same as --only all.")
  var force = false

  @Option(help: "Which years first.")
  var order = Order.newest

  var mode: Mode { force ? .all : only }

  func validate() throws {
    guard all != !datasets.isEmpty else { throw ValidationError("name datasets, or say --all") }
    try Self.requireMonth(asOf)
  }

  static func requireMonth(_ asOf: String?) throws {
    if let asOf, asOf.wholeMatch(of: /[0-9]{4}-(0[1-9]|1[0-2])/) == nil {
      throw ValidationError("--as-of takes a month as YYYY-MM, not '\(asOf)'")
    }
  }

  /// The vintage when none is asked for: the month by UTC, as in the database.
  static var thisMonth: String {
    String(Date().formatted(.iso8601.year().month()).prefix("YYYY-MM".count))
  }

  /// Reads the catalog and makes it known to the database.
  ///
  /// - Throws: `Failure` for unknown datasets, and for years that none of the datasets has.
  func prepare(_ session: Session, _ connection: PostgresConnection) async throws -> [DatasetSpec] {
    let folder = try CatalogLoading.folder(session.configuration)
    let specs = try CatalogLoading.select(all ? nil : datasets, from: folder)
    for spec in specs where !all {
      let outside = years.years.filter { $0 < spec.firstYear || $0 > (spec.lastYear ?? Int.max) }
      if outside.count == years.years.count {
        throw Failure(
          .usage,
          "\(spec.name) has the years \(spec.firstYear)-\(spec.lastYear.map(String.init) ?? ""); \(outside.map(String.init).joined(separator: ", ")) \(outside.count == 1 ? "is" : "are") outside",
          advice: "Choose --years within them.")
      }
    }
    try await CatalogLoading.apply(specs, from: folder, session, connection)
    return specs
  }

  /// What is asked for, in the order of the SQL functions' arguments.
  func parameters(_ specs: [DatasetSpec]) -> [(any PostgresEncodable)?] {
    [
      specs.map(\.name), years.years, asOf, regions.isEmpty ? nil as [String]? : regions, mode.rawValue,
    ]
  }
}
