import ArgumentParser
import Console
import Postgres

/// What is published all the same: checks of severity warn that failed, columns that came undeclared.
struct WarningsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "warnings",
    abstract: "List the warnings of what is published now: what a check doubts, partition by partition.",
    discussion: """
      A check of severity warn stops nothing: its partition is published, and marked in the grid. Here is what it said. Of the \
      vintage that is current; older ones are in quality.publication_warning.

      EXAMPLES
        aker warnings
        aker warnings building_permits --year 2021
        aker warnings --json
      """)
  @Argument(help: "Of this dataset.") var dataset: String?
  @Option(help: "Of this year.") var year: Int?
  @Option(help: "At most so many.") var limit = 200
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let connection = try await Session.open(options).connectToLook()
    let warnings = try await WarningLine.list(dataset: dataset, year: year, limit: limit, connection)
    if options.json { return try printJSON(warnings) }
    printTable(
      ["partition", "warning", "message"],
      warnings.map { line in
        [line.partition, line.what + (line.column_name.map { " (\($0))" } ?? ""), line.message ?? ""]
      }, whenEmpty: "nothing is published with a warning")
  }
}
