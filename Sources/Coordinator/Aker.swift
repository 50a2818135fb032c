import ArgumentParser
@preconcurrency import Glibc

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

      WHEN TASKS FAILED
        aker backfills                      # which backfill
        aker tasks --state failed           # which partitions, and why
        aker task 8812                      # its whole story, and what to do
        aker retry --backfill 3             # when the cause is gone

      Without AKER_POSTGIS_DSN, an embedded PostGIS under .aker/ is used; aker config shows every setting.
      """,
    version: Version.text,
    groupedSubcommands: [
      CommandGroup(
        name: "Backfill",
        subcommands: [
          PlanCommand.self, BackfillCommand.self, FlowCommand.self, WatchCommand.self, RunCommand.self,
        ]),
      CommandGroup(
        name: "Look",
        subcommands: [
          StatusCommand.self, BackfillsCommand.self, TasksCommand.self, TaskCommand.self, WhyCommand.self,
          WorkersCommand.self, SourcesCommand.self, WarningsCommand.self,
        ]),
      CommandGroup(
        name: "Act",
        subcommands: [
          RetryCommand.self, CancelCommand.self, PauseCommand.self, ResumeCommand.self, PrioritizeCommand.self,
        ]),
      CommandGroup(
        name: "Data",
        subcommands: [
          LineageCommand.self, ValidateCommand.self, ReproduceCommand.self, LakeCommand.self, CacheCommand.self,
          CatalogCommand.self, ReviewCommand.self,
        ]),
      CommandGroup(
        name: "Set up",
        subcommands: [
          DemoCommand.self, DoctorCommand.self, ServeCommand.self, TokenCommand.self, AlertCommand.self,
          DatabaseCommand.self, MigrateCommand.self, ConfigCommand.self,
        ]),
    ])

  static func main() async {
    // A reader that went away (`aker tasks | head`) is an EPIPE for us to see, not a signal to die of.
    signal(SIGPIPE, SIG_IGN)
    if CommandLine.arguments.dropFirst() == ["--version"] { return print(await Version.full()) }
    do {
      var command = try await asyncParseAsRoot()
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
