import ArgumentParser
import Base
import Console
import Postgres

/// The partition that a command about what was published is about.
struct PublishedPartitionArguments: ParsableArguments {
  @Argument(help: "The dataset.", completion: Names.datasets) var dataset: String
  @Argument(help: "The year.") var year: Int
  @Option(help: "The region, where the dataset is split.") var region = ""

  /// As it is named to people, and as options name it to commands.
  var name: String { "\(dataset) \(year)\(region.isEmpty ? "" : " \(region)")" }
  var regionFlag: String { region.isEmpty ? "" : " --region \(region)" }

  var place: PublishedPartition { PublishedPartition(dataset: dataset, year: year, region: region) }

  private static let mostRegions = 8

  /// - Throws: `Failure` where the year was published, and of other regions only: whoever names none would be told that it
  ///   never was.
  func requireRegion(_ connection: PostgresConnection) async throws {
    let regions = try await place.regions(connection)
    if regions.isEmpty || regions.contains(region) { return }
    if regions == [""] { throw Failure(.usage, "\(dataset) is not split: leave --region out") }
    let more = regions.count - Self.mostRegions
    throw Failure(
      .usage, region.isEmpty ? "\(name) is published by region: say which" : "\(name) is not published",
      advice: "--region \(regions.prefix(Self.mostRegions).joined(separator: ", "))"
        + (more > 0 ? ", and \(more.counted("more region")) (aker lake ls \(dataset))" : ""))
  }
}
