import ArgumentParser
import Base
import Catalog
import CatalogTools
import Settings
import Console
import FoundationEssentials
import Postgres

/// Where data come from.
struct SourcesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sources",
    abstract: "Show the sources: limits, keys, cool-downs, and which datasets ask them.",
    discussion: """
      Read from the catalog; how each is doing is added where a database runs. With the name of a source, all that is \
      known of it.

      EXAMPLES
        aker sources
        aker sources census_acs5
        aker sources --json
        aker sources --markdown > sources.md     # the data dictionary
      """)
  @Argument(help: "One source.", completion: Names.sources) var source: String?
  @Flag(help: "Print the data dictionary in Markdown: the catalog alone, without this host's settings.") var markdown =
    false
  @OptionGroup var options: GlobalOptions

  func validate() throws {
    guard !(markdown && options.json) else { throw ValidationError("say --markdown or --json, not both") }
  }

  func run() async throws {
    let configuration = try options.configuration()
    let datasets = CatalogFolder(directory: configuration.catalogPath).datasets
    let environment = markdown ? [:] : configuration.environment
    let registry = try SourceRegistry(directory: configuration.catalogPath, environment: environment)
    let states = markdown ? [:] : await states(configuration)
    var entries = registry.sources.values.sorted { $0.id < $1.id }.map {
      SourceEntry(
        $0, datasets: datasets, configuration: markdown ? nil : configuration, state: states[$0.id])
    }
    if let source {
      guard let entry = entries.first(where: { $0.id == source }) else {
        let near = NearestName.find(source, in: registry.sources.keys).map { "Did you mean \($0)?" }
        throw Failure(.usage, "there is no source '\(source)'", advice: near ?? "aker sources lists them.")
      }
      entries = [entry]
    }
    if markdown { return Terminal.standardOutput.write(SourceDictionary(entries: entries).text) }
    if options.json { return try printJSON(entries) }
    if source != nil { return show(entries[0]) }
    list(entries)
  }

  private func states(_ configuration: AkerConfiguration) async -> [String: SourceState] {
    guard let database = await Session.databaseToRead(configuration).0,
      let connection = try? await PostgresConnection.connect(database)
    else { return [:] }
    let states = try? await SourceState.read(connection)
    await connection.close()
    return states ?? [:]
  }

  private func list(_ entries: [SourceEntry]) {
    let cells = entries.map { entry in
      [
        entry.id, entry.limitText, entry.keyText, entry.freshText,
        "\(entry.datasets.count)", entry.stateText, entry.name,
      ]
    }
    let table = Table(headings: ["source", "limit", "key", "fresh for", "datasets", "state", "name"], rows: cells)
    Terminal.standardOutput.write(
      table.rendered(Style(.standardOutput), columns: Terminal.standardOutput.columnLimit, unicode: Terminal.isUnicode))
    let missing = entries.filter(\.lacksKey)
    guard !missing.isEmpty else { return }
    let variables = Set(missing.compactMap(\.key_variable)).sorted()
    print("\nkeys that datasets need and that are not set: \(variables.joined(separator: ", ")) (or ..._FILE)")
  }

  private func show(_ entry: SourceEntry) {
    let style = Style(.standardOutput)
    print(style.bold(entry.id) + "  " + entry.name)
    var facts: [(String, String?)] = [
      ("endpoint", entry.endpoint), ("geography", entry.geography.joined(separator: ", ")), ("updated", entry.cadence),
      ("licence", entry.license), ("limit", entry.limitText), ("burst", entry.burst.map { $0.counted("request") }),
      ("at once", entry.concurrency.map { "\($0.counted("task")), over all hosts" }),
      ("fresh for", "\(entry.freshText) in the raw cache"),
      ("key", entry.key_variable.map { "\($0) (\(entry.keyText))" }),
      ("datasets", entry.datasets.joined(separator: ", ")),
      ("enabled", entry.enabled ? "yes" : "no: set AKER_SOURCE_\(entry.id.uppercased())_ENDPOINT to use it"),
    ]
    if let state = entry.state {
      facts.append(("state", state.text + (state.pause_reason ?? state.cool_down_reason).map { ": \($0)" }.orEmpty))
      let quota = state.daily_quota.map { " of \($0)" } ?? ""
      facts.append(("requests", "\(state.requests_today)\(quota) today (UTC), \(state.requests_ever) ever"))
      facts.append(("a minute", state.requests_a_minute > 0 ? state.rateText : nil))
      facts.append(("quota", state.quotaText { "\($0.formatted(.iso8601).prefix(16).replacing("T", with: " ")) UTC" }))
    }
    facts.append(("notes", entry.notes))
    for (name, value) in facts {
      guard let value, !value.isEmpty else { continue }
      let indent = String(repeating: " ", count: Self.nameWidth)
      let lines = Wrapped.lines(value, columns: max(40, Terminal.standardOutput.size.columns - Self.nameWidth))
      print(style.dim(name.padded(to: Self.nameWidth)) + lines.joined(separator: "\n" + indent))
    }
  }

  /// The longest name is `geography`, and two spaces.
  private static let nameWidth = 11
}

extension String? {
  fileprivate var orEmpty: String { self ?? "" }
}
