import ArgumentParser
import Base
import Console
import Postgres

/// What is wrong, and who is told.
struct AlertCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "alert",
    abstract: "List what is wrong now and what was, as aker serve found it; tell nobody of some of it for a while.",
    discussion: """
      The coordinator that leads looks every five seconds. Notices go where AKER_ALERT_WEBHOOK_URL and AKER_ALERT_SLACK_URL say \
      (docs/service.md), once per alert, and once more when it is over.

      EXAMPLES
        aker alert ls
        aker alert silence source_cooling_down bls_qcew --hours 12 --reason upkeep
      """,
    subcommands: [List.self, Silence.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ls", abstract: "List what is wrong now, and what was within a week.",
      discussion: "EXAMPLES\n  aker alert ls\n  aker alert ls --json")
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      let connection = try await Session.open(options).connectToLook()
      let alerts = try await AlertLine.list(state: nil, connection)
      if options.json { return try printJSON(alerts) }
      printTable(
        ["alert", "state", "since (UTC)", "severity", "what"],
        alerts.map { alert in
          let silenced = alert.silenced_until.map { " (silenced until \($0.shown()))" } ?? ""
          return [
            "\(alert.kind) \(alert.subject)", alert.state + silenced, alert.began_at.shown(), alert.severity,
            alert.summary,
          ]
        }, whenEmpty: "nothing is wrong, as far as a leading aker serve has seen")
      for alert in alerts where alert.state == "firing" && alert.silenced_until == nil { print("\n\(alert.advice)") }
    }
  }

  struct Silence: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tell nobody of some alerts for a while; what holds on after that is told then.",
      discussion: """
        Of a kind and subject as aker alert ls names them, of a kind, or (without either) of all. They are listed all the same.

        EXAMPLES
          aker alert silence
          aker alert silence dataset_stale building_permits --hours 72
          aker alert silence dataset_stale --hours 0     # ends it
        """)
    @Argument(help: "Which kind; all unless told.") var kind: String?
    @Argument(help: "Of which subject; all unless told.") var subject: String?
    @Option(help: "For so long; 0 ends a silence.") var hours = 4.0
    @Option(help: "Why.") var reason: String?
    @OptionGroup var options: GlobalOptions

    func validate() throws {
      guard (0...2160).contains(hours) else { throw ValidationError("--hours is from 0 to 2160") }
    }

    func run() async throws {
      let connection = try await Session.open(options).connectMigrated(migrates: false, needs: .admin)
      let made = try await AlertLine.silence(
        kind: kind, subject: subject, minutes: Int((hours * 60).rounded()), reason: reason, connection)
      await connection.close()
      if options.json { return try printJSON(made) }
      print(hours == 0 ? "alerts are told again" : "silenced until \(made.until.shown()) UTC")
    }
  }
}
