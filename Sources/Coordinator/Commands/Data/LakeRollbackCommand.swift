import ArgumentParser
import Base
import Catalog
import Console
import FoundationEssentials
import Lineage
import Logging
import Pipeline
import Postgres
import Settings
import Telemetry

/// Takes a publication back whose documents were bad.
struct LakeRollbackCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract: "Publish again exactly what an earlier publication published.",
    discussion: """
      For a publication whose source gave bad data, or whose definition was wrong. What the earlier one published is taken \
      from its file where the lake keeps that; else it is built again, of the same documents by the definition of then, and \
      compared with what was published: other bytes are refused. It is shown as the vintage that is shown now, and is a \
      publication like any other: under a lease, exactly once, with lineage. No source is asked.

      With --with-current-definition the documents of then are built by the definition that is applied now, which may give \
      other rows: for documents that were bad.

      EXAMPLES
        aker lake rollback market_income 2012
        aker lake rollback market_income 2012 --to 41 --yes
        aker lake rollback market_income 2012 --to 41 --with-current-definition
      """)
  @OptionGroup var published: PublishedPartitionArguments
  @Option(
    help: ArgumentHelp(
      "Whose documents are taken (aker lake history); the last one before with other rows unless told.",
      valueName: "publication"))
  var to: Int64?
  @Flag(help: "Build its documents by the definition that is applied now, rather than restore what it published.")
  var withCurrentDefinition = false
  @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
  @OptionGroup var options: GlobalOptions

  private struct Report: Encodable {
    var dataset: String
    var data_year: Int
    var region: String
    var as_of: String
    var taken_back: Int64
    var documents_of: Int64
    var definition: String
    var is_exact: Bool
    var publication: Int64
    var outcome: PublicationRecord.Outcome
    var row_count: Int
  }

  func run() async throws {
    let session = try await Session.open(options)
    let connection = try await session.connectMigrated(migrates: false, needs: .admin)
    try await published.requireRegion(connection)
    let (shown, target) = try await choose(connection)
    await connection.close()
    let by =
      withCurrentDefinition
      ? "by what the documents of publication \(target.text) give by the definition that is applied now."
      : "by exactly what publication \(target.text) published."
    try Confirmation.ask("This replaces publication \(shown.text)\n\(by)", yes: yes)

    let partition = Partition(
      dataset: published.dataset, dataYear: published.year, region: published.region, asOf: shown.as_of)
    let logger = Logger(label: "aker") { _ in SwiftLogNoOpLogHandler() }
    let environment = try await PipelineEnvironment.make(
      session.configuration, database: session.database, slots: 1, clientName: "aker/\(Version.number)", logger: logger)
    let run = PartitionRun(
      in: environment, database: session.database, version: Version.number,
      redaction: Redaction(secrets: session.configuration.secretValues), logger: logger)
    let steps = StepLines(options.json ? .standardError : .standardOutput)
    do {
      let made = try await interruptible {
        try await run.run(
          partition, note: "aker lake rollback \(partition.description) to \(target.publication)",
          inputsOf: target.publication,
          restoring: !withCurrentDefinition, observer: steps.observe)
      }
      if options.json {
        return try printJSON(
          Report(
            dataset: partition.dataset, data_year: partition.dataYear, region: partition.region, as_of: shown.as_of,
            taken_back: shown.publication, documents_of: target.publication, definition: made.definitionHash,
            is_exact: !withCurrentDefinition, publication: made.publicationID, outcome: made.outcome,
            row_count: made.rowCount))
      }
      let what =
        withCurrentDefinition
        ? "from the documents of \(target.publication) by the definition that is applied now"
        : "exactly what publication \(target.publication) published, by definition \(made.definitionHash.prefix(12))"
      print(
        "\(Style(.standardOutput).green(made.outcome.words(shown: made.shownAsOf))): publication \(made.publicationID), \(made.rowCount.counted("row")), \(what)"
      )
      print("A refresh asks the source again: until it is right, aker pause --dataset \(partition.dataset)")
    } catch let failed as PartitionRun.Failed {
      steps.abandon()
      throw Failure(
        .unsuccessful, failed.reason, causes: failed.causes,
        advice: failed.advice ?? "Its whole story: aker task \(failed.taskID)")
    } catch {
      steps.abandon()
      throw error
    }
  }

  private func choose(
    _ connection: PostgresConnection
  ) async throws -> (shown: PublicationLine, target: PublicationLine) {
    let publications = try await published.place.history(connection)
    let name = published.name
    let choice = RollbackChoice(publications)
    if case .notPublished = choice {
      throw Failure(.usage, "\(name) is not published", advice: "aker lake ls \(published.dataset) lists what is.")
    }
    let history = "aker lake history \(published.dataset) \(published.year)\(published.regionFlag)"
    if let to {
      guard let target = publications.first(where: { $0.publication == to }),
        let shown = publications.first(where: { $0.warehouse == .shown })
      else { throw Failure(.usage, "\(name) has no publication \(to)", advice: "\(history) lists them.") }
      return (shown, target)
    }
    guard case .back(let shown, let target) = choice else {
      let again = "aker run \(published.dataset) --year \(published.year)\(published.regionFlag)"
      throw Failure(
        .usage, "\(name) has no earlier publication with other rows",
        advice: "\(history) lists what there is; a new one is made by: \(again)")
    }
    return (shown, target)
  }
}
