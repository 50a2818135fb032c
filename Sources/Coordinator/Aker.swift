import ArgumentParser
import Glibc

/// The operator's program.
@main
struct Aker: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "aker",
    abstract: "Backfill years of datasets from public sources into a PostGIS warehouse and a Parquet lake.",
    discussion: """
      A backfill is cut into tasks (one year of one dataset), which workers on any number of hosts run. Each partition is \
      published exactly once; what failed, why, and what to do is one command away.

      FIRST STEPS
        aker backfill market_income --years 2009-2020 --workers 2
        aker status
        aker lineage market_income 2012

      Without AKER_POSTGIS_DSN, an embedded PostGIS under .aker/ is used; aker config shows every setting.
      """,
    version: Version.text,
    groupedSubcommands: [
      CommandGroup(name: "Set up", subcommands: [DatabaseCommand.self, MigrateCommand.self, ConfigCommand.self])
    ])

  static func main() async {
    // A reader that went away (`aker tasks | head`) is an EPIPE for us to see, not a signal to die of.
    signal(SIGPIPE, SIG_IGN)
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      Failure.exit(error)
    }
  }
}
