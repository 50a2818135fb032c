internal import Exposition

/// The figures of `service.metrics()`, as Prometheus knows them. docs/metrics.md is made of these.
enum QueueMetrics {
  static let families: [MetricFamily] = [
    .init("aker_tasks", .gauge, "Tasks of open backfills, by what they do.", labels: ["dataset", "state"]),
    .init(
      "aker_oldest_ready_seconds", .gauge, "How long the oldest task that may run now has waited.", labels: ["dataset"]),
    .init(
      "aker_wanted_slots", .gauge, "Slots that could be used now, those that are busy included: queue.wanted_slots().",
      labels: ["dataset"]),
    .init(
      "aker_breaker_open", .gauge, "Backfills in which the circuit breaker paused the dataset.", labels: ["dataset"]),
    .init("aker_backfills_open", .gauge, "Backfills that have not ended."),
    .init("aker_queue_paused", .gauge, "1 while the whole queue is paused."),
    .init("aker_workers", .gauge, "Living workers.", labels: ["state"]),
    .init("aker_workers_unwell", .gauge, "Living workers whose host is not well, so that they claim nothing."),
    .init("aker_workers_lost", .gauge, "Workers that were lost within the last hour."),
    .init("aker_worker_slots", .gauge, "Slots of workers that take tasks."),
    .init("aker_worker_slots_busy", .gauge, "Tasks that run."),
    .init(
      "aker_source_requests_total", .counter, "Requests that sources were asked, by all hosts.", labels: ["source"]),
    .init("aker_source_running", .gauge, "Tasks that run and ask the source.", labels: ["source"]),
    .init("aker_source_running_limit", .gauge, "Tasks that may ask the source at once.", labels: ["source"]),
    .init("aker_source_tokens", .gauge, "Requests that may be sent to the source at once.", labels: ["source"]),
    .init("aker_source_quota_left", .gauge, "Requests left of the source's daily quota.", labels: ["source"]),
    .init("aker_source_cooling_down_seconds", .gauge, "How long nobody asks the source.", labels: ["source"]),
    .init("aker_source_paused", .gauge, "1 while the source is paused.", labels: ["source"]),
    .init(
      "aker_dataset_published_timestamp_seconds", .gauge, "When a partition of the dataset was last published.",
      labels: ["dataset"]),
    .init("aker_flow_missed_total", .counter, "Due times of the flow that were missed.", labels: ["flow"]),
    .init(
      "aker_flow_late_seconds", .gauge, "How long the flow's oldest due time waits, and need not.", labels: ["flow"]),
    .init("aker_flow_next_due_timestamp_seconds", .gauge, "When the flow is due next.", labels: ["flow"]),
    .init("aker_flow_paused", .gauge, "1 while the flow is paused.", labels: ["flow"]),
    .init("aker_leader", .gauge, "1 while a coordinator leads, and which.", labels: ["holder"]),
    .init("aker_leader_term", .gauge, "The leader's term: how often the lead has changed."),
    .init("aker_alerts", .gauge, "Alerts that fire.", labels: ["kind", "severity"]),
    .init("aker_notices_undelivered", .gauge, "Notices of alerts that are on their way."),
    .init(
      "aker_database_life_began_timestamp_seconds", .gauge,
      "When the database's life began: a fail-over or a restore begins another."),
    .init(
      "aker_oldest_snapshot_transactions", .gauge, "Transactions since the oldest snapshot that holds back vacuum."),
    .init("aker_wal_bytes_total", .counter, "Write-ahead log written by the database server."),
    .init("aker_table_bytes", .gauge, "Size of the tables that grow.", labels: ["table"]),
  ]
}

/// The metrics of the service, as docs/metrics.md lists them.
package enum MetricsDocument {
  private static let families =
    QueueMetrics.families + [Probes.listeners, Desk.requests, Desk.seconds] + ProcessFigures.families

  package static var names: Set<String> { Set(families.map(\.name)) }

  /// A row of a table in Markdown for each.
  package static var rows: [String] {
    families.map { family in
      let labels = family.labels.map { "`\($0)`" }.joined(separator: ", ")
      return "| `\(family.name)` | \(family.kind.rawValue) | \(labels) | \(family.help) |"
    }
  }
}
