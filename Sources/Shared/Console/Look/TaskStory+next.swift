internal import Base
internal import Queue

extension TaskStory {
  /// What an operator does now, with the command: from the catalogue of advice.
  var nextSteps: [String] {
    var values = [
      "task": "\(task.task_id)", "dataset": task.dataset, "year": "\(task.data_year)",
      "region": task.region.isEmpty ? "" : " --region \(task.region)",
      "vintage": task.is_this_month ? "" : " --as-of \(task.as_of)",
    ]
    func say(_ advice: Advice...) -> [String] { advice.map { $0.text(values) } }
    switch task.state {
    case .completed: return say(.itsLineage)
    case .running: return say(.stopIt)
    case .cancelled: return say(.enqueueAgain)
    case .ready, .blocked: return say(.beforeAllOthers, .notAtAll)
    case .failed: break
    }
    switch task.error_class {
    case .data: return say(.lookWithoutPublishing, .whenTheSourceHasCorrected, .whenTheDefinitionFollows)
    case .dependency:
      return failed_upstream.flatMap { upstream in
        values["partition"] = upstream.partition
        values["upstream"] = "\(upstream.task_id)"
        let why = say(.whyTheOtherFailed)
        if upstream.state == .failed { return why + say(.tryBothAgain) }
        values["upstream"] = upstream.dataset
        return why + say(.enqueueBothAgain)
      }
    case .workerLost: return say(.seeWhereItEnds, .thenRetry)
    case .transient, .rateLimited:
      values["source"] = task.source_id
      return task.source_id == nil ? say(.thenRetry) : say(.howTheSourceIs, .thenRetry)
    case .permanent, nil: return say(.whenItsCauseIsGone)
    }
  }
}
