import ArgumentParser
import Settings
import Postgres
import Telemetry

/// Shows the effective configuration.
struct ConfigCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "Show every setting, its value and where it came from.",
    discussion: """
      A flag wins over the environment, the environment over aker.yml, and that over the default. Of secrets, it \
      says where they are from, and not what they are.

      EXAMPLES
        aker config
        aker config --json
      """)
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let configuration = try options.configuration()
    var rows = Setting.allCases.map { setting in
      let value = configuration.values[setting]
      return Row(
        setting: setting.rawValue, value: shown(setting, value?.text),
        origin: (value?.origin ?? .standard).name, explanation: setting.explanation)
    }
    rows += sources(configuration)
    if options.json {
      try printJSON(rows)
    } else {
      let cells = rows.map { [$0.setting, $0.value ?? "", $0.origin, $0.explanation] }
      let table = Table(headings: ["setting", "value", "from", "what"], rows: cells)
      Terminal.standardOutput.write(
        table.rendered(
          Style(.standardOutput), columns: Terminal.standardOutput.columnLimit, unicode: Terminal.isUnicode))
    }
  }

  /// What the environment says of sources: other base URLs, and secrets.
  private func sources(_ configuration: AkerConfiguration) -> [Row] {
    func row(_ variable: String, _ value: String, _ explanation: String) -> Row {
      let name = variable.dropFirst("AKER_".count)
      return Row(
        setting: (name.hasSuffix("_FILE") ? name.dropLast("_FILE".count) : name).lowercased(), value: value,
        origin: variable, explanation: explanation)
    }
    let redaction = Redaction(secrets: configuration.secretValues)
    return configuration.endpointVariables.map {
      let url = (configuration.environment[$0] ?? "").replacing(/:\/\/[^\/@]*@/, with: "://\(Redaction.mark)@")
      return row($0, redaction(url), "Base URL of the source, in place of the registry's.")
    }
      + configuration.secretVariables.map { row($0, "(secret)", "A secret that the catalog or the lake may ask for.") }
  }

  private func shown(_ setting: Setting, _ text: String?) -> String? {
    guard setting.isSecret, let text else { return text }
    return PostgresConfiguration(dsn: text).redactedDSN
  }

  private struct Row: Encodable {
    var setting: String
    var value: String?
    var origin: String
    var explanation: String
  }
}
