import ArgumentParser
import Base
import Catalog
import CatalogTools
import Settings
import FoundationEssentials
import Logging
import Pipeline
import Telemetry

/// A dataset to begin with.
struct CatalogNewCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new",
    abstract: "Write a dataset that passes the check, to be changed into the one that is wanted.",
    discussion: """
      With --from it is made from a document's real columns: names, types, a key, and a first set of checks. The document \
      is asked for as any other (its source's limits and key hold), and nothing is published. A source that the catalog \
      does not have is added to sources.yml. A year that stands in the address becomes {data_year}.

      EXAMPLES
        aker catalog new county_births --source census_acs5
        aker catalog new county_births --from births-2021.csv
        aker catalog new state_energy --from 'https://example.org/v2?facets[]=MD'
        aker catalog new parcels --from https://example.org/p --format geojson
      """)
  @Argument(help: "Its name.") var name: String
  @Option(help: "The source it asks; found by the address where --from is given.", completion: Names.sources)
  var source: String?
  @Option(help: ArgumentHelp("The document to make it from.", valueName: "file|URL"), completion: .file()) var from:
    String?
  @Option(help: ArgumentHelp("The document's format, where neither its name nor its beginning tell.")) var format:
    String?
  @Option(help: "Whose year the document is, where its address does not tell.") var year: Int?
  @OptionGroup var options: GlobalOptions

  func validate() throws {
    if from == nil, format != nil || year != nil { throw ValidationError("--format and --year are for --from") }
    guard let format, InputFormat(rawValue: format) == nil else { return }
    let known = InputFormat.allCases.map(\.rawValue)
    throw ValidationError("--format takes \(known.joined(separator: ", ")), not '\(format)'")
  }

  private struct Report: Encodable {
    var files: [String]
    var source: String
    var source_added: Bool
    var columns: String
    /// The variable of a secret that stood in the address.
    var secret: String?
    var year: Int
  }

  func run() async throws {
    let configuration = try options.configuration()
    guard let from else {
      let files = try CatalogScaffold.create(name, source: source, catalog: configuration.catalogPath)
      if options.json { return try printJSON(files) }
      files.forEach { print("wrote \($0)") }
      return print("then: aker catalog check \(name)")
    }
    try CatalogScaffold.requireFree(name, catalog: configuration.catalogPath)
    let registry = try SourceRegistry(directory: configuration.catalogPath, environment: configuration.environment)
    let address = try DocumentAddress(from, source: source, dataset: name, registry: registry)
    let document = try await ScaffoldedDocument.read(
      name, address, format: format.flatMap(InputFormat.init), year: year, configuration, options)
    let files = try CatalogScaffold.write(
      name, datasetYAML: document.scaffold.datasetYAML(document.asked), transformSQL: document.scaffold.transformSQL,
      catalog: configuration.catalogPath)
    if let text = document.sources { try CatalogScaffold.write(sources: text, catalog: configuration.catalogPath) }
    let report = Report(
      files: files, source: address.sourceID, source_added: document.sources != nil,
      columns: document.scaffold.summary, secret: address.secret?.variable, year: document.year)
    if options.json { return try printJSON(report) }
    files.forEach { print("wrote \($0)") }
    if report.source_added { print("added source \(address.sourceID) to \(configuration.catalogPath)/sources.yml") }
    if let secret = address.secret { print("the key is in no file; set it: export \(secret.variable)=...") }
    print("columns: \(report.columns)")
    print("then: aker catalog check \(name), and: aker run \(name) --year \(document.year) --dry-run")
  }
}

/// A document that was asked for and looked at, and what is written of it.
private struct ScaffoldedDocument {
  var scaffold: DocumentScaffold
  /// The address, by the year.
  var asked: DocumentAddress
  var year: Int
  /// `sources.yml` with its source; nil where it is known.
  var sources: String?

