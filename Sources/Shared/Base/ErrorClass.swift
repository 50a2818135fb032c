/// What kind of failure an attempt met, and so what the queue does next: `error_class` of `queue.attempt` and `queue.task`.
package enum ErrorClass: String, Sendable, Codable, CaseIterable {
  /// The network, the server or this host: retried with backoff.
  case transient
  /// The source said to slow down: retried when its cool-down ends, and the source cools down for every host.
  case rateLimited = "rate_limited"
  /// What came is not what was declared (schema drift, failed checks): never retried blindly.
  case data
  /// Nothing a retry could change: bad credentials, not found.
  case permanent
  /// The worker died or lost its lease while it ran the task. Only the queue assigns it.
  case workerLost = "worker_lost"
  /// Of a task without an attempt: one that it waits for failed or was cancelled. Only the queue assigns it.
  case dependency
}
