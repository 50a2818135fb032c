import ArgumentParser
import Catalog
import CatalogTools
import FoundationEssentials
import Postgres

/// Which datasets a plan or a backfill is about, and which of their partitions.
struct BackfillOptions: ParsableArguments {
  @Argument(help: "Datasets, as aker catalog ls names them.")
  var datasets: [String] = []

  @Flag(help: "All datasets of the catalog.")
  var all = false

  @Option(help: ArgumentHelp("The datasets of a flow, and its years unless told (aker flow ls).", valueName: "name"))
  var flow: String?

  @OptionGroup var partitions: PartitionOptions

  func validate() throws {
    guard [all, flow != nil, !datasets.isEmpty].count(where: { $0 }) == 1 else {
      throw ValidationError(
        datasets.isEmpty && !all && flow == nil
          ? "name datasets, or say --flow or --all" : "say one of: datasets by name, --flow, --all")
    }
    guard partitions.years != nil || flow != nil else { throw ValidationError("say which --years, such as 2009-2023") }
  }

  var selection: BackfillSelection {
    let scope: BackfillSelection.Scope = all ? .all : flow.map { .flow($0) } ?? .datasets(datasets)
    return BackfillSelection(scope: scope, partitions: partitions, mode: partitions.mode ?? .missing)
  }
}

/// Which partitions of the datasets.
struct PartitionOptions: ParsableArguments {
  enum Mode: String, ExpressibleByArgument, CaseIterable {
    case missing, failed, stale, all
  }

  enum Order: String, ExpressibleByArgument, CaseIterable {
    case newest, oldest
  }

  @Option(help: ArgumentHelp("Years, such as 2009-2023,2025.", valueName: "years"))
  var years: YearList?

  @Option(
    parsing: .upToNextOption,
    help:
      "Regions, where a dataset is split; unless told, those that the settings keep (aker config), or its definition lists."
  )
  var regions: [String] = []

  @Option(help: ArgumentHelp("Vintage to publish as; this month unless told.", valueName: "YYYY-MM"))
  var asOf: String?

  @Flag(help: "Let --as-of name a month that is still to come: until then it hides every correction.")
  var allowFutureVintage = false

  @Option(
    help:
      "missing: not published at this vintage; failed: whose last task failed; stale: whose definition or inputs changed; all."
  )
  var only: Mode?

  @Flag(help: "Build what is published already, too: the same as --only all.")
  var force = false

  @Flag(
    help:
      "Also the datasets that these read, where they are neither published nor under way: built first, in one backfill."
  )
  var withUpstream = false

  @Option(help: "Which years first.")
  var order = Order.newest

  /// Nil where nothing was said.
  var mode: Mode? { force ? .all : only }

  func validate() throws {
    try Self.requireMonth(asOf)
  }

  static func requireMonth(_ asOf: String?) throws {
    if let asOf, asOf.wholeMatch(of: /[0-9]{4}-(0[1-9]|1[0-2])/) == nil {
      throw ValidationError("--as-of takes a month as YYYY-MM, not '\(asOf)'")
    }
  }

  /// - Throws: `Failure` for a vintage of the future, by the database's clock.
  static func requirePast(_ asOf: String?, allowFuture: Bool, _ connection: PostgresConnection) async throws {
    _ = try await OperatorAction.call("queue.require_vintage($1, $2)", [asOf, allowFuture], connection)
  }

  /// For a command that is to be about the same vintage; empty where that is this month's.
  static func flag(asOf: String) -> String {
    asOf == thisMonth ? "" : " --as-of \(asOf)"
  }

  /// The vintage when none is asked for: the month by UTC, as in the database.
  static var thisMonth: String {
    String(Date().formatted(.iso8601.year().month()).prefix("YYYY-MM".count))
  }
}

/// What was chosen, before the catalog and the database have been asked.
struct BackfillSelection {
  enum Scope {
    case datasets([String])
    case flow(String)
    case all
  }

  var scope: Scope
  var partitions: PartitionOptions
  var mode: PartitionOptions.Mode

  /// Reads the catalog and makes it known to the database.
  ///
  /// - Throws: `Failure` for unknown flows and datasets, and for years and regions that none of the datasets has.
  func prepare(_ session: Session, _ connection: PostgresConnection) async throws -> ChosenPartitions {
    let folder = try CatalogLoading.folder(session.configuration)
    let chosen = try await choose(session, connection, from: folder)
    try await CatalogLoading.apply(chosen.specs, from: folder, session, connection)
    return partitions.withUpstream ? try await adding(to: chosen, from: folder, connection) : chosen
  }

