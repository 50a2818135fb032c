package import Base
package import Postgres

/// What an act on one target would do, before it is done, in the words that the command announces it with.
package struct ActPreview: Encodable, Sendable {
  package enum Act: String, CaseIterable, Sendable {
    case retry, cancel, prioritize, pause, resume
  }

  /// `This tries again 3 failed tasks of backfill 3: 2 data, 1 transient.`
  package var text: String
  /// Tasks that it would be done to; those that fail with another are not counted.
  package var count: Int
  /// What it would leave alone, and why.
  package var left_alone: String?
  /// That does the same.
  package var command: String

  /// - Parameters:
  ///   - errorClass: of a retry.
  ///   - priority: of a prioritization of more than one task.
  ///   - definition: by which a retry of one task is to be built; the one that is applied now unless told.
  /// - Throws: `Refusal` where there is no such target.
  package static func read(
    _ act: Act, _ target: Target, errorClass: ErrorClass? = nil, priority: Int = 10, definition: String? = nil,
    _ connection: PostgresConnection
  ) async throws -> ActPreview {
    guard definition == nil || act == .retry && target.kind == .task else {
      throw Refusal(.usage, "a definition is named for the retry of one task alone")
    }
    let newest = act == .retry && target.isOfManyBackfills
    let tasks = try await TargetTasks.read(target, errorClass: errorClass, newest: newest, connection)
    let count =
      switch act {
      case .retry: tasks.failed
      case .cancel: tasks.waiting + tasks.running
      case .prioritize, .pause, .resume: tasks.waiting
      }
    let leftAlone =
      act == .retry && target.kind != .task
      ? try await TargetTasks.leftAlone(target, errorClass: errorClass, newest: newest, connection) : nil
    return ActPreview(
      text: sentence(act, target, tasks, priority: priority) + (try await by(definition, act, target, connection)),
      count: count, left_alone: leftAlone,
      command: command(act, target, errorClass: errorClass, priority: priority)
        + (definition.map { " --definition \($0)" } ?? ""))
  }

  /// Which definition one task is built by, where that is not the one it failed by.
  private static func by(
    _ definition: String?, _ act: Act, _ target: Target, _ connection: PostgresConnection
  ) async throws -> String {
    guard act == .retry, case .task(let id) = target else { return "" }
    if let definition { return " It is built by definition \(definition), whatever is applied now." }
    let row = try await connection.query(
      """
      SELECT left(a.definition_hash, 12) AS made, left(d.definition_hash, 12) AS applied
      FROM (SELECT n.dataset, n.definition_hash FROM queue.attempt n WHERE n.task_id = $1
          ORDER BY n.attempt_id DESC LIMIT 1) a
        JOIN catalog.dataset d ON d.name = a.dataset
      WHERE a.definition_hash <> d.definition_hash
      """, [id]
    ).first
    guard let row else { return "" }
    let (made, applied) = (try row.decode("made", as: String.self), try row.decode("applied", as: String.self))
    return " It is built by the definition that is applied now, \(applied), and not by \(made), by which it failed."
  }

  package static func sentence(_ act: Act, _ target: Target, _ tasks: TargetTasks, priority: Int = 10) -> String {
    switch act {
    case .retry where target.kind == .task:
      "This tries \(target.description) again, and those that failed only because it did."
    case .retry: "This tries again \(tasks.failedText)."
    case .cancel: "This cancels \(tasks.openText)."
    case .prioritize where target.kind == .task: "This puts \(target.description) before all others."
    case .prioritize: "This gives \(tasks.text(waiting: "waiting")) the priority \(priority)."
    case .pause: "This holds \(tasks.text(waiting: "waiting"))\(running(tasks.running))."
    case .resume: "This frees \(tasks.text(waiting: "waiting"))."
    }
  }

  private static func running(_ count: Int) -> String {
    switch count {
    case 0: ""
    case 1: "; the one that runs ends as it would"
    default: "; \(count) that run end as they would"
    }
  }

  private static func command(_ act: Act, _ target: Target, errorClass: ErrorClass?, priority: Int) -> String {
    var command = "aker \(act.rawValue) "
    switch target {
    case .task(let id): command += "--task \(id)"
    case .backfill(let id, let dataset): command += "--backfill \(id)" + (dataset.map { " --dataset \($0)" } ?? "")
    case .dataset(let name): command += "--dataset \(name)"
    case .source(let id): command += "--source \(id)"
    case .queue: command += "--queue"
    }
    if let errorClass { command += " --error-class \(errorClass.rawValue)" }
    if act == .prioritize, target.kind != .task { command += " --priority \(priority)" }
    return command
  }
}
