internal import HTTPTypes
internal import Base
internal import Console
internal import Queue

extension Operations {
  private static let report = Schema.fields("action:str target:str count:int")

  private static let errorClass = ("error_class?", Schema.string(values: ErrorClass.allCases.map(\.rawValue)))

  /// One kind of target each, with what may be said besides.
  static func target(_ targets: [String], _ more: [(String, Schema)] = [], also: [Schema] = []) -> Schema {
    .either(
      also
        + targets.map { target in
          // Of the whole queue, only by saying so.
          target.hasPrefix("queue")
            ? .fields(String(target.dropFirst("queue".count)), [("queue", .yes)] + more) : .fields(target, more)
        })
  }

  /// Acts on one task or one backfill are done at once; those on many tasks, wherever they are, are batches.
  static let acting: [Operation] = [
    .act(
      "pause", "/pause", "Let no more tasks start: of a backfill, a dataset, a source, or at all.", commands: ["pause"],
      body: target([
        "backfill:id reason:str?", "dataset:str reason:str?", "source:str reason:str?", "queue reason:str?",
      ]), answer: report
    ) { exchange in
      let target = try exchange.target([.backfill, .dataset, .source, .queue])
      let tasks = try await TargetTasks.read(target, exchange.connection)
      try await OperatorAction.pause(target, reason: exchange.text("reason"), exchange.connection)
      return try Reply(ActReport("paused", target, count: tasks.waiting), target: target.description)
    },
    .act(
      "resume", "/resume", "End a pause, and close circuit breakers.", commands: ["resume"],
      body: target(["backfill:id", "dataset:str", "source:str end_cool_down:bool?", "queue"]),
      answer: report
    ) { exchange in
      let target = try exchange.target([.backfill, .dataset, .source, .queue])
      let tasks = try await TargetTasks.read(target, exchange.connection)
      try await OperatorAction.resume(
        target, endingCoolDown: exchange.flag("end_cool_down"), exchange.connection)
      return try Reply(ActReport("resumed", target, count: tasks.waiting), target: target.description)
    },
    .act(
      "prioritize", "/prioritize", "Put a task before all others, or give a backfill's waiting tasks another priority.",
      commands: ["prioritize"],
      body: target(
        ["task:id", "backfill:id dataset:str?", "dataset:str", "source:str"],
        [("priority?", .integer(least: -100, most: 100))]),
      answer: report
    ) { exchange in
      let target = try exchange.target([.task, .backfill, .dataset, .source])
      let tasks = try await TargetTasks.read(target, exchange.connection)
      try await OperatorAction.prioritize(target, exchange.number("priority") ?? 10, exchange.connection)
      return try Reply(ActReport("prioritized", target, count: tasks.waiting), target: target.description)
    },
    .act(
      "retry", "/retry", "Try a failed task again, or all failed tasks of a backfill.", commands: ["retry"],
      body: .either([
        .fields("task:id", [errorClass, ("definition?", .string(pattern: "^[0-9a-f]{8,64}$"))]),
        .fields("backfill:id dataset:str?", [errorClass]),
      ]), answer: report
    ) { exchange in
      let target = try exchange.target([.task, .backfill])
      try await TargetTasks.requireExistence(target, exchange.connection)
      let count = try await OperatorAction.retry(
        target, errorClass: exchange.text("error_class").flatMap(ErrorClass.init),
        definition: exchange.text("definition"), exchange.connection)
      return try Reply(ActReport("retried", target, count: count), target: target.description)
    },
    .act(
      "cancel", "/cancel", "Cancel what has not ended of a task or a backfill; what runs is stopped within 2 s.",
      commands: ["cancel"], body: target(["task:id reason:str?", "backfill:id reason:str?"]), answer: report
    ) { exchange in
      let target = try exchange.target([.task, .backfill])
      let tasks = try await TargetTasks.read(target, exchange.connection)
      let count = try await OperatorAction.cancel(
        target, tasks, reason: exchange.text("reason") ?? "cancelled by operator", exchange.connection)
      return try Reply(ActReport("cancelled", target, count: count), target: target.description)
    },
  ]
}