  static func read(
    _ name: String, _ address: DocumentAddress, format: InputFormat?, year: Int?, _ configuration: AkerConfiguration,
    _ options: GlobalOptions
  ) async throws -> ScaffoldedDocument {
    let thisYear = Int(PartitionOptions.thisMonth.prefix(4)) ?? 2000
    let year = year ?? address.year ?? thisYear
    let sources = try address.sourceEntry.map { try CatalogScaffold.sources(configuration.catalogPath, adding: $0) }
    let asker = try await DocumentAsker(configuration, address, sources: sources, year: year)
    let result: Result<DocumentScaffold, any Error>
    do {
      result = .success(try await asker.scaffold(name, address, format: format))
    } catch {
      result = .failure(error)
    }
    asker.end()
    return ScaffoldedDocument(
      scaffold: try result.get(), asked: address.asked(of: year), year: year, sources: sources)
  }
}

/// Asks a document's questions by building definitions of it, as a dry run does, over a catalog that has its source.
private struct DocumentAsker {
  private let environment: PipelineEnvironment
  private let folder: String?
  private let year: Int
  private let redaction: Redaction

  init(_ configuration: AkerConfiguration, _ address: DocumentAddress, sources: String?, year: Int) async throws {
    self.year = year
    var variables = configuration.environment
    if let secret = address.secret { variables[secret.variable] = secret.value }
    var flags: [Setting: String] = [.home: configuration.home, .catalogPath: configuration.catalogPath]
    var folder: String?
    if let sources {
      let made = "\(FileManager.default.temporaryDirectory.path())aker-new-\(UUID().uuidString)"
      try FileManager.default.createDirectory(atPath: made, withIntermediateDirectories: true)
      try CatalogScaffold.write(sources: sources, catalog: made)
      flags[.catalogPath] = made
      folder = made
    }
    self.folder = folder
    let told = try AkerConfiguration.load(flags: flags, environment: variables)
    redaction = Redaction(secrets: told.secretValues + [address.secret?.value].compactMap { $0 })
    environment = try await PipelineEnvironment.preview(
      told, database: nil, clientName: "aker/\(Version.number)",
      logger: Logger(label: "aker") { _ in SwiftLogNoOpLogHandler() })
  }

  func end() {
    if let folder { try? FileManager.default.removeItem(atPath: folder) }
  }

  func scaffold(_ name: String, _ address: DocumentAddress, format: InputFormat?) async throws -> DocumentScaffold {
    let probe = try await columns(address, format)
    let profile = try await answer(probe.definition(probe.profileSQL, year: year))
    var scaffold = try DocumentScaffold(name, probe, profile: profile, year: year)
    let pairs = scaffold.pairsToAsk
    if !pairs.isEmpty {
      try scaffold.read(pairs: try await answer(probe.definition(probe.pairsSQL(pairs), year: year)))
    }
    return scaffold
  }

  /// What it is and which columns it has. A document whose name does not tell is tried as JSON, then as CSV.
  private func columns(_ address: DocumentAddress, _ told: InputFormat?) async throws -> DocumentProbe {
    let format = told ?? address.format
    if let format, ![.json, .jsonTable, .geojson, .jsonDocument].contains(format) {
      var probe = DocumentProbe(address, format: format)
      try probe.read(names: try await answer(probe.definition(probe.namesSQL, year: year)))
      return probe
    }
    do {
      var probe = DocumentProbe(address, format: .json)
      let shape = try await answer(probe.definition(probe.shapeSQL, year: year, asDocument: true))
      try probe.read(shape: shape)
      return probe
    } catch let error as any ClassifiedError where format == nil && error.errorClass == .data {
      return try await columns(address, .csv)
    }
  }

  /// - Returns: the one text that the definition makes.
  private func answer(_ spec: DatasetSpec) async throws -> String {
    let partition = Partition(
      dataset: spec.name, dataYear: year, region: "", asOf: PartitionOptions.thisMonth)
    do {
      let preview = try await interruptible {
        try await PartitionPreview.run(
          partition, spec: spec, in: environment, logger: Logger(label: "aker") { _ in SwiftLogNoOpLogHandler() })
      }
      let row = try JSONDecoder().decode([String: String].self, from: Data((preview.firstRows.first ?? "{}").utf8))
      guard let text = row[DocumentProbe.column] else { throw CatalogScaffold.Failure.noRows }
      return text
    } catch {
      throw Failure.redacted(error, redaction)
    }
  }
}
