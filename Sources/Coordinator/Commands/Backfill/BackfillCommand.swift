import ArgumentParser

/// The main command.
struct BackfillCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backfill",
    abstract: "Cut datasets × years into tasks, enqueue them, and watch until they have ended.",
    discussion: """
      Workers on any host run the tasks; --workers starts some here for as long as this command watches. Ctrl-C stops \
      watching, not the backfill. What is published already is skipped, with the reason; --force builds it again. Datasets that \
      read others need those first: a warning names what is missing, and --with-upstream adds it.

      Exits with 1 when tasks failed.

      EXAMPLES
        aker backfill market_income --years 2009-2020 --workers 2
        aker backfill market_income --years 2009-2023 --as-of 2024-06 --detach
        aker backfill --flow refresh-economic-indicators
        aker backfill --all --years 2015-2020 --only stale
        aker backfill market_income --years 2020 --dry-run
        aker backfill hazard_smoke --years 2021 --with-upstream
      """)

  @OptionGroup var backfill: BackfillOptions
  @OptionGroup var enqueuing: EnqueueOptions
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    try await BackfillRun(selection: backfill.selection, enqueuing: enqueuing, options: options).run()
  }
}
