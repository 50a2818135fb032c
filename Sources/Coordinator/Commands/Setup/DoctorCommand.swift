import ArgumentParser
import Base
import Postgres

/// Looks at each part that the work needs.
struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Look at each part that the work needs: ok, or a problem and what to do about it.",
    discussion: """
      Host, database, service and sources: of these, those whose datasets were ever backfilled here, or all while none was. Changes nothing, and starts no database. Each source's endpoint is asked once, and any \
      answer will do; --offline leaves that out.

      Exits with 1 when there is a problem.

      EXAMPLES
        aker doctor
        aker doctor --offline
        aker doctor --json
      """)
  @Flag(help: "Ask no source.") var offline = false
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let configuration = try options.configuration()
    var findings: [Finding] = []
    func found(_ new: [Finding]) {
      findings += new
      if !options.json { show(new) }
    }
    found(await HostChecks(configuration: configuration).findings())
    let database = await DatabaseChecks(configuration: configuration).findings()
    let inUse = await DatabaseChecks.datasetsInUse(database.connection)
    let service = await ServiceChecks(connection: database.connection).findings()
    await database.connection?.close()
    found(database.findings)
    found(service)
    found(await SourceChecks(configuration: configuration, isOnline: !offline, datasetsInUse: inUse).findings())
    if options.json { try printJSON(findings) }
    let problems = findings.count { $0.state == .problem }
    guard problems == 0 else {
      throw Failure(
        .unsuccessful, problems == 1 ? "there is a problem" : "there are \(problems) problems",
        advice: "What to do about each is said above.")
    }
    if !options.json { print("\nall is well") }
  }

  /// The area as a heading, then a line per finding, wrapped to the terminal.
  private func show(_ findings: [Finding]) {
    guard let first = findings.first else { return }
    let style = Style(.standardOutput)
    let columns = max(60, Terminal.standardOutput.columnLimit ?? .max)
    let nameWidth = min(Self.mostNameWidth, findings.map(\.name.count).max() ?? 0) + 2
    print(style.bold(first.area))
    for finding in findings {
      let word = finding.state.rawValue.padded(to: Self.wordWidth)
      let colored =
        switch finding.state {
        case .ok: style.green(word)
        case .note: style.yellow(word)
        case .problem: style.red(word)
        }
      let indent = 2 + Self.wordWidth + nameWidth
      let lines = Wrapped.lines(finding.detail, columns: columns - indent)
      let gap = "\n" + String(repeating: " ", count: indent)
      // A name that is wider than its column has a line of its own.
      let lead = finding.name.count + 2 > nameWidth ? finding.name + gap : finding.name.padded(to: nameWidth)
      print("  " + colored + lead + lines.joined(separator: gap))
      guard let advice = finding.advice, !advice.isEmpty else { continue }
      let advised = Wrapped.lines(advice, columns: columns - indent - 3)
      print(gap.dropFirst() + (Terminal.isUnicode ? "→ " : "> ") + advised.joined(separator: gap + "  "))
    }
  }

  /// `problem`, and two spaces.
  private static let wordWidth = 9
  private static let mostNameWidth = 24
}
