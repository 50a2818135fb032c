import ArgumentParser
import Base
import Catalog
import Logging
import Pipeline
import Postgres

/// Rebuilds what was published, and compares.
struct ReproduceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reproduce",
    abstract: "Rebuild a partition from the kept inputs and its recorded definition, and compare the hashes.",
    discussion:
      "Publishes nothing. Exits with 1 when the bytes differ.\n\nEXAMPLES\n  aker reproduce market_income 2012")
  @OptionGroup var partition: PublishedPartitionArguments
  @Option(help: ArgumentHelp("The vintage; the newest unless told.", valueName: "YYYY-MM")) var asOf: String?
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let session = try await Session.open(options).looking
    let connection = try await session.connectMigrated(migrates: false)
    try await partition.requireRegion(connection)
    await connection.close()
    let logger = Logger(label: "aker") { _ in SwiftLogNoOpLogHandler() }
    let environment = try await PipelineEnvironment.make(
      session.configuration, database: session.database, slots: 1, clientName: "aker/\(Version.number)", logger: logger)
    let result = try await Reproduction.run(
      dataset: partition.dataset, dataYear: partition.year, region: partition.region, asOf: asOf, in: environment,
      logger: logger)
    if options.json {
      try printJSON(
        Report(
          partition: result.partition.description, published: result.publishedSHA256, rebuilt: result.rebuiltSHA256,
          isIdentical: result.isIdentical))
    } else {
      print("\(result.partition): published \(result.publishedSHA256) (\(result.publishedRowCount.counted("row")))")
      print("\(result.partition): rebuilt   \(result.rebuiltSHA256) (\(result.rebuiltRowCount.counted("row")))")
    }
    guard result.isIdentical else {
      throw Failure(
        .unsuccessful, "the rebuilt partition differs",
        advice: result.engineVersionThen == result.engineVersionNow
          ? nil : "It was built with \(result.engineVersionThen), and this is \(result.engineVersionNow).")
    }
    if !options.json { print("identical") }
  }

  private struct Report: Encodable {
    var partition: String
    var published: String
    var rebuilt: String
    var isIdentical: Bool
  }
}
