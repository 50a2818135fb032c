import ArgumentParser
import Console
import OpenLineage
import Postgres

/// Lineage for other systems.
struct LineageExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write what was published as OpenLineage events, one JSON object a line.",
    discussion: """
      The runs are those that workers report live where AKER_OPENLINEAGE_URL is set; here each is told by its COMPLETE event.

      EXAMPLES
        aker lineage export --openlineage > events.jsonl
        aker lineage export market_income --openlineage --years 2012-2014
      """)
  @Argument(help: "Of this dataset only.", completion: Names.datasets) var dataset: String?
  @Flag(name: .customLong("openlineage"), help: "As OpenLineage events: the only format there is.") var openLineage =
    false
  @Option(help: ArgumentHelp("Of these years only.", valueName: "2009-2012,2015")) var years: YearList?
  @OptionGroup var options: GlobalOptions

  func validate() throws {
    guard openLineage else { throw ArgumentParser.ValidationError("say --openlineage: it is the only format there is") }
  }

  func run() async throws {
    let session = try await Session.open(options)
    let connection = try await session.connectToLook()
    try await OpenLineageExport(session.configuration).events(
      dataset: dataset, years: years?.years, session.database, connection
    ) { print($0) }
  }
}
