import ArgumentParser
import Catalog
import CatalogTools
import Console

/// Groups of datasets that are refreshed together.
struct FlowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flow",
    abstract:
      "Flows, the groups of datasets that are refreshed together: when they are due, what became of it, run one.",
    discussion: """
      Flows are defined in catalog/flows.yml, with their schedule and default years. While aker serve runs, they are enqueued \
      when they are due, and every due time is kept with what became of it.

      EXAMPLES
        aker flow ls
        aker flow history collect-permits
        aker flow pause collect-permits --reason "the site is down until Monday"
        aker flow run refresh-economic-indicators --workers 2
      """,
    subcommands: [List.self, History.self, Run.self, Trigger.self, Pause.self, Resume.self])

  struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Refresh a flow's datasets: enqueue its years, and watch until they have ended.",
      discussion: """
        The same as aker backfill --flow NAME --only all: what is published already is built again, and recorded as unchanged \
        where it is the same. --only missing leaves it alone.

        Exits with 1 when tasks failed.

        EXAMPLES
          aker flow run refresh-market-data --workers 2
          aker flow run collect-permits --years 2023 --as-of 2024-06 --detach
          aker flow run collect-permits --dry-run
        """)
    @Argument(help: "The flow, as aker flow ls names it.", completion: Names.flows) var flow: String
    @OptionGroup var partitions: PartitionOptions
    @OptionGroup var enqueuing: EnqueueOptions
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      let selection = BackfillSelection(
        scope: .flow(flow), partitions: partitions.choice, mode: partitions.mode ?? .all)
      try await BackfillRun(selection: selection, enqueuing: enqueuing, options: options).run()
    }
  }
}
