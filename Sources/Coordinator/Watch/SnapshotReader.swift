import Postgres

/// Reads what the watch shows of a backfill, in one round trip.
struct SnapshotReader: Sendable {
  let backfillID: Int64

  func read(_ connection: PostgresConnection) async throws -> Snapshot {
    let results = try await connection.pipeline([
      PostgresStatement("SELECT * FROM queue.backfill_progress WHERE backfill_id = $1", [backfillID]),
      PostgresStatement(
        """
        SELECT g.*, l.paused_at IS NOT NULL OR b.paused_at IS NOT NULL AS is_paused FROM queue.grid g
        JOIN queue.lane l USING (backfill_id, dataset) JOIN queue.backfill b USING (backfill_id) WHERE backfill_id = $1
        """, [backfillID]),
      PostgresStatement(
        """
        SELECT l.dataset, s.data_year, count(*) AS skipped FROM queue.skipped_partition s JOIN queue.lane l USING (lane_id)
        WHERE l.backfill_id = $1 GROUP BY l.dataset, s.data_year
        """, [backfillID]),
      PostgresStatement(
        """
        SELECT dataset, data_year, region, worker_name, host, attempt_number,
          extract(epoch FROM running_for)::int AS seconds
        FROM queue.running WHERE backfill_id = $1 LIMIT 50
        """, [backfillID]),
      PostgresStatement(
        """
        SELECT task_id, dataset, data_year, region, error_class, reason, state FROM queue.attempt
        WHERE backfill_id = $1 AND error_class IS NOT NULL ORDER BY finished_at DESC LIMIT 20
        """, [backfillID]),
      PostgresStatement(
        "SELECT count(*) AS workers, coalesce(sum(slots), 0) AS slots FROM queue.worker WHERE state = 'running'"),
      PostgresStatement(
        """
        SELECT s.source_id, s.paused_at IS NOT NULL AS is_paused, s.pause_reason, s.cool_down_reason,
          extract(epoch FROM s.cool_down_until - clock_timestamp())::int AS cool_down_seconds
        FROM queue.source s
        WHERE (s.paused_at IS NOT NULL OR s.cool_down_until > clock_timestamp())
          AND EXISTS (SELECT FROM queue.lane l WHERE l.backfill_id = $1 AND s.source_id = ANY (l.source_ids))
        ORDER BY s.source_id
        """, [backfillID]),
      PostgresStatement(
        "SELECT extract(epoch FROM remaining_interval)::int AS seconds FROM queue.eta WHERE backfill_id = $1",
        [backfillID]),
    ])
    guard let progress = results[0].first else {
      throw Failure(.usage, "there is no backfill \(backfillID)", advice: "aker backfills lists them.")
    }
    var snapshot = Snapshot(title: try title(progress))
    try fill(&snapshot, progress)
    snapshot.cells = try cells(results[1], skipped: results[2])
    snapshot.running = try results[3].map { row in
      Snapshot.Running(
        partition: try partition(row),
        worker: "\(try row.text("worker_name") ?? "?")@\(try row.text("host") ?? "?")",
        seconds: try row.decode("seconds"), attempt: try row.decode("attempt_number"))
    }
    snapshot.failures = try results[4].map { row in
      Snapshot.Failure(
        taskID: try row.decode("task_id"), partition: try partition(row), errorClass: try row.decode("error_class"),
        reason: try row.text("reason") ?? "", isFinal: try row.text("state") == "failed")
    }
    snapshot.workerCount = try results[5][0].decode("workers")
    snapshot.slotCount = try results[5][0].decode("slots")
    snapshot.sources = try results[6].map { row in
      let note =
        try row.decode("is_paused")
        ? "paused: \(try row.text("pause_reason") ?? "")"
        : "cooling down for \(Frame.duration(try row.decode("cool_down_seconds"))): \(try row.text("cool_down_reason") ?? "")"
      return Snapshot.Source(id: try row.decode("source_id"), running: 0, note: note)
    }
    snapshot.remainingSeconds = try results[7].first?.decode("seconds", as: Int?.self)
    return snapshot
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
  ) throws -> [(dataset: String, year: Int, cell: Grid.Cell)] {
    var cells: [String: [Int: Grid.Cell]] = [:]
    for row in grid {
      cells[try row.decode("dataset"), default: [:]][try row.decode("data_year")] = try Grid.Cell(row)
    }
    for row in skipped {
      cells[try row.decode("dataset"), default: [:]][try row.decode("data_year"), default: Grid.Cell()].skipped =
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

extension Grid.Cell {
  /// From a row of `queue.grid`, with `is_paused`.
  init(_ row: PostgresRow) throws {
    self.init(
      total: try row.decode("total"), completed: try row.decode("completed"), failed: try row.decode("failed"),
      cancelled: try row.decode("cancelled"), running: try row.decode("running"), blocked: try row.decode("blocked"))
    if try row.decode("is_paused") { paused = total - completed - failed - cancelled - running }
  }
}
