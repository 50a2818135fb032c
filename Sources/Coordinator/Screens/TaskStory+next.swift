import Postgres

extension TaskStory {
  /// What an operator does now, with the command.
  func next() throws -> [String] {
    let dataset: String = try task.decode("dataset")
    let year: Int = try task.decode("data_year")
    let region = try task.text("region").flatMap { $0.isEmpty ? nil : " --region \($0)" } ?? ""
    let vintage = PartitionOptions.flag(asOf: try task.decode("as_of"))
    let retry = "aker retry --task \(id)"
    switch try state {
    case "completed": return ["where it came from: aker lineage \(dataset) \(year)\(region)"]
    case "running": return ["stop it: aker cancel --task \(id)"]
    case "cancelled": return ["enqueue it again: aker backfill \(dataset) --years \(year)\(vintage)"]
    case "failed": break
    default: return ["before all others: aker prioritize --task \(id)", "not at all: aker cancel --task \(id)"]
    }
    switch try task.text("error_class") {
    case "data":
      return [
        "look at it without publishing: aker run \(dataset) --year \(year)\(region)\(vintage) --dry-run",
        "when the source has corrected its data, retry it: \(retry)",
        "when the definition is to follow: change catalog/datasets/\(dataset), then aker catalog check \(dataset), then \(retry)",
      ]
    case "dependency":
      return try upstream.flatMap { row in
        let task: Int64 = try row.decode("task_id")
        return [
          "why \(try Self.partition(row)) did not complete: aker task \(task)",
          try row.decode("state") == "failed"
            ? "try it again, and this one with it: aker retry --task \(task)"
            : "it was cancelled; enqueue both again: aker backfill \(try row.decode("dataset", as: String.self)) \(dataset) --years \(year)\(vintage)",
        ]
      }
    case "worker_lost":
      return ["see where it ends: aker run \(dataset) --year \(year)\(region)\(vintage) --dry-run", "then: \(retry)"]
    case "transient", "rate_limited":
      let source = try task.text("source_id").map { "how the source is doing: aker sources \($0)" }
      return [source, "then: \(retry)"].compactMap { $0 }
    default: return ["when its cause is gone: \(retry)"]
    }
  }
}
