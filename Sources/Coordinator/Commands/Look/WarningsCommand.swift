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
    let connection = try await Session.open(options).connectMigrated(migrates: false)
    if let dataset { try await TargetTasks.requireExistence(.dataset(dataset), connection) }
    try await printQuery(
      connection,
      """
      SELECT dataset, data_year, region, as_of, what, column_name, message FROM quality.warning
      WHERE ($1::text IS NULL OR dataset = $1) AND ($2::int IS NULL OR data_year = $2)
      ORDER BY dataset, data_year DESC, region, what, column_name, message LIMIT $3
      """, [dataset, year, limit], json: options.json,
      whenEmpty: "nothing is published with a warning",
      table: """
        dataset || ' ' || data_year || CASE WHEN region = '' THEN '' ELSE ' ' || region END AS partition,
        what || coalesce(' (' || column_name || ')', '') AS warning, message
        """)
  }
}
