import ArgumentParser
import Base
import Catalog
import CatalogTools
import Console
import Lineage
import Logging
import Pipeline
import Postgres
import Quality
import Settings
import Telemetry

/// One partition, here and now.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Build one partition in this process, each step shown; with --dry-run, publish nothing.",
    discussion: """
      Publishes the same way as a worker: under a lease, exactly once, with lineage. It is tried once: what it meets is shown \
      here, and kept with its task (aker task). What is published already is built again, and recorded as unchanged when \
      it is the same.

      With --dry-run no database is needed and nothing is written but the raw cache's copies of the documents. Where a \
      database runs, it is read for the checks that compare with what was published before.

      Exits with 65 when the checks or the columns of its data fail, 75 when trying later may help.

      EXAMPLES
        aker run market_income --year 2012 --dry-run
        aker run market_income --year 2012 --as-of 2024-06
        aker run market_income --year 2012 --dry-run --json
        aker run market_income --year 2012 --dry-run --report /tmp/reports
      """)

  @Argument(help: "The dataset, as aker catalog ls names it.", completion: Names.datasets) var dataset: String
  @Option(help: "The year.") var year: Int
  @Option(
    help:
      "The region, where the dataset is split; unless told, one after the other, those that the settings keep (aker config), or its definition lists."
  )
  var region: String?
  @Option(help: ArgumentHelp("Vintage to publish as; this month unless told.", valueName: "YYYY-MM")) var asOf: String?
  @Flag(help: "Let --as-of name a month that is still to come: until then it hides every correction.")
  var allowFutureVintage = false
  @Flag(help: "Build and check, and publish nothing.") var dryRun = false
  @OptionGroup var reports: ReportOptions
  @OptionGroup var options: GlobalOptions

  func validate() throws {
    try PartitionOptions.requireMonth(asOf)
  }

  func run() async throws {
    let configuration = try options.configuration()
    let folder = try CatalogLoading.folder(configuration)
    let spec = try CatalogLoading.select([dataset], from: folder)[0]
    let partitions = try regions(spec, RegionChoice(configuration, folder)).map {
      Partition(dataset: spec.name, dataYear: year, region: $0, asOf: asOf ?? PartitionOptions.thisMonth)
    }
    let build = dryRun ? try await preview(spec, configuration) : try await publish(spec, folder)
    var failures: [any Error] = []
    for (index, partition) in partitions.enumerated() {
      if partitions.count > 1 {
        let terminal: Terminal = options.json ? .standardError : .standardOutput
        let region = Style(terminal).dim("\(index + 1) of \(partitions.count.counted("region"))")
        terminal.write("\(index > 0 ? "\n" : "")\(region)\n")
      }
      do {
        try await build(partition)
      } catch {
        if error is CancellationError || partitions.count == 1 { throw error }
        Failure.show(error)
        failures.append(error)
      }
    }
    if let first = failures.first {
      throw Failure(
        Failure.code(first), "\(failures.count) of \(partitions.count.counted("region")) failed",
        advice: "The reasons are above."
      )
    }
  }

  /// The regions to build, unless one is named.
  private func regions(_ spec: DatasetSpec, _ choice: RegionChoice) throws -> [String] {
    guard spec.contains(year: year) else {
      throw Failure(
        .usage,
        "\(spec.name) has the years \(spec.yearsText); \(year) is outside",
        advice: "Choose --year within them.")
    }
    guard let region else { return choice.regions(of: spec) }
    try CatalogLoading.requireRegion(region, in: [spec])
    return [region]
  }

  // MARK: Without publishing

  private func preview(
    _ spec: DatasetSpec, _ configuration: AkerConfiguration
  ) async throws -> (Partition) async throws -> Void {
    let (database, reason) = await Session.databaseToRead(configuration, onlyLooks: false)
    let note = reason.map { "\($0): the checks compare with nothing that was published before" }
    let logger = Logger(label: "aker") { _ in SwiftLogNoOpLogHandler() }
    let redaction = Redaction(secrets: configuration.secretValues)
    let environment = try await PipelineEnvironment.preview(
      configuration, database: database, clientName: "aker/\(Version.number)", logger: logger)
    return { partition in
      do {
        try await preview(partition, spec, environment, note, logger)
      } catch {
        throw Failure.redacted(error, redaction)
      }
    }
  }

  private func preview(
    _ partition: Partition, _ spec: DatasetSpec, _ environment: PipelineEnvironment, _ note: String?, _ logger: Logger
  ) async throws {
    let steps = StepLines(options.json ? .standardError : .standardOutput)
    if !options.json { heading(partition, "dry run: nothing is published", note) }
    do {
      let preview = try await interruptible {
        try await PartitionPreview.run(
          partition, spec: spec, in: environment, logger: logger, observer: steps.observe)
      }
      let page = try reports.write(preview.validation)
      if options.json { return try show(PreviewReport(partition, preview, steps.lines, note: note), partition) }
      show(preview.validation)
      if let page { print("as a page: \(page)\n") }
      let style = Style(.standardOutput)
      print(style.bold("first rows"))
      let sample = RowSample(columns: spec.columns.map(\.name), rows: preview.firstRows)
      Terminal.standardOutput.write(
        sample.rendered(
          columns: Terminal.standardOutput.size.columns, style: style, unicode: Terminal.isUnicode))
      print(
        "\n\(preview.rowCount.counted("row")), \(preview.byteCount.counted("byte")) as Parquet. Nothing was written: no row, no file of the lake, no task."
      )
      print(
        "To publish it: aker run \(spec.name) --year \(year)\(flag(partition))\(PartitionOptions.flag(asOf: partition.asOf))"
      )
    } catch {
      steps.abandon()
      throw try conclude(error, partition, steps)
    }
  }

  // MARK: Publishing

  private func publish(
    _ spec: DatasetSpec, _ folder: CatalogFolder
  ) async throws -> (Partition) async throws -> Void {
    let session = try await Session.open(options)
    let connection = try await session.connectMigrated(migrates: true, needs: .admin)
    try await OperatorAction.requirePast(asOf, allowFuture: allowFutureVintage, connection)
    try await CatalogLoading.apply([spec], from: folder, session.configuration, connection, note: OperatorAction.note)
    await connection.close()
    let redaction = Redaction(secrets: session.configuration.secretValues)
    let logger = Logger(label: "aker") { _ in SwiftLogNoOpLogHandler() }
    let environment = try await PipelineEnvironment.make(
      session.configuration, database: session.database, slots: 1, clientName: "aker/\(Version.number)", logger: logger)
    let run = PartitionRun(
      in: environment, database: session.database, version: Version.number, redaction: redaction, logger: logger)
    return { partition in try await publish(partition, spec, run) }
  }

  /// What does the same again.
  private static func command(for partition: Partition) -> String {
    "aker run \(partition.dataset) --year \(partition.dataYear)"
      + (partition.region.isEmpty ? "" : " --region \(partition.region)") + " --as-of \(partition.asOf)"
  }

  private func publish(_ partition: Partition, _ spec: DatasetSpec, _ run: PartitionRun) async throws {
    let steps = StepLines(options.json ? .standardError : .standardOutput)
    if !options.json { heading(partition, nil, nil) }
    do {
      let published = try await interruptible {
        try await run.run(partition, note: Self.command(for: partition), observer: steps.observe)
      }
      if options.json { return try show(RunReport(partition, published, steps.lines), partition) }
      let synthetic = published.isSynthetic ? " (made-up recordings: not real figures)" : ""
      let outcome =
        published.outcome == .unchanged
        ? "unchanged: the same as what is published" : published.outcome.words(shown: published.shownAsOf)
      print(
        "\n\(Style(.standardOutput).green(outcome))\(synthetic): \(published.rowCount.counted("row")), \(published.byteCount.counted("byte"))"
      )
      if !published.warnings.isEmpty {
        print(Style(.standardOutput).yellow("with \(published.warnings.count.counted("warning")):"))
        for warning in published.warnings { print("  \(warning)") }
      }
      print("where it came from: aker lineage \(spec.name) \(year)\(flag(partition))")
    } catch let failed as PartitionRun.Failed {
      steps.abandon()
      if let error = failed.error as? Quality.ValidationError { throw try conclude(error, partition, steps) }
      let code: Failure.Code =
        switch failed.errorClass {
        case .transient, .rateLimited: .transient
        case .data: .data
        case .permanent, .workerLost, .dependency: .unsuccessful
        }
      throw Failure(
        code, failed.reason, causes: failed.causes,
        advice: failed.advice ?? "Its whole story: aker task \(failed.taskID)")
    } catch {
      steps.abandon()
      throw error
    }
  }

  // MARK: Output

  private func flag(_ partition: Partition) -> String {
    partition.region.isEmpty ? "" : " --region \(partition.region)"
  }

  private func heading(_ partition: Partition, _ mode: String?, _ note: String?) {
    let style = Style(.standardOutput)
    print(style.bold("\(partition.description), as of \(partition.asOf)") + (mode.map { "  (\($0))" } ?? ""))
    if let note { print(style.dim(note)) }
  }

  /// As JSON: a line each where there are several regions.
  private func show(_ report: some Encodable, _ partition: Partition) throws {
    let isOneOfMany = !partition.region.isEmpty && region == nil
    try isOneOfMany ? printJSONLine(report) : printJSON(report)
  }

  private func show(_ validation: Validation) {
    let style = Style(.standardOutput)
    print("\n" + style.bold("checks"))
    Terminal.standardOutput.write(
      CheckLines(validation).rendered(
        columns: Terminal.standardOutput.columnLimit, style, unicode: Terminal.isUnicode) + "\n")
  }

  /// Shows what failed checks found before the error is printed.
  private func conclude(_ error: any Error, _ partition: Partition, _ steps: StepLines) throws -> any Error {
    guard let invalid = error as? Quality.ValidationError else { return error }
    let page = try reports.write(invalid.validation)
    if options.json {
      try show(FailedReport(partition, invalid.validation, steps.lines), partition)
    } else {
      show(invalid.validation)
      if let page { print("as a page: \(page)") }
    }
    return error
  }
}
