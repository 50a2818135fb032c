import ArgumentParser
import Base
import Settings
import Lake
import Pipeline
import Postgres

/// The retention of old vintages.
struct LakePruneCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Remove old vintages that a dataset does not keep (retention: {keep_vintages: N} in dataset.yml).",
    discussion: """
      The newest N vintages of each partition stay, and the one that the warehouse shows. Lineage of all stays. Nothing else \
      removes vintages: run it by hand or by cron.

      EXAMPLES
        aker lake prune --dry-run
        aker lake prune market_income
      """)
  @Argument(help: "Of this dataset only.", completion: Names.datasets) var dataset: String?
  @Flag(help: "Only list what would be removed.") var dryRun = false
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let session = try await Session.open(options)
    let connection = try await session.connectMigrated(migrates: false, needs: .admin)
    let lake = try await session.lake(connection)
    let reports = try await LakePruning.run(dataset: dataset, isDryRun: dryRun, in: lake, connection)
    if options.json {
      return try printJSON(
        reports.map { Row(dataset: $0.dataset, keepVintages: $0.keptCount, files: $0.files.map(\.path)) })
    }
    let files = reports.flatMap(\.files)
    for file in files { print("\(dryRun ? "would remove" : "removed") \(file.path)") }
    print(
      reports.isEmpty
        ? "every vintage is kept: no retention is declared"
        : "\(files.count.counted("file")), \(files.reduce(0) { $0 + $1.byteCount }.counted("byte"))\(dryRun ? " would be removed" : "")"
    )
  }

  private struct Row: Encodable {
    var dataset: String
    var keepVintages: Int
    var files: [String]
  }
}
