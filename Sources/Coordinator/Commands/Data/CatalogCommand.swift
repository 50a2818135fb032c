import ArgumentParser
import Base
import Catalog
import CatalogTools
import Settings
import Console
import Logging
import Pipeline
import Postgres

/// Dataset definitions.
struct CatalogCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "catalog", abstract: "Check, apply, list, describe or scaffold dataset definitions.",
    discussion: """
      EXAMPLES
        aker catalog check
        aker catalog ls
        aker catalog apply
      """,
    subcommands: [CatalogCheckCommand.self, Apply.self, List.self, CatalogNewCommand.self, Docs.self])

  struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make the database know the definitions; create warehouse tables, or add columns to them.",
      discussion: "Only additions are made; for anything else the SQL to run is said.\n\nEXAMPLES\n  aker catalog apply"
    )
    @OptionGroup var options: GlobalOptions

    private struct Report: Encodable {
      var datasets: Int
      var views: Int
      /// Views whose tables are not there yet, and which.
      var waiting: [String]
    }

    func run() async throws {
      let session = try await Session.open(options)
      let connection = try await session.connectMigrated(migrates: true, needs: .admin)
      let folder = try CatalogLoading.folder(session.configuration)
      let waiting = try await CatalogLoading.apply(
        folder.datasets, from: folder, session.configuration, connection, note: OperatorAction.note)
      if options.json {
        return try printJSON(
          Report(datasets: folder.datasets.count, views: folder.views.count - waiting.count, waiting: waiting))
      }
      waiting.forEach { print("note: \($0)") }
      print(
        "\(folder.datasets.count.counted("dataset")) and \((folder.views.count - waiting.count).counted("view")) are applied"
      )
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ls", abstract: "List the catalog's datasets.", discussion: "EXAMPLES\n  aker catalog ls --json")
    @OptionGroup var options: GlobalOptions

    private struct Row: Encodable {
      var name: String
      var years: String
      var sources: [String]
      var title: String
    }

    func run() async throws {
      let folder = CatalogFolder(directory: try options.configuration().catalogPath)
      let rows = folder.datasets.map {
        Row(
          name: $0.name, years: "\($0.firstYear)-\($0.lastYear.map(String.init) ?? "")", sources: $0.sourceIDs,
          title: $0.title)
      }
      if options.json { return try printJSON(rows) }
      let cells = rows.map { [$0.name, $0.years, $0.sources.joined(separator: ", "), $0.title] }
      Terminal.standardOutput.write(
        Table(headings: ["name", "years", "sources", "title"], rows: cells).rendered(
          Style(.standardOutput), columns: Terminal.standardOutput.columnLimit, unicode: Terminal.isUnicode))
    }
  }

  struct Docs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write the data dictionary: a page per dataset, in Markdown.",
      discussion: "Pages of datasets that are gone are removed.\n\nEXAMPLES\n  aker catalog docs --output docs/datasets"
    )
    @Option(help: "The folder to write to.") var output = "docs/datasets"
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      let configuration = try options.configuration()
      let folder = try CatalogLoading.folder(configuration)
      // As the catalog has it, and not as this environment overrides it.
      let registry = try SourceRegistry(directory: configuration.catalogPath)
      let written = try CatalogPages(folder, registry: registry).write(to: output)
      if options.json { return try printJSON(written) }
      print("wrote \(written.count.counted("page")) to \(output)")
    }
  }
}
