internal import HTTPTypes
internal import Base
internal import Console

extension Operations {
  private static let selection: [(String, Schema)] = [
    ("act", .string(values: ["retry", "cancel", "prioritize"])),
    (
      "selection",
      // What names nothing would be all tasks.
      .some(
        .fields(
          "backfill:id? dataset:str? source:str? region:str?",
          [
            ("tasks?", .list(.integer(least: 0, most: .max))), ("years?", .list(.integer(least: 1500, most: 2500))),
            ("error_class?", .string(values: ErrorClass.allCases.map(\.rawValue))),
          ]))
    ),
  ]
  private static let line = Schema.fields(
    "batch_id:int act:str selection:any reason:str? actor:str created_at:time finished_at:time? cancelled_at:time? "
      + "cancelled_by:str? total:int done:int left_alone:int state:str")

  static let batches: [Operation] = [
    .act(
      "previewBatch", "/batches/preview", "Which tasks an act would be done to, how many, and to which not, and why.",
      commands: [], level: .viewer, kind: .preview, body: .fields("", selection),
      answer: .fields(
        "tasks:int obstructed:int",
        [("examples", .list(.fields("task_id:int partition:str state:str obstacle:str?")))])
    ) { exchange in
      try Reply(
        try await BatchPreview.read(
          act: exchange.text("act") ?? "", selection: exchange.member("selection") ?? .object([:]),
          exchange.connection))
    },
    .act(
      "createBatch", "/batches",
      "Do an act to many tasks, piece by piece; it goes on whatever becomes of this service.",
      commands: ["retry", "cancel", "prioritize"], body: .fields("reason:str?", selection), answer: line
    ) { exchange in
      let batch = try await Batch.create(
        act: exchange.text("act") ?? "", selection: exchange.member("selection") ?? .object([:]),
        reason: exchange.text("reason"), actor: exchange.caller.name, exchange.connection)
      return try Reply(batch, status: .accepted, target: "batch \(batch.batch_id)")
    },
    .question(
      "listBatches", "/batches", "Acts on many tasks, the newest first.", commands: [], query: [limit, cursor],
      answer: .list(line), isPaged: true
    ) { exchange in
      let lines = try await Batch.list(before: exchange.cursor(), limit: exchange.limit(), exchange.connection)
      return try Reply(lines, next: lines.count == exchange.limit() ? lines.last?.batch_id : nil)
    },
    .question(
      "getBatch", "/batches/{batch}", "How far an act on many tasks is.", commands: [], answer: line
    ) { try Reply(try await Batch.read(Int64($0.number("batch") ?? 0), $0.connection)) },
    .question(
      "listBatchTasks", "/batches/{batch}/tasks", "What became of each of its tasks.", commands: [],
      query: [
        parameter("result", .string(values: ["waiting", "done", "left_alone", "cancelled"]), "Only those."), limit,
        cursor,
      ],
      answer: .list(.fields("task_id:int partition:str result:str reason:str?")), isPaged: true
    ) { exchange in
      let batch = Int64(exchange.number("batch") ?? 0)
      _ = try await Batch.read(batch, exchange.connection)
      let lines = try await BatchTask.list(
        batch, result: exchange.text("result"), after: exchange.cursor(), limit: exchange.limit(),
        exchange.connection)
      return try Reply(lines, next: lines.count == exchange.limit() ? lines.last?.task_id : nil)
    },
    .act(
      "cancelBatch", "/batches/{batch}/cancel", "Leave the rest of its tasks alone; what was done stays.", commands: [],
      body: nil, answer: line
    ) { exchange in
      let batch = Int64(exchange.number("batch") ?? 0)
      try await Batch.cancel(batch, actor: exchange.caller.name, exchange.connection)
      return try Reply(try await Batch.read(batch, exchange.connection), target: "batch \(batch)")
    },
  ]
}
