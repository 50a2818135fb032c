import Base
import ArgumentParser
import Settings
import Database
import FoundationEssentials
import Glibc
import Postgres

/// The embedded database, and the way into whichever is used.
struct DatabaseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "database",
    abstract: "Start, stop or open the database.",
    discussion: """
      EXAMPLES
        aker database psql                          # look around
        aker database psql -c 'TABLE queue.overview'
        psql "$(aker database url)"
        aker database stop
      """,
    subcommands: [Start.self, Stop.self, Psql.self, URL.self, Remove.self])

  private struct Report: Encodable {
    var state: String
    var dsn: String?
    /// Whether this command made it so.
    var changed: Bool
  }

  struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Start the embedded database if it is not running.", discussion: "EXAMPLES\n  aker database start")
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      let cluster = try embeddedCluster(options)
      let isRunning = try await cluster.running() != nil
      let database = try await cluster.start()
      if options.json {
        return try printJSON(Report(state: "running", dsn: database.redactedDSN, changed: !isRunning))
      }
      print(isRunning ? "already running: \(database.redactedDSN)" : "started: \(database.redactedDSN)")
    }
  }

  struct Stop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Stop the embedded database; its data stay.", discussion: "EXAMPLES\n  aker database stop")
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      let wasRunning = try await embeddedCluster(options).stop()
      if options.json { return try printJSON(Report(state: "stopped", changed: wasRunning)) }
      print(wasRunning ? "stopped" : "was not running")
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Stop the embedded database and delete all its data.",
      discussion: "EXAMPLES\n  aker database remove --yes")
    @OptionGroup var options: GlobalOptions
    @Flag(help: "Do it: without this flag nothing is deleted.") var yes = false

    func run() async throws {
      guard yes else {
        throw Failure(
          .usage, "this deletes the embedded database with all it holds",
          advice: "To go ahead: aker database remove --yes")
      }
      try await embeddedCluster(options).remove()
      if options.json { return try printJSON(Report(state: "removed", changed: true)) }
      print("removed")
    }
  }

  struct URL: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the database as a URL, without its password; starts the embedded database if need be.",
      discussion:
        "psql, SQLAlchemy, DuckDB and others take it.\n\nEXAMPLES\n  psql \"$(aker database url)\"\n  aker database url"
    )
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      let dsn = try await Session.open(options).database.redactedURL
      if options.json { return try printJSON(Report(state: "running", dsn: dsn, changed: false)) }
      print(dsn)
    }
  }

  struct Psql: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Open psql on the database, with the arguments given.",
      discussion:
        "Output is psql's, also its formats: --csv, --html, or to_json in SQL.\n\n"
        + "EXAMPLES\n  aker database psql\n  aker database psql -c 'TABLE queue.overview'")
    @OptionGroup var options: GlobalOptions
    @Argument(parsing: .captureForPassthrough, help: "Arguments for psql.") var arguments: [String] = []

    func run() async throws {
      let database = try await Session.open(options).database
      // In the environment and not among the arguments, which every user of the host can read.
      for (keyword, variable) in [("password", "PGPASSWORD"), ("sslkey", "PGSSLKEY")] {
        if let value = database.setting(keyword) { setenv(variable, value, 1) }
      }
      // `aker database psql -- -c …` means the same; psql would take what follows its own `--` for a database.
      let given = arguments.first == "--" ? Array(arguments.dropFirst()) : arguments
      let command = ["psql", "--dbname", database.redactedDSN] + given
      var pointers = command.map { strdup($0) } + [nil]
      execvp("psql", &pointers)
      throw Failure(
        .unavailable, "psql cannot be run: \(String(cString: strerror(errno)))",
        advice: "Install it, for instance with: apt-get install postgresql-client")
    }
  }

  private static func embeddedCluster(_ options: GlobalOptions) throws -> EmbeddedCluster {
    let configuration = try options.configuration()
    if configuration.postgisDSN != nil {
      throw Failure(
        .usage, "AKER_POSTGIS_DSN is set, so the embedded database is not in use",
        advice: "Unset it to start, stop or remove the embedded one.")
    }
    return configuration.embeddedCluster
  }
}
