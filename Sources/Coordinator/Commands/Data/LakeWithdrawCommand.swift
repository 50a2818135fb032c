import ArgumentParser
import Base
import Catalog
import Console
import Logging
import Pipeline
import Postgres

/// Takes a vintage of a partition back.
struct LakeWithdrawCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "withdraw",
    abstract: "Take a vintage of a partition back: the warehouse shows the one before again.",
    discussion: """
      For a vintage that should not be, such as a slip in --as-of, after which every correction stays in the lake. The rows \
      of the vintage before come from its file, in the same transaction that forgets the other; where there is none, the \
      partition is empty. Its file is removed; its publications stay in aker lake history, with who withdrew it and why.

      EXAMPLES
        aker lake withdraw market_income 2012 --as-of 2062-11
        aker lake withdraw market_income 2012 --as-of 2062-11 --reason typo --yes
      """)
  @OptionGroup var published: PublishedPartitionArguments
  @Option(help: ArgumentHelp("The vintage that goes.", valueName: "YYYY-MM")) var asOf: String
  @Option(help: "For its history.") var reason = ""
  @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
  @OptionGroup var options: GlobalOptions

  private struct Report: Encodable {
    var dataset: String
    var data_year: Int
    var region: String
    var as_of: String
    var withdrawn: Int64
    var shown_as_of: String?
    var row_count: Int
  }

  func validate() throws {
    try PartitionOptions.requireMonth(asOf)
  }

  func run() async throws {
    let session = try await Session.open(options)
    let connection = try await session.connectMigrated(migrates: false, needs: .admin)
    try await published.requireRegion(connection)
    let vintages = try await published.place.vintages(connection)
    await connection.close()
    guard vintages.contains(asOf) else {
      throw Failure(
        .usage, "\(published.name) has no vintage \(asOf)",
        advice: "aker lake history \(published.dataset) \(published.year)\(published.regionFlag) lists what there is.")
    }
    let remaining = vintages.filter { $0 != asOf }
    try Confirmation.ask(
      "This takes the vintage \(asOf) of \(published.name) out of lake and warehouse; "
        + (remaining.isEmpty ? "nothing is left of it." : "\(remaining.joined(separator: ", ")) stay."), yes: yes)

    let logger = Logger(label: "aker") { _ in SwiftLogNoOpLogHandler() }
    let environment = try await PipelineEnvironment.make(
      session.configuration, database: session.database, slots: 1, clientName: "aker/\(Version.number)", logger: logger)
    let partition = Partition(
      dataset: published.dataset, dataYear: published.year, region: published.region, asOf: asOf)
    let withdrawal = try await Withdrawal.run(partition, reason: reason, in: environment, logger: logger)
    if options.json {
      return try printJSON(
        Report(
          dataset: partition.dataset, data_year: partition.dataYear, region: partition.region, as_of: asOf,
          withdrawn: withdrawal.publicationID, shown_as_of: withdrawal.shownAsOf, row_count: withdrawal.rowCount))
    }
    let shown =
      withdrawal.shownAsOf.map {
        "the warehouse shows \($0)" + (withdrawal.wasShown ? ", \(withdrawal.rowCount.counted("row"))" : ", as before")
      } ?? "the warehouse shows nothing of it"
    print("withdrawn \(published.name) as of \(asOf): \(shown)")
    if withdrawal.wasShown {
      print("What was built from it: aker plan --all --years \(published.year) --only stale")
    }
  }
}
