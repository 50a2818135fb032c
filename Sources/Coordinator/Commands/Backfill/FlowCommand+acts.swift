import ArgumentParser
import Catalog
import CatalogTools
import Console
import Postgres
import Schedule

extension FlowCommand {
  struct Pause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Skip a flow's due times until it is resumed; what it enqueued before runs on.",
      discussion: "EXAMPLES\n  aker flow pause collect-permits --reason \"the site is down until Monday\"")
    @Argument(help: "The flow, as aker flow ls names it.") var flow: String
    @Option(help: "Why; kept with each due time that is skipped.") var reason = "paused by operator"
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      try await FlowCommand.act(options) { try await $0.pause(flow, reason: reason) }
      try FlowCommand.report("paused", flow, "its due times are skipped until: aker flow resume \(flow)", options)
    }
  }

  struct Resume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let a paused flow be enqueued again when it is due; what was skipped stays skipped.",
      discussion: "EXAMPLES\n  aker flow resume collect-permits")
    @Argument(help: "The flow, as aker flow ls names it.") var flow: String
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      try await FlowCommand.act(options) { try await $0.resume(flow) }
      try FlowCommand.report(
        "resumed", flow, "what was skipped meanwhile can be done now: aker flow trigger \(flow)", options)
    }
  }

  struct Trigger: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Enqueue a flow now, as if it were due, and return.",
      discussion: """
        Refused where its backfill before has not ended, unless the flow's overlap is cancel. aker flow run does the same for years of \
        your choice, and watches.

        EXAMPLES
          aker flow trigger collect-permits
        """)
    @Argument(help: "The flow, as aker flow ls names it.") var flow: String
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      let session = try await Session.open(options)
      let connection = try await session.connectMigrated(migrates: false, needs: .admin)
      let folder = try CatalogLoading.folder(session.configuration)
      let definition = try CatalogLoading.flow(flow, from: folder)
      try await CatalogLoading.apply(
        try CatalogLoading.select(definition.datasets, from: folder), from: folder, session.configuration, connection)
      let regions = try RegionChoice(session.configuration, folder).parameter
      let made = try await FlowLedger(connection).trigger(flow, regions: regions)
      await connection.close()
      if options.json {
        return try printJSON(Triggered(flow: flow, backfill_id: made.backfillID, tasks: made.taskCount))
      }
      print(
        "backfill \(made.backfillID): \(made.taskCount) task\(made.taskCount == 1 ? "" : "s") enqueued\nwatch: aker watch \(made.backfillID)"
      )
    }

    private struct Triggered: Encodable {
      var flow: String
      var backfill_id: Int64
      var tasks: Int
    }
  }

  fileprivate static func act(_ options: GlobalOptions, _ body: (FlowLedger) async throws -> Void) async throws {
    let connection = try await Session.open(options).connectMigrated(migrates: false, needs: .admin)
    try await body(FlowLedger(connection))
    await connection.close()
  }

  fileprivate static func report(_ act: String, _ flow: String, _ text: String, _ options: GlobalOptions) throws {
    if options.json { return try printJSON(["flow": flow, "act": act]) }
    print("\(act) \(flow): \(text)")
  }
}
