import ArgumentParser
import Base
import Console
import Postgres
import WebService

/// Who may use the API.
struct TokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token",
    abstract: "Say who may use the API of aker serve, and as what; list what was done by it.",
    discussion: """
      A token is told once, when it is made: the database keeps its hash. Its requests run under the database role of its level: \
      viewer (aker_reader), operator (aker_operator) or admin (aker_admin).

      EXAMPLES
        aker token create mia --level operator --days 90
        aker token ls
        aker token revoke mia
        aker token audit
      """,
    subcommands: [Create.self, List.self, Revoke.self, Audit.self])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a token and print it, this once.",
      discussion: """
        Printed alone on standard output, so that it can go into a file.

        EXAMPLES
          aker token create mia --level operator
          aker token create grafana --days 365 > /etc/grafana/aker.token
        """)
    @Argument(help: "Whose: letters, digits, . _ @ and -.") var name: String
    @Option(help: ArgumentHelp("viewer, operator or admin.", valueName: "level")) var level = Level.viewer
    @Option(help: "For how many days it is valid.") var days = 90
    @OptionGroup var options: GlobalOptions

    func validate() throws {
      guard (1...3650).contains(days) else { throw ValidationError("--days is from 1 to 3650") }
    }

    func run() async throws {
      let connection = try await Session.open(options).connectMigrated(migrates: false, needs: .admin)
      let made = try await AccessToken.create(name, level: level.rawValue, days: days, connection)
      await connection.close()
      if options.json { return try printJSON(made) }
      print(made.token)
      Terminal.standardError.write(
        "\(level.rawValue) until \(made.expires_at.shown()) UTC; send it as: Authorization: Bearer TOKEN\n")
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ls", abstract: "List tokens: their levels, when they end and when they were last used.",
      discussion: "EXAMPLES\n  aker token ls\n  aker token ls --json")
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      let connection = try await Session.open(options).connectToLook()
      let tokens = try await AccessToken.list(connection)
      if options.json { return try printJSON(tokens) }
      printTable(
        ["token", "level", "state", "until (UTC)", "last used (UTC)", "made by"],
        tokens.map {
          [$0.name, $0.level, $0.state, $0.expires_at.shown(), $0.last_used_at?.shown() ?? "never", $0.created_by]
        }, whenEmpty: "there is no token: aker token create NAME")
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "End a token at once.", discussion: "EXAMPLES\n  aker token revoke mia")
    @Argument(help: "The token's name, as aker token ls has it.") var name: String
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      let connection = try await Session.open(options).connectMigrated(migrates: false, needs: .admin)
      try await AccessToken.revoke(name, connection)
      await connection.close()
      if options.json { return try printJSON(["name": name, "state": "revoked"]) }
      print("revoked \(name): its next request is refused")
    }
  }

  struct Audit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List what was done by the API, by whom, on what and from where; and what was refused.",
      discussion: "EXAMPLES\n  aker token audit\n  aker token audit --limit 500 --json")
    @Option(help: "At most so many.") var limit = 50
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      let connection = try await Session.open(options).connectMigrated(migrates: false, needs: .admin)
      let lines = try await AuditLine.list(before: nil, limit: limit, connection)
      await connection.close()
      if options.json { return try printJSON(lines) }
      printTable(
        ["at (UTC)", "who", "level", "from", "act", "on", "outcome"],
        lines.map { [$0.at.shown(), $0.actor, $0.level, $0.address, $0.act, $0.target, $0.outcome] },
        whenEmpty: "nothing was done by the API yet")
    }
  }
}
