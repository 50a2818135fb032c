import ArgumentParser
import Catalog
import CatalogTools
import Console

/// Groups of datasets that are refreshed together.
struct FlowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flow", abstract: "List flows, the groups of datasets that are refreshed together, or run one.",
    discussion: """
      Flows are defined in catalog/flows.yml, with their schedule and default years. While aker serve runs, they are enqueued \
      when they are due.

      EXAMPLES
        aker flow ls
        aker flow run refresh-economic-indicators --workers 2
      """,
    subcommands: [List.self, Run.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ls", abstract: "List the flows: when they are due, which datasets and which years.",
      discussion: "EXAMPLES\n  aker flow ls\n  aker flow ls --json")
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      let folder = try CatalogLoading.folder(try options.configuration())
      if options.json { return try printJSON(folder.flows.map(Line.init)) }
      if folder.flows.isEmpty { return print("the catalog has no flows.yml") }
      let table = Table(
        headings: ["flow", "schedule (UTC)", "years", "datasets"],
        rows: folder.flows.flatMap { flow in
          // One dataset per line: the names of five are wider than a terminal.
          flow.datasets.enumerated().map { index, dataset in
            index == 0
              ? [flow.name, flow.schedule?.description ?? "by hand", Self.years(flow.years), dataset]
              : ["", "", "", dataset]
          }
        })
      Terminal.standardOutput.write(table.rendered(Style(.standardOutput)))
      print("\nyears are counted from this one; run one now: aker flow run \(folder.flows[0].name)")
    }

    private static func years(_ years: ClosedRange<Int>) -> String {
      years.count == 1 ? "\(years.lowerBound)" : "\(years.lowerBound) to \(years.upperBound)"
    }

    private struct Line: Encodable {
      var name: String
      var title: String
      var schedule: String?
      var datasets: [String]
      var first_year: Int
      var last_year: Int

      init(_ flow: FlowDefinition) {
        (name, title, schedule, datasets) = (flow.name, flow.title, flow.schedule?.description, flow.datasets)
        (first_year, last_year) = (flow.years.lowerBound, flow.years.upperBound)
      }
    }
  }

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
