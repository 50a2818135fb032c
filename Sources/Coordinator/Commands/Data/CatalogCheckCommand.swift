import ArgumentParser
import Base
import Catalog
import CatalogTools
import Settings
import Logging
import Pipeline

/// The validation of definitions.
struct CatalogCheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Validate definitions, and bind every transform and check, without a row; needs no database.",
    discussion: """
      Files that all datasets share, such as sources.yml and flows.yml, are checked in any case.

      EXAMPLES
        aker catalog check
        aker catalog check market_income
        aker catalog check --strict
      """)
  @Argument(help: "Only these datasets.", completion: Names.datasets) var datasets: [String] = []
  @Flag(help: "End with an error for warnings, too: for a pull request's check.") var strict = false
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let configuration = try options.configuration()
    let registry = try SourceRegistry(directory: configuration.catalogPath, environment: configuration.environment)
    let engine = try await PipelineEnvironment.engine(
      configuration, logger: Logger(label: "aker") { _ in SwiftLogNoOpLogHandler() })
    let progress = CheckProgress(isShown: !options.json && Terminal.standardError.isInteractive)
    let (folder, found) = try await CatalogCheck(
      engine: engine, directory: configuration.catalogPath, registry: registry
    ).run(only: datasets) { progress.show($0, of: $1) }
    progress.clear()
    let problems =
      registry.warnings.map { DefinitionProblem(.error, file: $0.file, line: $0.line ?? 1, $0.message) } + found
    if options.json {
      try printJSON(problems.map(\.description))
    } else {
      problems.forEach { print($0.description) }
    }
    let errors = problems.count { $0.severity == .error }
    if errors > 0 { throw Failure(.data, "\(errors.counted("mistake")) in the catalog") }
    if strict, !problems.isEmpty {
      throw Failure(.data, "\(problems.count.counted("warning")) in the catalog, which --strict does not let pass")
    }
    guard !options.json else { return }
    let count = datasets.isEmpty ? folder.datasets.count : Set(datasets).count
    print("\(count.counted("dataset")) and \(registry.sources.count.counted("source")) are in order")
  }
}

/// One line of a terminal that is written over and over.
private struct CheckProgress: Sendable {
  let isShown: Bool

  func show(_ done: Int, of total: Int) {
    guard isShown else { return }
    Terminal.standardError.write("\r\u{1B}[Kchecked \(done) of \(total.counted("dataset"))")
  }

  func clear() {
    if isShown { Terminal.standardError.write("\r\u{1B}[K") }
  }
}
