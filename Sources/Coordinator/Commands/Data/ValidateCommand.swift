import ArgumentParser
import Base
import Catalog
import Console
import Logging
import Pipeline
import Postgres
import Quality

/// Today's checks over what is published.
struct ValidateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Run a dataset's checks over what is published, and keep the results.",
    discussion: """
      The checks are those of the definition that is applied now, the data are the newest vintage of each partition in the \
      lake. Nothing is published or taken back; results go to quality.validation.

      Exits with 1 when a check failed.

      EXAMPLES
        aker validate market_income
        aker validate market_income --years 2009-2012 --json
        aker validate market_income --report /tmp/reports
        aker validate --all
      """)
  @Argument(help: "Datasets, as aker catalog ls names them.", completion: Names.datasets) var datasets: [String] = []
  @Flag(help: "All datasets that have something published.") var all = false
  @Option(help: ArgumentHelp("Years, such as 2009-2023,2025; all unless told.", valueName: "years"))
  var years: YearList?
  @OptionGroup var reports: ReportOptions
  @OptionGroup var options: GlobalOptions

  func validate() throws {
    guard all != !datasets.isEmpty else { throw ValidationError("name datasets, or say --all") }
  }

  private struct Report: Encodable {
    var dataset: String
    var data_year: Int
    var region: String
    var as_of: String
    var success: Bool
    var row_count: Int?
    var checks: [CheckLines.Check]
    var drift: [CheckLines.Drift]

    init(_ validation: Validation) {
      (dataset, data_year) = (validation.dataset, validation.dataYear)
      (region, as_of, success) = (validation.region, validation.asOf, validation.success)
      row_count = validation.rowCount
      let lines = CheckLines(validation)
      (checks, drift) = (lines.checks, lines.drift)
    }
  }

  func run() async throws {
    let session = try await Session.open(options)
    let connection = try await session.connectMigrated(migrates: false, needs: .admin)
    let names = try await chosen(session, connection)
    await connection.close()
    guard !names.isEmpty else { throw Failure(.usage, "nothing is published yet", advice: "aker backfill --help") }
    let logger = Logger(label: "aker") { _ in SwiftLogNoOpLogHandler() }
    let environment = try await PipelineEnvironment.make(
      session.configuration, database: session.database, slots: 1, clientName: "aker/\(Version.number)", logger: logger)
    var shown: [Report] = []
    var failedCount = 0
    var count = 0
    for name in names {
      if !options.json { print(Style(.standardOutput).bold(name)) }
      let years = years?.years
      let validations = try await interruptible {
        try await Revalidation.run(dataset: name, years: years, in: environment)
      }
      for validation in validations { _ = try reports.write(validation) }
      count += validations.count
      failedCount += validations.count { !$0.success }
      if options.json { shown += validations.map(Report.init) } else { show(validations) }
    }
    if options.json { try printJSON(shown) }
    if failedCount > 0 {
      throw Failure(
        .unsuccessful,
        "\(failedCount) of \(count.counted("partition")) \(failedCount == 1 ? "fails its" : "fail their") checks",
        advice:
          "What is published stays. Correct the definition or wait for the source, then: aker backfill DATASET --years YEAR --force"
      )
    }
    if !options.json { print("\n\(count.counted("partition")) \(count == 1 ? "passes its" : "pass their") checks") }
  }

  private func chosen(_ session: Session, _ connection: PostgresConnection) async throws -> [String] {
    guard all else {
      return try CatalogLoading.select(datasets, from: CatalogLoading.folder(session.configuration)).map(\.name)
    }
    return try await PublishedPartition.datasets(connection)
  }

  /// A line per partition, and below it only what did not pass.
  private func show(_ validations: [Validation]) {
    let style = Style(.standardOutput)
    for validation in validations {
      let name = "\(validation.dataYear)\(validation.region.isEmpty ? "" : " " + validation.region)"
      let warned = validation.warnedCount > 0 ? ", \(validation.warnedCount) warn" : ""
      let outcome =
        validation.success
        ? style.green("passed") : style.red("failed")
      let wrong = validation.success ? "" : ", \(validation.failedCount) fail"
      print(
        "  \(name)  \(outcome)  \(validation.results.count.counted("check"))\(wrong)\(warned), \((validation.rowCount ?? 0).counted("row")), as of \(validation.asOf)"
      )
      var lines = CheckLines(validation)
      lines.checks.removeAll(where: \.success)
      guard !lines.checks.isEmpty || !lines.drift.isEmpty else { continue }
      let text = lines.rendered(
        columns: Terminal.standardOutput.columnLimit.map { $0 - 2 }, style, unicode: Terminal.isUnicode)
      Terminal.standardOutput.write(text.split(separator: "\n").map { "  " + $0 + "\n" }.joined())
    }
  }
}
