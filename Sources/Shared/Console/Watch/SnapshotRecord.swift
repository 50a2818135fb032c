package import Base
package import FoundationEssentials

/// A snapshot as `aker watch --json` writes it.
package struct SnapshotRecord: Encodable, Sendable {
  package struct Counts: Encodable, Sendable {
    package var total: Int
    /// As the warehouse shows it.
    package var published: Int
    /// In the lake alone, since the warehouse shows a newer vintage.
    package var kept: Int
    package var failed: Int
    package var cancelled: Int
    package var running: Int
    package var waiting: Int
    package var skipped: Int
  }

  package struct Cell: Encodable, Sendable {
    package var dataset: String
    package var data_year: Int
    /// The one of `data` and `work` that matters more.
    package var state: String
    package var data: String
    /// Nil when all ended well.
    package var work: String?
    package var total: Int
    /// As the warehouse shows it, or showed it until a newer vintage came.
    package var published: Int
    /// In the lake alone, since the warehouse shows a newer vintage.
    package var kept: Int
    package var failed: Int
    package var cancelled: Int
    package var running: Int
    package var skipped: Int
    /// Partitions that are published with warnings.
    package var warned: Int
  }

  package struct Worker: Encodable, Sendable {
    package struct Task: Encodable, Sendable {
      package var partition: String
      package var attempt: Int
      package var seconds: Int
    }
    package var name: String
    package var slots: Int
    package var busy: Int
    package var draining: Bool
    package var tasks: [Task]
  }

  package struct Source: Encodable, Sendable {
    package var source: String
    package var running: Int
    package var requests_per_second: Double?
    package var limit_per_second: Double?
    package var requests_today: Int
    package var daily_quota: Int?
    package var note: String?
  }

  package struct Failure: Encodable, Sendable {
    package var dataset: String
    package var first_year: Int
    package var last_year: Int
    package var count: Int
    package var error_class: ErrorClass
    package var reason: String
    package var example_task: Int64
    /// False where its tasks will be tried again.
    package var final: Bool
  }

  package struct Warning: Encodable, Sendable {
    package var dataset: String
    package var first_year: Int
    package var last_year: Int
    package var partitions: Int
    package var what: String
    /// Of the newest year.
    package var message: String
  }

  package var at: Date
  package var title: String
  /// `open`, `paused`, `finished` or `cancelled`.
  package var state: String
  package var counts: Counts
  package var remaining_seconds: Int?
  package var grid: [Cell]
  package var workers: [Worker]
  package var sources: [Source]
  package var failures: [Failure]
  /// What partitions were published with all the same; read once it has ended.
  package var warnings: [Warning]

  package init(_ snapshot: Snapshot, at: Date) {
    self.at = at
    title = snapshot.title
    state =
      snapshot.isCancelled
      ? "cancelled" : snapshot.isFinished ? "finished" : snapshot.isPaused ? "paused" : "open"
    let counts = snapshot.counts
    self.counts = Counts(
      total: counts.total, published: counts.completed - counts.kept, kept: counts.kept, failed: counts.failed,
      cancelled: counts.cancelled, running: counts.running, waiting: counts.waiting, skipped: counts.skipped)
    remaining_seconds = snapshot.remainingSeconds
    grid = snapshot.cells.sorted { ($0.dataset, $0.year) < ($1.dataset, $1.year) }.map { dataset, year, cell in
      Cell(
        dataset: dataset, data_year: year, state: cell.state.rawValue, data: cell.data.rawValue,
        work: cell.work?.rawValue, total: cell.total, published: cell.completed - cell.kept,
        kept: cell.kept, failed: cell.failed, cancelled: cell.cancelled, running: cell.running, skipped: cell.skipped,
        warned: cell.warned)
    }
    workers = snapshot.workers.map { worker in
      Worker(
        name: worker.name, slots: worker.slots, busy: worker.busy, draining: worker.isDraining,
        tasks: worker.tasks.map { .init(partition: $0.partition, attempt: $0.attempt, seconds: $0.seconds) })
    }
    sources = snapshot.sources.map { source in
      Source(
        source: source.id, running: source.running, requests_per_second: source.rate, limit_per_second: source.limit,
        requests_today: source.requestsToday, daily_quota: source.dailyQuota, note: source.note)
    }
    failures = snapshot.failureGroups.map { group in
      Failure(
        dataset: group.dataset, first_year: group.firstYear, last_year: group.lastYear, count: group.count,
        error_class: group.errorClass, reason: group.reason, example_task: group.taskID, final: group.isFinal)
    }
    warnings = snapshot.warningGroups.map { group in
      Warning(
        dataset: group.dataset, first_year: group.firstYear, last_year: group.lastYear, partitions: group.count,
        what: group.what, message: group.message)
    }
  }
}
