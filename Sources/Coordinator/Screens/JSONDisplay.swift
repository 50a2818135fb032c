import Base
import FoundationEssentials

/// A JSON object a line, at each look: for programs that watch.
final class JSONDisplay: Display {
  func show(_ snapshot: Snapshot) {
    line(SnapshotRecord(snapshot, at: .now))
  }

  func note(_ text: String) {
    Terminal.standardError.write(text + "\n")
  }

  func end(_ snapshot: Snapshot) {}

  func abandon() {}

  private func line(_ record: SnapshotRecord) {
    do {
      try printJSONLine(record)
    } catch {
      note("a snapshot cannot be written: \(error)")
    }
  }
}

/// A snapshot as `aker watch --json` writes it.
struct SnapshotRecord: Encodable {
  struct Counts: Encodable {
    var total: Int
    /// As the warehouse shows it.
    var published: Int
    /// In the lake alone, since the warehouse shows a newer vintage.
    var kept: Int
    var failed: Int
    var cancelled: Int
    var running: Int
    var waiting: Int
    var skipped: Int
  }

  struct Cell: Encodable {
    var dataset: String
    var data_year: Int
    var state: String
    var total: Int
    var published: Int
    var failed: Int
    var cancelled: Int
    var running: Int
    var skipped: Int
    /// Partitions that are published with warnings.
    var warned: Int
  }

  struct Worker: Encodable {
    struct Task: Encodable {
      var partition: String
      var attempt: Int
      var seconds: Int
    }
    var name: String
    var slots: Int
    var busy: Int
    var draining: Bool
    var tasks: [Task]
  }

  struct Source: Encodable {
    var source: String
    var running: Int
    var requests_per_second: Double?
    var limit_per_second: Double?
    var requests_today: Int
    var daily_quota: Int?
    var note: String?
  }

  struct Failure: Encodable {
    var dataset: String
    var first_year: Int
    var last_year: Int
    var count: Int
    var error_class: String
    var reason: String
    var example_task: Int64
    /// False where its tasks will be tried again.
    var final: Bool
  }

  struct Warning: Encodable {
    var dataset: String
    var first_year: Int
    var last_year: Int
    var partitions: Int
    var what: String
    /// Of the newest year.
    var message: String
  }

  var at: Date
  var title: String
  /// `open`, `paused`, `finished` or `cancelled`.
  var state: String
  var counts: Counts
  var remaining_seconds: Int?
  var grid: [Cell]
  var workers: [Worker]
  var sources: [Source]
  var failures: [Failure]
  /// What partitions were published with all the same; read once it has ended.
  var warnings: [Warning]

  init(_ snapshot: Snapshot, at: Date) {
    self.at = at
    title = snapshot.title
    state =
      snapshot.isCancelled
      ? "cancelled" : snapshot.isFinished ? "finished" : snapshot.isPaused ? "paused" : "open"
    let counts = snapshot.counts
    self.counts = Counts(
      total: counts.total, published: counts.completed - counts.kept, kept: counts.kept, failed: counts.failed,
      cancelled: counts.cancelled,
      running: counts.running, waiting: counts.waiting, skipped: counts.skipped)
    remaining_seconds = snapshot.remainingSeconds
    grid = snapshot.cells.sorted { ($0.dataset, $0.year) < ($1.dataset, $1.year) }.map { dataset, year, cell in
      Cell(
        dataset: dataset, data_year: year, state: Grid.state(cell).name, total: cell.total, published: cell.completed,
        failed: cell.failed, cancelled: cell.cancelled, running: cell.running, skipped: cell.skipped,
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
