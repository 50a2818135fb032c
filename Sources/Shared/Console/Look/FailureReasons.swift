package import Base
internal import Queue

/// Why tasks failed, each reason once: reasons that differ in their numbers only are one.
package struct FailureReasons: Sendable {
  package struct Group: Sendable {
    package var dataset: String
    package var errorClass: ErrorClass
    package var count: Int
    /// Of the first of its tasks.
    package var reason: String
    package var task: Int64
  }

  /// The most frequent first.
  package let groups: [Group]
  /// The backfill of all that failed; nil where they are of several.
  package let backfill: Int64?

  package init(_ tasks: [TaskLine]) {
    let failed = tasks.filter { $0.state == .failed }
    var groups: [String: Group] = [:]
    for task in failed {
      // Every failed task has a class.
      guard let errorClass = task.error_class else { continue }
      let reason = task.reason ?? ""
      let key = "\(task.dataset)\n\(errorClass.rawValue)\n\(reason.replacing(/[0-9]+/, with: "#"))"
      groups[
        key,
        default: Group(
          dataset: task.dataset, errorClass: errorClass, count: 0, reason: reason, task: task.task_id)
      ].count += 1
    }
    self.groups = groups.values.sorted { ($1.count, $0.task) < ($0.count, $1.task) }
    let backfills = Set(failed.map(\.backfill_id))
    backfill = backfills.count == 1 ? backfills.first : nil
  }
}
