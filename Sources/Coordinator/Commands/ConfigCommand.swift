import ArgumentParser
import Pipeline
import Postgres

/// Shows the effective configuration.
struct ConfigCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "Show every setting, its value and where it came from.",
    discussion: """
      A flag wins over the environment, the environment over aker.yml, and that over the default. Secrets are not shown.

      EXAMPLES
        aker config
        aker config --json
      """)
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let configuration = try options.configuration()
    let rows = Setting.allCases.map { setting in
      let value = configuration.values[setting]
      let origin =
        switch value?.origin {
        case .flag: "flag"
        case .environment(let variable): variable
        case .file(let path): path
        case .standard, nil: "default"
        }
      return Row(
        setting: setting.rawValue, value: shown(setting, value?.text), origin: origin,
        explanation: setting.explanation)
    }
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

  private func shown(_ setting: Setting, _ text: String?) -> String? {
    guard setting == .postgisDSN, let text else { return text }
    return PostgresConfiguration(dsn: text).redactedDSN
  }

  private struct Row: Encodable {
    var setting: String
    var value: String?
    var origin: String
    var explanation: String
  }
}
