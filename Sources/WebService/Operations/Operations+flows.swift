internal import Catalog
internal import Settings
internal import HTTPTypes
internal import Base
internal import CatalogTools
internal import Console
internal import Schedule

extension Operations {
  private static let acted = Schema.fields("flow:str act:str")
  private static let state = Schema.fields(
    "flow:str next_due_at:time? paused_at:time? pause_reason:str? trouble:str? last_due_at:time? last_fate:str? "
      + "last_reason:str? last_backfill_id:int? open_backfill_id:int? missed_count:int")

  static let flows: [Operation] = [
    .question(
      "listFlows", "/flows", "The flows: when each is due, what became of its last due time, which datasets and years.",
      commands: ["flow ls"],
      answer: .list(
        .fields(
          "name:str title:str schedule:str? schedule_in_words:str? time_zone:str datasets:strs regions:strs? "
            + "first_year:int last_year:int catch_up:str overlap:str", [("state?", state)]))
    ) { exchange in
      let folder = KeptCatalog.folder(exchange.configuration.catalogPath)
      let states = Dictionary(
        uniqueKeysWithValues: try await FlowLedger(exchange.connection).states().map { ($0.flow, $0) })
      return try Reply(folder.flows.map { FlowLine($0, states[$0.name]) })
    },
    .question(
      "getFlowHistory", "/flows/{flow}/history", "A flow's due times, the latest first, and what became of each.",
      commands: ["flow history"], query: [limit],
      answer: .list(
        .fields(
          "due_at:time fate:str reason:str? backfill_id:int? triggered_by:str? noted_at:time settled_at:time?"))
    ) { exchange in
      let name = try await requireFlow(exchange)
      return try Reply(try await FlowLedger(exchange.connection).history(name, limit: exchange.limit(20)))
    },
    .act(
      "pauseFlow", "/flows/{flow}/pause", "Skip a flow's due times until it is resumed.", commands: ["flow pause"],
      body: .fields("reason:str?"), answer: acted
    ) { exchange in
      let name = exchange.text("flow") ?? ""
      try await FlowLedger(exchange.connection).pause(name, reason: exchange.text("reason") ?? "paused by operator")
      return try Reply(["flow": name, "act": "paused"], target: "flow \(name)")
    },
    .act(
      "resumeFlow", "/flows/{flow}/resume", "Let a paused flow be enqueued again when it is due.",
      commands: ["flow resume"], body: nil, answer: acted
    ) { exchange in
      let name = exchange.text("flow") ?? ""
      try await FlowLedger(exchange.connection).resume(name)
      return try Reply(["flow": name, "act": "resumed"], target: "flow \(name)")
    },
    .act(
      "triggerFlow", "/flows/{flow}/trigger", "Enqueue a flow now, as if it were due.", commands: ["flow trigger"],
      body: nil, answer: .fields("flow:str backfill_id:int tasks:int"),
      prepare: { exchange in
        let folder = try CatalogLoading.folder(exchange.configuration)
        let flow = try CatalogLoading.flow(exchange.text("flow") ?? "", from: folder)
        try await CatalogLoading.apply(
          try CatalogLoading.select(flow.datasets, from: folder), from: folder, exchange.configuration,
          exchange.connection)
      }
    ) { exchange in
      let name = exchange.text("flow") ?? ""
      let folder = try CatalogLoading.folder(exchange.configuration)
      let regions = try RegionChoice(exchange.configuration, folder).parameter
      let made = try await FlowLedger(exchange.connection).trigger(name, regions: regions)
      struct Triggered: Encodable {
        var flow: String
        var backfill_id: Int64
        var tasks: Int
      }
      return try Reply(
        Triggered(flow: name, backfill_id: made.backfillID, tasks: made.taskCount), status: .created,
        target: "flow \(name)")
    },
  ]

  private static func requireFlow(_ exchange: Exchange) async throws -> String {
    let name = exchange.text("flow") ?? ""
    guard try await FlowLedger(exchange.connection).states().contains(where: { $0.flow == name }) else {
      throw Problem(.notFound, "there is no flow '\(OutsideText.line(name))'", hint: "aker flow ls lists them.")
    }
    return name
  }
}
