internal import Base
package import Postgres

/// Reads what the watch shows of a backfill, in one round trip.
package struct SnapshotReader: Sendable {
  package let backfillID: Int64
  /// Whether workers are started with the watch.
  private let startsWorkers: Bool

  package init(backfillID: Int64, startsWorkers: Bool = false) {
    self.backfillID = backfillID
    self.startsWorkers = startsWorkers
  }

  /// As `queue.waiting` says it.
  private static let noWorker = "no worker is alive"

  package func read(_ connection: PostgresConnection) async throws -> Snapshot {
    let results = try await connection.pipeline([
      PostgresStatement("SELECT * FROM queue.backfill_progress WHERE backfill_id = $1", [backfillID]),
      PostgresStatement(
        """
        SELECT g.*, l.paused_at IS NOT NULL OR b.paused_at IS NOT NULL AS is_paused, coalesce(w.warned, 0) AS warned
        FROM queue.grid g JOIN queue.lane l USING (backfill_id, dataset) JOIN queue.backfill b USING (backfill_id)
          LEFT JOIN quality.warned_cell w USING (dataset, data_year)
        WHERE backfill_id = $1
        """, [backfillID]),
      PostgresStatement(
        """
        SELECT l.dataset, s.data_year, count(*) AS skipped FROM queue.skipped_partition s JOIN queue.lane l USING (lane_id)
          JOIN catalog.dataset d ON d.name = l.dataset
        WHERE l.backfill_id = $1 AND s.data_year BETWEEN d.first_year AND coalesce(d.last_year, s.data_year)
        GROUP BY l.dataset, s.data_year
        """, [backfillID]),
      PostgresStatement(
        """
        SELECT worker_id, dataset, data_year, region, attempt_number, extract(epoch FROM running_for)::int AS seconds
        FROM queue.running WHERE backfill_id = $1 LIMIT 500
        """, [backfillID]),
      PostgresStatement(
        """
        SELECT task_id, dataset, data_year, region, error_class, reason, state FROM queue.attempt
        WHERE backfill_id = $1 AND error_class IS NOT NULL ORDER BY finished_at DESC LIMIT 100
        """, [backfillID]),
      PostgresStatement(
        """
        SELECT w.worker_id, w.name, w.host, w.slots, w.state = 'draining' AS is_draining,
          (SELECT count(*) FROM queue.lease l WHERE l.worker_id = w.worker_id) AS busy
        FROM queue.worker w WHERE w.ended_at IS NULL ORDER BY w.name, w.worker_id
        """),
      PostgresStatement(
        """
        SELECT s.source_id, s.pause_reason, s.cool_down_reason, s.tokens_per_second, s.daily_quota, t.granted_total,
          CASE WHEN t.quota_day = (clock_timestamp() AT TIME ZONE 'UTC')::date THEN t.quota_used ELSE 0 END AS requests_today,
          CASE WHEN s.cool_down_until > clock_timestamp()
            THEN extract(epoch FROM s.cool_down_until - clock_timestamp())::int END AS cool_down_seconds,
          (SELECT count(*) FROM queue.lane a JOIN queue.lease l USING (lane_id) WHERE s.source_id = ANY (a.source_ids)) AS running
        FROM queue.source s JOIN queue.token_bucket t USING (source_id)
        WHERE EXISTS (SELECT FROM queue.lane l WHERE l.backfill_id = $1 AND s.source_id = ANY (l.source_ids))
        ORDER BY s.source_id
        """, [backfillID]),
      PostgresStatement(
        "SELECT extract(epoch FROM remaining_interval)::int AS seconds FROM queue.eta WHERE backfill_id = $1",
        [backfillID]),
      PostgresStatement(
        """
        SELECT count(*) AS kept, max(w.as_of) AS shown FROM queue.outcome o JOIN queue.lane a USING (lane_id)
          JOIN queue.planned_task t ON t.task_id = o.task_id
          LEFT JOIN warehouse.partition w ON w.dataset = a.dataset AND w.data_year = t.data_year AND w.region = t.region
        WHERE a.backfill_id = $1 AND o.final AND o.kind = 'completed' AND o.result ->> 'outcome' = 'lake_only'
        """, [backfillID]),
      // An attempt that failed and was not the last is no news once its task has ended.
      PostgresStatement(
        """
        SELECT a.dataset, o.error_class, o.final, count(*) AS count, min(o.data_year)::int AS first_year, max(o.data_year)::int AS last_year,
          (array_agg(o.task_id ORDER BY o.finished_at DESC))[1] AS task_id,
          (array_agg(t.region ORDER BY o.finished_at DESC))[1] AS region,
          (array_agg(o.reason ORDER BY o.finished_at DESC))[1] AS reason
        FROM queue.outcome o JOIN queue.lane a USING (lane_id) JOIN queue.planned_task t ON t.task_id = o.task_id
        WHERE a.backfill_id = $1 AND o.error_class IS NOT NULL AND (o.final OR NOT EXISTS (
          SELECT FROM queue.outcome l WHERE l.task_id = o.task_id AND l.final))
        GROUP BY a.dataset, o.error_class, o.final, regexp_replace(o.reason, '[0-9]+', '#', 'g')
        ORDER BY o.final DESC, max(o.finished_at) DESC LIMIT 50
        """, [backfillID]),
      // Asked while nothing runs only: then it is what a person wants to know.
      PostgresStatement(
        """
        SELECT reason, count(*) AS tasks FROM (
          SELECT w.reason FROM queue.waiting w WHERE w.backfill_id = $1 AND w.state = 'ready' AND NOT EXISTS (
            SELECT FROM queue.lease l JOIN queue.lane a USING (lane_id) WHERE a.backfill_id = $1) LIMIT 200) AS w
        GROUP BY reason ORDER BY count(*) DESC, reason LIMIT 3
        """, [backfillID]),
      // Asked once it has ended only.
      PostgresStatement(
        """
        SELECT w.dataset, w.what || coalesce(' (' || w.column_name || ')', '') AS what, count(DISTINCT w.publication_id) AS count,
          min(w.data_year) AS first_year, max(w.data_year) AS last_year,
          (array_agg(w.message ORDER BY w.data_year DESC, w.region))[1] AS message
        FROM queue.outcome o JOIN queue.lane a USING (lane_id)
          JOIN quality.publication_warning w ON w.publication_id = (o.result ->> 'publication_id')::bigint
        WHERE a.backfill_id = $1 AND o.final AND o.kind = 'completed' AND (o.result ->> 'warnings')::int > 0
          AND w.what <> 'schema drift: extra'
          AND EXISTS (SELECT FROM queue.backfill b WHERE b.backfill_id = $1 AND b.finished_at IS NOT NULL)
        GROUP BY w.dataset, 2 ORDER BY count(DISTINCT w.publication_id) DESC, w.dataset, 2 LIMIT 50
        """, [backfillID]),
    ])
    guard let progress = results[0].first else {
      throw Refusal(.usage, "there is no backfill \(backfillID)", advice: "aker backfills lists them.")
    }
    var snapshot = Snapshot(title: try title(progress))
    try fill(&snapshot, progress)
    snapshot.counts.kept = try results[8].first?.decode("kept") ?? 0
    snapshot.shownAsOf = try results[8].first?.text("shown")
    snapshot.cells = try cells(results[1], skipped: results[2])
    snapshot.failures = try results[4].map { row in
      Snapshot.Failure(
        taskID: try row.decode("task_id"), partition: try partition(row), errorClass: try row.decode("error_class"),
        reason: try row.text("reason") ?? "", isFinal: try row.text("state") == "failed")
    }
    snapshot.workers = try workers(results[5], running: results[3])
    snapshot.workerCount = snapshot.workers.count { !$0.isDraining }
    snapshot.slotCount = snapshot.workers.reduce(0) { $0 + ($1.isDraining ? 0 : $1.slots) }
    snapshot.sources = try results[6].map(source).sorted { first, second in
      (first.note == nil ? 1 : 0, -first.running, first.id) < (second.note == nil ? 1 : 0, -second.running, second.id)
    }
    snapshot.failureGroups = try results[9].map { row in
      Snapshot.FailureGroup(
        dataset: try row.decode("dataset"), firstYear: try row.decode("first_year"),
        lastYear: try row.decode("last_year"), count: try row.decode("count"),
        errorClass: try row.decode("error_class"), reason: try row.text("reason") ?? "",
        taskID: try row.decode("task_id"), region: try row.text("region") ?? "", isFinal: try row.decode("final"))
    }
    snapshot.warningGroups = try results[11].map { row in
      Snapshot.WarningGroup(
        dataset: try row.decode("dataset"), firstYear: try row.decode("first_year"),
        lastYear: try row.decode("last_year"), count: try row.decode("count"), what: try row.decode("what"),
        message: try row.text("message") ?? "")
    }
    // Workers that are started with the watch are on their way.
    snapshot.waits = try results[10].filter { try !startsWorkers || $0.text("reason") != Self.noWorker }.map { row in
      let reason = try row.text("reason") ?? ""
      let told = reason == Self.noWorker ? Advice.noWorker.text() : reason
      return "\(try row.decode("tasks", as: Int.self).counted("task")): \(told)"
    }
    snapshot.remainingSeconds =
      snapshot.counts.running == 0 ? nil : try results[7].first?.decode("seconds", as: Int?.self)
    return snapshot
  }

  private func workers(_ rows: [PostgresRow], running: [PostgresRow]) throws -> [Snapshot.Worker] {
    let tasks = try Dictionary(
      grouping: running.map { row in
        (
          workerID: try row.decode("worker_id", as: Int.self),
          task: Snapshot.Worker.Task(
            partition: try partition(row), seconds: try row.decode("seconds"),
            attempt: try row.decode("attempt_number"))
        )
      }, by: \.workerID)
    return try rows.map { row in
      Snapshot.Worker(
        name: "\(try row.decode("name", as: String.self))@\(try row.decode("host", as: String.self))",
        slots: try row.decode("slots"), busy: try row.decode("busy"), isDraining: try row.decode("is_draining"),
        tasks: (tasks[try row.decode("worker_id")] ?? []).map(\.task))
    }
  }

  private func source(_ row: PostgresRow) throws -> Snapshot.Source {
    var note: String?
    if let reason = try row.text("pause_reason") {
      note = "paused: \(reason)"
    } else if let seconds: Int = try row.decode("cool_down_seconds") {
      note = "cooling down for \(readableDuration(seconds)): \(try row.text("cool_down_reason") ?? "")"
    }
    return Snapshot.Source(
      id: try row.decode("source_id"), running: try row.decode("running"), granted: try row.decode("granted_total"),
      limit: try row.decode("tokens_per_second"), requestsToday: try row.decode("requests_today"),
      dailyQuota: try row.decode("daily_quota"), note: note)
  }

  private func title(_ progress: PostgresRow) throws -> String {
    let note = try progress.text("note").map { ": \($0)" } ?? ""
    return "backfill \(backfillID)\(note), as of \(try progress.decode("as_of", as: String.self))"
  }

  private func fill(_ snapshot: inout Snapshot, _ progress: PostgresRow) throws {
    let state: String = try progress.decode("state")
    snapshot.isFinished = state.hasPrefix("finished") || state == "cancelled"
    snapshot.isPaused = state == "paused"
    snapshot.isCancelled = state == "cancelled"
    snapshot.counts = Snapshot.Counts(
      total: try progress.decode("total"), completed: try progress.decode("completed"),
      failed: try progress.decode("failed"), cancelled: try progress.decode("cancelled"),
      running: try progress.decode("running"),
      waiting: try progress.decode("ready", as: Int.self) + progress.decode("blocked", as: Int.self),
      skipped: try progress.decode("skipped"))
  }

  private func cells(
    _ grid: [PostgresRow], skipped: [PostgresRow]
  ) throws -> [(dataset: String, year: Int, cell: GridCell)] {
    var cells: [String: [Int: GridCell]] = [:]
    for row in grid {
      cells[try row.decode("dataset"), default: [:]][try row.decode("data_year")] = try GridCell(row)
    }
    for row in skipped {
      cells[try row.decode("dataset"), default: [:]][try row.decode("data_year"), default: GridCell()].skipped =
        try row.decode("skipped")
    }
    return cells.flatMap { dataset, years in years.map { (dataset, $0.key, $0.value) } }
  }

  private func partition(_ row: PostgresRow) throws -> String {
    let region = try row.text("region") ?? ""
    return "\(try row.decode("dataset", as: String.self)) \(try row.decode("data_year", as: Int.self))"
      + (region.isEmpty ? "" : " \(region)")
  }
}
