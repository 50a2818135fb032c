import ArgumentParser
import Console
import FoundationEssentials
import Lineage
import Postgres

/// Every publication of a partition.
struct LakeHistoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "List every publication of a partition, the newest first.",
    discussion: """
      What the warehouse shows is marked, and so is what was withdrawn. Give the number to aker lake rollback (--to), \
      the definition to aker retry (--definition).

      EXAMPLES
        aker lake history market_income 2012
        aker lake history market_jobs 2021 --region 39049 --json
      """)
  @OptionGroup var partition: PublishedPartitionArguments
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let connection = try await Session.open(options).connectToLook()
    try await partition.requireRegion(connection)
    let publications = try await partition.place.history(connection)
    if options.json { return try printJSON(publications) }
    let rows = publications.map { line in
      [
        "\(line.publication)", line.as_of, line.published_at.shown(), "\(line.row_count)",
        String(line.sha256.prefix(8)), String(line.definition.prefix(12)) + (line.is_applied == true ? "" : " (old)"),
        Self.state(line),
      ]
    }
    printTable(
      ["publication", "as_of", "at (UTC)", "rows", "sha256", "definition", "state"], rows,
      whenEmpty: "\(partition.name) was never published")
  }

  private static func state(_ line: PublicationLine) -> String {
    if line.warehouse != .elsewhere { return line.warehouse.rawValue }
    return line.outcome.word
  }
}
