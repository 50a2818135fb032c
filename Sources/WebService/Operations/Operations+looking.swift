internal import HTTPTypes
internal import Base
internal import Catalog
internal import CatalogTools
internal import Console
internal import FoundationEssentials
internal import Queue
internal import Settings

extension Operations {
  private static let states = Schema.string(values: TaskState.allCases.map(\.rawValue))
  private static let classes = Schema.string(values: ErrorClass.allCases.map(\.rawValue))
  static let backfillLine = Schema.fields(
    "backfill_id:int note:str? as_of:str state:str total:int completed:int failed:int running:int waiting:int "
      + "cancelled:int skipped:int created_at:time")
  static let taskLine = Schema.fields(
    "task_id:int backfill_id:int dataset:str data_year:int region:str as_of:str attempts:int reason:str? warnings:int",
    [("state", states), ("error_class?", classes)])

  static let looking: [Operation] = [
    .question(
      "getStatus", "/status", "The dataset × year grid: what the data is, and what the last work on it does or did.",
      commands: ["status"],
      answer: .list(
        .fields(
          "dataset:str data_year:int state:str data:str work:str? data_sign:str work_sign:str? total:int completed:int "
            + "failed:int cancelled:int running:int blocked:int paused:int warned:int"))
    ) { try Reply(try await StatusCell.list($0.connection)) },
    .question(
      "getOverview", "/overview", "The queue in lines: workers, open backfills, what is paused or cooling down.",
      commands: ["status"], answer: .list(.fields("item:str value:str detail:str?"))
    ) { try Reply(try await OverviewLine.list($0.connection)) },
    .question(
      "listBackfills", "/backfills", "Backfills, the newest first.", commands: ["backfills"], query: [limit, cursor],
      answer: .list(backfillLine), isPaged: true
    ) { exchange in
      let lines = try await BackfillLine.list(
        before: exchange.cursor(), limit: exchange.limit(), exchange.connection)
      return try Reply(lines, next: lines.count == exchange.limit() ? lines.last?.backfill_id : nil)
    },
    .question(
      "watchBackfill", "/backfills/{backfill}", "How far a backfill is: grid, counts, workers, sources, failures.",
      commands: ["watch"], answer: snapshot
    ) { exchange in
      let backfill = Int64(exchange.number("backfill") ?? 0)
      try await TargetTasks.requireExistence(.backfill(backfill, dataset: nil), exchange.connection)
      let snapshot = try await SnapshotReader(backfillID: backfill).read(exchange.connection)
      var reply = try Reply(SnapshotRecord(snapshot, at: try await DatabaseClock.now(exchange.connection)))
      reply.tagged = try Reply(SnapshotRecord(snapshot, at: .distantPast)).json
      return reply
    },
    .question(
      "listTasks", "/tasks", "Tasks, filtered: what failed, and why; what runs; what waits.", commands: ["tasks"],
      query: [
        parameter("backfill", .integer(least: 0), "Of this backfill."), parameter("state", states, "In this state."),
        parameter("dataset", .string(), "Of this dataset."),
        parameter("year", .integer(least: 1500, most: 2500), "Of this year."),
        parameter("error_class", classes, "That failed so."),
        parameter("warned", .boolean, "Only those that were published with warnings."),
        parameter("all", .boolean, "Also those whose failure is history."), limit, cursor,
      ], answer: .list(taskLine), isPaged: true
    ) { exchange in
      let lines = try await TaskLine.list(
        TaskLine.Filter(
          backfill: exchange.number("backfill").map(Int64.init), state: exchange.text("state").flatMap(TaskState.init),
          dataset: exchange.text("dataset"), year: exchange.number("year"),
          errorClass: exchange.text("error_class").flatMap(ErrorClass.init), withSuperseded: exchange.flag("all"),
          warned: exchange.flag("warned"), after: exchange.cursor(), limit: exchange.limit()),
        exchange.connection)
      return try Reply(lines, next: lines.count == exchange.limit() ? lines.last?.task_id : nil)
    },
    .question(
      "getTask", "/tasks/{task}", "A task's whole story: attempts, what each met, and what to do next.",
      commands: ["task"], answer: story
    ) { exchange in
      let task = Int64(exchange.number("task") ?? 0)
      let lake = exchange.configuration.cachePath + "/data_lake"
      guard let story = try await TaskStory.read(task, lake: lake, exchange.connection) else {
        throw Problem(.notFound, "there is no task \(task)", hint: "aker tasks lists them.")
      }
      return try Reply(story)
    },
    .question(
      "getTaskLog", "/tasks/{task}/log", "What its attempts logged, a hundred lines of each at most.",
      commands: ["task"], answer: .list(.fields("attempt_number:int at:time level:str text:str"))
    ) { exchange in
      let task = Int64(exchange.number("task") ?? 0)
      guard let lines = try await TaskLogLine.list(task, exchange.connection) else {
        throw Problem(.notFound, "there is no task \(task)", hint: "GET /tasks lists them.")
      }
      return try Reply(lines)
    },
    .question(
      "whyTask", "/tasks/{task}/why", "In one sentence why a task waits, or how it ended.", commands: ["why"],
      answer: .fields("why:str")
    ) { exchange in
      try Reply(["why": try await TaskLine.why(Int64(exchange.number("task") ?? 0), exchange.connection)])
    },
    .question(
      "listWorkers", "/workers", "Living workers, and those that ended in the last hour, with the reason.",
      commands: ["workers"],
      answer: .list(
        .fields(
          "worker_id:int name:str host:str pid:int? version:str? state:str slots:int busy:int last_heard:str? "
            + "started_at:time end_reason:str? host_trouble:str? unwell_for:str?"))
    ) { try Reply(try await WorkerLine.list($0.connection)) },
    .question(
      "listWarnings", "/warnings", "The warnings of what is published now.", commands: ["warnings"],
      query: [
        parameter("dataset", .string(), "Of this dataset."),
        parameter("year", .integer(least: 1500, most: 2500), "Of this year."), limit,
      ],
      answer: .list(
        .fields("dataset:str data_year:int region:str as_of:str what:str column_name:str? message:str?"))
    ) { exchange in
      try Reply(
        try await WarningLine.list(
          dataset: exchange.text("dataset"), year: exchange.number("year"), limit: exchange.limit(200),
          exchange.connection))
    },
    .question(
      "listSources", "/sources", "The sources: limits, cool-downs, quotas, and which datasets ask them.",
      commands: ["sources"], answer: .list(source)
    ) { try Reply(try await sources($0)) },
    .question(
      "getSource", "/sources/{source}", "One source.", commands: ["sources"], answer: source
    ) { exchange in
      let name = exchange.text("source") ?? ""
      guard let entry = try await sources(exchange).first(where: { $0.id == name }) else {
        throw Problem(.notFound, "there is no source '\(OutsideText.line(name))'", hint: "aker sources lists them.")
      }
      return try Reply(entry)
    },
  ]

