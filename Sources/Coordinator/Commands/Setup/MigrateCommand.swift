import ArgumentParser
import Base
import Settings
import Database
import FoundationEssentials
import Postgres

/// Brings the database's structure up to date.
struct MigrateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate",
    abstract: "Bring the database's structure up to date.",
    discussion: """
      Forward only, all that is pending in one transaction, one migrator at a time. Refuses, and changes nothing, when an \
      applied migration was edited or when a newer aker has been here. Views of your own that read aker's, and rights that \
      you gave on them, are kept. The roles and their rights are compared with what they should be, and mended: a dump that \
      is restored into another server has lost them.

      Workers that are alive go on where their version is served by the new structure. Where one is not, nothing is changed and it is \
      named; with --drain, such workers first finish what they hold, and end.

      EXAMPLES
        aker migrate
        aker migrate --drain
        aker migrate --status
      """)
  @OptionGroup var options: GlobalOptions
  @Flag(help: "Only show which migrations are applied.") var status = false

  @Flag(help: "Let workers of a version that is served no longer finish what they hold, and end.") var drain = false
  @Option(help: ArgumentHelp("How long these have.", valueName: "seconds")) var drainTimeout = 600

  func validate() throws {
    guard drainTimeout > 0 else { throw ValidationError("--drain-timeout must be at least 1") }
  }

  func run() async throws {
    let session = try await Session.open(options)
    let migrator = try Migrator(
      directory: session.configuration.migrationsPath, akerVersion: Version.number)
    let connection = try await session.connect()
    if !status {
      if try await LoginRights.read(connection).isStandby { throw Failure.standby }
      let applied = try await apply(migrator, connection)
      let mended = try await migrator.mendRights(connection)
      if !options.json {
        for name in applied { print("applied \(name)") }
        if let first = mended.first {
          print("mended \(mended.count.counted("right")) of the roles, such as: \(first)")
        }
        print(
          applied.isEmpty && mended.isEmpty ? "nothing to do: the database is up to date" : "the database is up to date"
        )
        return
      }
    }
    let rows = try await migrator.status(connection)
    if options.json {
      try printJSON(rows.map(StatusRow.init))
    } else {
      let cells = rows.map {
        [
          $0.version.map(String.init) ?? "", $0.name, $0.appliedAt.map(PostgresTimestamp.text) ?? "pending",
          $0.akerVersion ?? "",
        ]
      }
      print(
        Table(headings: ["version", "name", "applied_at", "aker"], rows: cells).rendered(
          Style(.standardOutput), columns: Terminal.standardOutput.columnLimit, unicode: Terminal.isUnicode),
        terminator: ""
      )
    }
  }

  private func apply(_ migrator: Migrator, _ connection: PostgresConnection) async throws -> [String] {
    guard drain else { return try await migrator.migrate(connection) }
    return try await migrator.migrate(connection, drainingFor: .seconds(drainTimeout)) { workers in
      if !options.json { print("waiting for what these run: \(workers)") }
    }
  }

  private struct StatusRow: Encodable {
    /// Nil for functions, views and grants.
    var version: Int?
    var name: String
    var applied_at: String?
    var aker_version: String?

    init(_ status: Migrator.Status) {
      version = status.version
      name = status.name
      applied_at = status.appliedAt.map(PostgresTimestamp.text)
      aker_version = status.akerVersion
    }
  }
}