  /// The same without telling the database anything.
  func choose(_ session: Session, _ connection: PostgresConnection) async throws -> ChosenPartitions {
    let folder = try CatalogLoading.folder(session.configuration)
    let chosen = try await choose(session, connection, from: folder)
    return partitions.withUpstream ? try await adding(to: chosen, from: folder, connection) : chosen
  }

  private func choose(
    _ session: Session, _ connection: PostgresConnection, from folder: CatalogFolder
  ) async throws -> ChosenPartitions {
    let regions = try RegionChoice(told: partitions.regions, session.configuration, folder)
    func choose(_ specs: [DatasetSpec], years: YearList?, note: String) -> ChosenPartitions {
      ChosenPartitions(
        specs: specs, years: years ?? YearList(years: []), regions: regions, partitions: partitions, mode: mode,
        note: note)
    }
    let chosen: ChosenPartitions
    switch scope {
    case .all:
      chosen = choose(try CatalogLoading.select(nil, from: folder), years: partitions.years, note: "all datasets")
    case .flow(let name):
      let flow = try CatalogLoading.flow(name, from: folder)
      let row = try await connection.query("SELECT extract(year FROM now() AT TIME ZONE 'UTC')::int AS year")[0]
      let currentYear = try row.decode("year", as: Int.self)
      let years = partitions.years ?? YearList(years: flow.defaultYears(currentYear: currentYear))
      chosen = choose(try CatalogLoading.select(flow.datasets, from: folder), years: years, note: "flow \(name)")
    case .datasets(let names):
      chosen = choose(
        try CatalogLoading.select(names, from: folder), years: partitions.years, note: names.joined(separator: ", "))
      try chosen.requireYears()
    }
    try chosen.requireRegions()
    try await PartitionOptions.requirePast(
      partitions.asOf, allowFuture: partitions.allowFutureVintage, connection)
    return chosen
  }

  /// With what they read, and what that reads, where it is missing. Their definitions are known to the database already.
  private func adding(
    to chosen: ChosenPartitions, from folder: CatalogFolder, _ connection: PostgresConnection
  ) async throws -> ChosenPartitions {
    var chosen = chosen
    while true {
      let missing = Set(try await UnmetDependency.find(chosen, connection).map(\.upstream))
        .subtracting(chosen.specs.map(\.name))
      guard !missing.isEmpty else { return chosen }
      chosen.specs += try CatalogLoading.select(missing.sorted(), from: folder)
    }
  }

}

/// Datasets and years, as a plan and a backfill ask the queue for them.
struct ChosenPartitions {
  var specs: [DatasetSpec]
  var years: YearList
  var regions: RegionChoice
  var partitions: PartitionOptions
  var mode: PartitionOptions.Mode
  /// What the backfill is called in lists: `flow collect-permits, 2023-2024`.
  var note: String

  /// - Throws: `Failure` for a dataset that has none of the years.
  func requireYears() throws {
    for spec in specs where !years.years.contains(where: spec.contains(year:)) {
      throw Failure(
        .usage,
        "\(spec.name) has the years \(spec.yearsText); \(years) \(years.years.count == 1 ? "is" : "are") outside",
        advice: "Choose --years within them.")
    }
  }

  /// - Throws: `Failure` for a region that none of the datasets has.
  func requireRegions() throws {
    for region in partitions.regions { try CatalogLoading.requireRegion(region, in: specs) }
  }

  /// Tells of datasets that the database knows otherwise than the catalog folder, or not at all.
  func noteWhatDiffers(_ connection: PostgresConnection) async throws {
    let rows = try await connection.query("SELECT name, definition_hash AS hash FROM catalog.dataset")
    let known = try Dictionary(
      uniqueKeysWithValues: rows.map {
        (try $0.decode("name", as: String.self), try $0.decode("hash", as: String.self))
      })
    let differing = specs.filter { known[$0.name] != $0.definitionHash }.map { spec in
      "\(spec.name) (\(known[spec.name] == nil ? "unknown" : "another definition"))"
    }
    guard !differing.isEmpty else { return }
    Terminal.standardError.write(
      "note: planned by what the database knows, since this login may not apply the catalog; it differs in "
        + differing.joined(separator: ", ") + "\n")
  }

  /// The order of the SQL functions' arguments.
  var parameters: [(any PostgresEncodable)?] {
    [specs.map(\.name), years.years, partitions.asOf, regions.parameter, mode.rawValue]
  }
}
