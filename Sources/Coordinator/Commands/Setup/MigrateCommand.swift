import ArgumentParser
import Configuration
import Database
import FoundationEssentials
import Postgres

/// Brings the database's structure up to date.
struct MigrateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate",
    abstract: "Bring the database's structure up to date.",
    discussion: """
      Forward only, each migration in a transaction, one migrator at a time. Refuses, and changes nothing, when an applied \
      migration was edited or when the database is newer than this build.

      EXAMPLES
        aker migrate
        aker migrate --status
      """)
  @OptionGroup var options: GlobalOptions
  @Flag(help: "Only show which migrations are applied.") var status = false

  func run() async throws {
    let session = try await Session.open(options)
    let migrator = try Migrator(directory: session.configuration.migrationsPath)
    let connection = try await session.connect()
    if !status {
      let applied = try await migrator.migrate(connection)
      if !options.json {
        for migration in applied { print("applied \(migration.version) \(migration.name)") }
        print(applied.isEmpty ? "nothing to do: the database is up to date" : "the database is up to date")
        return
      }
    }
    let rows = try await migrator.status(connection)
    if options.json {
      try printJSON(rows.map(StatusRow.init))
    } else {
      let cells = rows.map { ["\($0.version)", $0.name, $0.appliedAt.map(PostgresTimestamp.text) ?? "pending"] }
      print(
        Table(headings: ["version", "name", "applied_at"], rows: cells).rendered(Style(.standardOutput)), terminator: ""
      )
    }
  }

  private struct StatusRow: Encodable {
    var version: Int
    var name: String
    var applied_at: String?

    init(_ status: Migrator.Status) {
      version = status.version
      name = status.name
      applied_at = status.appliedAt.map(PostgresTimestamp.text)
    }
  }
}
