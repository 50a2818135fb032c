internal import Base
internal import Queue

extension TaskStory {
  /// What an operator does now, with the command.
  var nextSteps: [String] {
    let (id, dataset, year) = (task.task_id, task.dataset, task.data_year)
    let region = task.region.isEmpty ? "" : " --region \(task.region)"
    let vintage = task.is_this_month ? "" : " --as-of \(task.as_of)"
    let run = "aker run \(dataset) --year \(year)\(region)\(vintage) --dry-run"
    let retry = "aker retry --task \(id)"
    switch task.state {
    case .completed: return ["where it came from: aker lineage \(dataset) \(year)\(region)"]
    case .running: return ["stop it: aker cancel --task \(id)"]
    case .cancelled: return ["enqueue it again: aker backfill \(dataset) --years \(year)\(vintage)"]
    case .ready, .blocked:
      return ["before all others: aker prioritize --task \(id)", "not at all: aker cancel --task \(id)"]
    case .failed: break
    }
    switch task.error_class {
    case .data:
      return [
        "look at it without publishing: \(run)",
        "when the source has corrected its data, retry it: \(retry)",
        "when the definition is to follow: change catalog/datasets/\(dataset), then aker catalog check \(dataset), then \(retry)",
      ]
    case .dependency:
      return failed_upstream.flatMap { upstream in
        [
          "why \(upstream.partition) did not complete: aker task \(upstream.task_id)",
          upstream.state == .failed
            ? "try it again, and this one with it: aker retry --task \(upstream.task_id)"
            : "it was cancelled; enqueue both again: aker backfill \(upstream.dataset) \(dataset) --years \(year)\(vintage)",
        ]
      }
    case .workerLost: return ["see where it ends: \(run)", "then: \(retry)"]
    case .transient, .rateLimited:
      let source = task.source_id.map { "how the source is doing: aker sources \($0)" }
      return [source, "then: \(retry)"].compactMap { $0 }
    case .permanent, nil: return ["when its cause is gone: \(retry)"]
    }
  }
}
