import Base
import ArgumentParser
import Lineage
import Postgres

/// Lineage: of one partition, and for others.
struct LineageCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lineage",
    abstract: "Show where a published partition came from; export lineage.",
    discussion: """
      aker lineage DATASET YEAR is aker lineage show DATASET YEAR.

      EXAMPLES
        aker lineage market_income 2012
        aker lineage export --openlineage
      """,
    subcommands: [Show.self, LineageExportCommand.self], defaultSubcommand: Show.self)
}

/// Where a partition came from.
extension LineageCommand {
  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show",
      abstract: "Show where a published partition came from, down to the documents of its sources.",
      discussion: """
        EXAMPLES
          aker lineage market_income 2012
          aker lineage market_income 2012 --as-of 2024-06 --json
        """)
    @OptionGroup var partition: PublishedPartitionArguments
    @Option(help: ArgumentHelp("The vintage; the newest unless told.", valueName: "YYYY-MM")) var asOf: String?
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      let connection = try await Session.open(options).connectToLook()
      try await partition.requireRegion(connection)
      guard
        let tree = try await LineageTree.current(
          connection, dataset: partition.dataset, dataYear: partition.year, region: partition.region, asOf: asOf)
      else {
        throw Failure(
          .usage,
          "\(partition.name) is not published\(asOf.map { " as of \($0)" } ?? "")",
          advice: "aker lake ls \(partition.dataset) lists what is.")
      }
      if options.json { print(try tree.json()) } else { print(tree.lines().joined(separator: "\n")) }
    }
  }
}
