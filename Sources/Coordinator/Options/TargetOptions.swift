import Base
import ArgumentParser
import Console

/// What an operator's action is about: exactly one of them.
struct TargetOptions: ParsableArguments {
  @Option(
    name: .customLong("task"), help: ArgumentHelp("One task.", valueName: "id"), completion: Names.tasks)
  var task: Int64?

  @Option(
    name: .customLong("backfill"), help: ArgumentHelp("All tasks of a backfill.", valueName: "id"),
    completion: Names.backfills)
  var backfill: Int64?

  @Option(
    name: .customLong("dataset"),
    help: ArgumentHelp("A dataset; with --backfill: in that backfill only.", valueName: "name"),
    completion: Names.datasets)
  var dataset: String?

  @Option(
    name: .customLong("source"), help: ArgumentHelp("A source.", valueName: "id"), completion: Names.sources)
  var source: String?

  @Flag(name: .customLong("queue"), help: "The whole queue.")
  var queue = false

  /// - Parameter allowed: what the command can act on.
  /// - Throws: `Failure` with usage for none, several, or one that the command cannot act on.
  func target(_ allowed: Set<Target.Kind>) throws -> Target {
    var targets: [Target] = []
    if let task { targets.append(.task(task)) }
    if let backfill { targets.append(.backfill(backfill, dataset: dataset)) }
    if let dataset, backfill == nil { targets.append(.dataset(dataset)) }
    if let source { targets.append(.source(source)) }
    if queue { targets.append(.queue) }
    let choices = Target.Kind.allCases.filter(allowed.contains).map { "--\($0.rawValue)" }.joined(separator: ", ")
    guard targets.count == 1, let target = targets.first, allowed.contains(target.kind) else {
      throw Failure(.usage, "say what this is about: one of \(choices)")
    }
    return target
  }
}
