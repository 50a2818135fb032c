import Base
import Exposition
import Queue

/// What a worker counts of its own attempts; docs/metrics.md lists it.
enum WorkerMetrics {
  static let attempts = MetricFamily(
    "aker_attempts_total", .counter, "Attempts that ended, by how; the class is empty where nothing failed.",
    labels: ["dataset", "outcome", "error_class"])
  static let attemptSeconds = MetricFamily(
    "aker_attempt_seconds", .histogram, "How long attempts took, by how they ended.", labels: ["dataset", "outcome"],
    bounds: [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3600])
  static let stepSeconds = MetricFamily(
    "aker_step_seconds", .histogram, "How long the steps of attempts took.", labels: ["step"],
    bounds: [0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000])
  static let slotsUsed = MetricFamily("aker_worker_slots_used", .gauge, "Tasks that this worker runs.")
  static let isReady = MetricFamily(
    "aker_worker_ready", .gauge, "1 while the worker is registered, heard of by the queue, and its host is well.")
  static let families = [attempts, attemptSeconds, stepSeconds, slotsUsed, isReady]

  /// An attempt ended.
  static func count(_ ending: AttemptEnding, _ task: RunningAttempt) {
    let (outcome, errorClass) = (ending.words.outcome, ending.words.errorClass?.rawValue ?? "")
    let dataset = task.lease.dataset
    ProcessMetrics.shared.add(to: attempts, dataset, outcome, errorClass)
    ProcessMetrics.shared.observe((.now - task.startedAt) / .seconds(1), in: attemptSeconds, dataset, outcome)
    for (step, seconds) in task.steps.finishedSeconds { ProcessMetrics.shared.observe(seconds, in: stepSeconds, step) }
  }
}
