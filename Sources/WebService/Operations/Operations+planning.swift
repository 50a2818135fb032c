internal import Console
internal import FoundationEssentials
internal import HTTPTypes

extension Operations {
  private static let choice: [(String, Schema)] = [
    ("regions?", .list(.string(pattern: "^[A-Za-z0-9_-]{1,16}$"))), ("as_of?", .month),
    ("allow_future_vintage?", .boolean),
    ("only?", .string(values: PartitionMode.allCases.map(\.rawValue))), ("with_upstream?", .boolean),
    ("order?", .string(values: PartitionOrder.allCases.map(\.rawValue))),
    ("max_running?", .integer(least: 1, most: 100_000)),
  ]

  /// Datasets, all of them, or a flow's; a flow knows its years.
  private static func chosen(_ more: [(String, Schema)]) -> Schema {
    .either([
      .fields("", [("datasets", .list(.string(), least: 1)), ("years", .years)] + choice + more),
      .fields("flow:str", [("years?", .years)] + choice + more),
      .fields("", [("all", .yes), ("years", .years)] + choice + more),
    ])
  }

  static let planning: [Operation] = [
    .act(
      "plan", "/plan", "What a backfill would do, what it would ask of each source, and how long it would take.",
      commands: ["plan"], level: .viewer, kind: .preview,
      body: chosen([("slots?", .integer(least: 1, most: 10_000)), ("detail?", .boolean)]),
      answer: .anything
    ) { exchange in
      let selection = try selection(exchange)
      // As the database knows the definitions: those of the service's folder are applied with a backfill.
      return try Reply(
        try await selection.plan(
          slots: exchange.number("slots"), maxRunning: exchange.number("max_running"), detail: exchange.flag("detail"),
          mayApply: false, exchange.configuration, exchange.connection))
    },
    .act(
      "backfill", "/backfills", "Enqueue datasets × years, or a flow's.", commands: ["backfill", "flow run"],
      body: chosen([("priority?", .integer(least: -100, most: 100)), ("key?", .string())]),
      answer: .fields("backfill_id:int task_count:int skipped_count:int"),
      prepare: { exchange in
        _ = try await selection(exchange).prepare(exchange.configuration, exchange.connection)
      }
    ) { exchange in
      let chosen = try await selection(exchange).known(exchange.configuration, exchange.connection)
      let made = try await chosen.enqueue(
        priority: exchange.number("priority") ?? 0, maxRunning: exchange.number("max_running"),
        key: exchange.text("key"), exchange.connection)
      return try Reply(made, status: .created, target: "backfill \(made.backfillID)")
    },
  ]

  static func selection(_ exchange: Exchange) throws -> BackfillSelection {
    let (names, flow) = (exchange.texts("datasets") ?? [], exchange.text("flow"))
    guard [exchange.flag("all"), flow != nil, !names.isEmpty].count(where: { $0 }) == 1 else {
      throw Problem(.unprocessableContent, "say one of: datasets, flow, all")
    }
    let years = exchange.text("years").flatMap(YearList.init(argument:))
    guard years != nil || flow != nil else {
      throw Problem(.unprocessableContent, "say which years", hint: "Such as \"2009-2023,2025\".")
    }
    let scope: BackfillSelection.Scope = exchange.flag("all") ? .all : flow.map { .flow($0) } ?? .datasets(names)
    return BackfillSelection(
      scope: scope,
      partitions: PartitionChoice(
        years: years, regions: exchange.texts("regions") ?? [], asOf: exchange.text("as_of"),
        allowFutureVintage: exchange.flag("allow_future_vintage"), withUpstream: exchange.flag("with_upstream"),
        order: exchange.text("order").flatMap(PartitionOrder.init) ?? .newest),
      mode: exchange.text("only").flatMap(PartitionMode.init) ?? (flow == nil ? .missing : .all))
  }
}
