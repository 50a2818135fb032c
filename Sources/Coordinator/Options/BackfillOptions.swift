import Base
import ArgumentParser
import Console
import FoundationEssentials

/// Which datasets a plan or a backfill is about, and which of their partitions.
struct BackfillOptions: ParsableArguments {
  @Argument(help: "Datasets, as aker catalog ls names them.", completion: Names.datasets)
  var datasets: [String] = []

  @Flag(help: "All datasets of the catalog.")
  var all = false

  @Option(
    help: ArgumentHelp("The datasets of a flow, and its years unless told (aker flow ls).", valueName: "name"),
    completion: Names.flows)
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
    return BackfillSelection(scope: scope, partitions: partitions.choice, mode: partitions.mode ?? .missing)
  }
}

/// Which partitions of the datasets.
struct PartitionOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Years, such as 2009-2023,2025.", valueName: "years"))
  var years: YearList?

  @Option(
    name: .customLong("regions"), parsing: .upToNextOption,
    help:
      "Regions (39041 39049, or 39041,39049), where a dataset is split; unless told, those that the settings keep (aker config), or its definition lists."
  )
  var toldRegions: [String] = []

  @Option(help: ArgumentHelp("Vintage to publish as; this month unless told.", valueName: "YYYY-MM"))
  var asOf: String?

  @Flag(help: "Let --as-of name a month that is still to come: until then it hides every correction.")
  var allowFutureVintage = false

  @Option(
    help:
      "missing: not published at this vintage; failed: whose last task failed; stale: whose definition or inputs changed; all."
  )
  var only: PartitionMode?

  @Flag(help: "Build what is published already, too: the same as --only all.")
  var force = false

  @Flag(
    help:
      "Also the datasets that these read, where they are neither published nor under way: built first, in one backfill."
  )
  var withUpstream = false

  @Option(help: "Which years first.")
  var order = PartitionOrder.newest

  /// With commas as with spaces between.
  var regions: [String] { toldRegions.flatMap { $0.split(separator: ",").map(String.init) } }

  /// Nil where nothing was said.
  var mode: PartitionMode? { force ? .all : only }

  var choice: PartitionChoice {
    PartitionChoice(
      years: years, regions: regions, asOf: asOf, allowFutureVintage: allowFutureVintage, withUpstream: withUpstream,
      order: order)
  }

  func validate() throws {
    try Self.requireMonth(asOf)
  }

  static func requireMonth(_ asOf: String?) throws {
    if let asOf, asOf.wholeMatch(of: /[0-9]{4}-(0[1-9]|1[0-2])/) == nil {
      throw ValidationError("--as-of takes a month as YYYY-MM, not '\(asOf)'")
    }
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

extension PartitionMode: ExpressibleByArgument {}
extension PartitionOrder: ExpressibleByArgument {}
extension YearList: ExpressibleByArgument {}