  private static let source = Schema.fields(
    "id:str name:str enabled:bool endpoint:str geography:strs cadence:str? license:str? cache_ttl_days:num "
      + "per_second:num? per_minute:num? per_day:int? burst:int? concurrency:int? key_variable:str? key_is_set:bool? "
      + "notes:str? datasets:strs",
    [
      (
        "state?",
        .fields(
          "running:int requests_today:int requests_ever:int cool_down_seconds:int? cool_down_reason:str? "
            + "pause_reason:str? daily_quota:int? requests_a_minute:num quota_ends_at:time? quota_resets_at:time?")
      )
    ])

  private static func sources(_ exchange: Exchange) async throws -> [SourceEntry] {
    let folder = exchange.configuration.catalogPath
    let datasets = KeptCatalog.folder(folder).datasets
    let registry = try SourceRegistry(directory: folder, environment: exchange.configuration.environment)
    let states = try await SourceState.read(exchange.connection)
    // Of keys it is told whether this host has them, and never what they are; workers have their own.
    return registry.sources.values.sorted { $0.id < $1.id }.map {
      SourceEntry($0, datasets: datasets, configuration: exchange.configuration, state: states[$0.id])
    }
  }

  private static let snapshot = Schema.fields(
    "at:time title:str state:str remaining_seconds:int?",
    [
      (
        "counts",
        .fields("total:int published:int kept:int failed:int cancelled:int running:int waiting:int skipped:int")
      ),
      (
        "grid",
        .list(
          .fields(
            "dataset:str data_year:int state:str data:str work:str? total:int published:int kept:int failed:int "
              + "cancelled:int running:int skipped:int warned:int"))
      ),
      (
        "workers",
        .list(
          .fields(
            "name:str slots:int busy:int draining:bool",
            [("tasks", .list(.fields("partition:str attempt:int seconds:int")))]))
      ),
      (
        "sources",
        .list(
          .fields(
            "source:str running:int requests_per_second:num? limit_per_second:num? requests_today:int daily_quota:int? "
              + "note:str?"))
      ),
      (
        "failures",
        .list(
          .fields(
            "dataset:str first_year:int last_year:int count:int reason:str example_task:int final:bool",
            [("error_class", classes)]))
      ),
      (
        "warnings",
        .list(.fields("dataset:str first_year:int last_year:int partitions:int what:str message:str"))
      ),
    ])

  private static let story = Schema.fields(
    "task_id:int backfill_id:int note:str? dataset:str data_year:int region:str as_of:str is_this_month:bool "
      + "created_at:time applied_definition:str? attempt_count:int max_attempts:int reason:str? advice:str? source_id:str? why:str? report:str? next:strs",
    [
      ("state", states), ("error_class?", classes),
      (
        "attempts",
        .list(
          .fields(
            "attempt_number:int state:str worker_name:str? host:str? started_at:time seconds:num? step:str? error:str? "
              + "reason:str? causes:strs advice:str? definition_hash:str?",
            [
              ("error_class?", classes),
              ("steps", .list(.fields("step:str after:num seconds:num? done:bool detail:str?"))),
              (
                "inputs",
                .list(
                  .fields(
                    "request:str source:str url:str fetched_at:str byte_count:int sha256:str? cache_hit:bool"))
              ),
            ]))
      ),
      (
        "failed_checks",
        .list(
          .fields(
            "check_name:str column_name:str? severity:str message:str? arguments:any expected:str? percent:str? "
              + "examples:anys"))
      ),
      (
        "publication?",
        .fields(
          "publication_id:int outcome:str shown_as_of:str? row_count:int byte_count:int lake_path:str is_synthetic:bool",
          [("steps", .list(.fields("step:str seconds:num")))])
      ),
      (
        "inputs",
        .list(
          .fields(
            "request_name:str? source_id:str? url:str? byte_count:int? cache_hit:bool? note:str? fetched_at:time? "
              + "upstream_dataset:str? upstream_publication:int?"))
      ),
      (
        "failed_upstream",
        .list(.fields("task_id:int dataset:str data_year:int region:str reason:str?", [("state", states)]))
      ),
    ])
}
