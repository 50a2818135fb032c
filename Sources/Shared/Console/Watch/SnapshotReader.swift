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
    let answers = try await connection.pipeline(
      SnapshotQuestion.allCases.map { PostgresStatement($0.sql, $0.isOfBackfill ? [backfillID] : []) })
    let results = Dictionary(uniqueKeysWithValues: zip(SnapshotQuestion.allCases, answers))
    func rows(_ question: SnapshotQuestion) -> [PostgresRow] { results[question].map { Array($0) } ?? [] }
    guard let progress = rows(.progress).first else {
      throw Refusal(.usage, "there is no backfill \(backfillID)", advice: "aker backfills lists them.")
    }
    var snapshot = Snapshot(title: try title(progress))
    try fill(&snapshot, progress)
    snapshot.counts.kept = try rows(.kept).reduce(0) { try $0 + $1.decode("kept", as: Int.self) }
    snapshot.shownAsOf = try rows(.kept).compactMap { try $0.text("shown") }.max()
    snapshot.cells = try cells(rows(.grid), kept: rows(.kept), skipped: rows(.skipped))
    snapshot.failures = try rows(.failures).map(failure)
    snapshot.workers = try workers(rows(.workers), running: rows(.running))
    snapshot.workerCount = snapshot.workers.count { !$0.isDraining }
    snapshot.slotCount = snapshot.workers.reduce(0) { $0 + ($1.isDraining ? 0 : $1.slots) }
    snapshot.sources = try rows(.sources).map(source).sorted { first, second in
      (first.note == nil ? 1 : 0, -first.running, first.id) < (second.note == nil ? 1 : 0, -second.running, second.id)
    }
    snapshot.failureGroups = try rows(.failureGroups).map(failureGroup)
    snapshot.warningGroups = try rows(.warningGroups).map(warningGroup)
    snapshot.waits = try waits(rows(.waits))
    snapshot.remainingSeconds =
      snapshot.counts.running == 0 ? nil : try rows(.remaining).first?.decode("seconds", as: Int?.self)
    return snapshot
  }

  private func failure(_ row: PostgresRow) throws -> Snapshot.Failure {
    Snapshot.Failure(
      taskID: try row.decode("task_id"), partition: try partition(row), errorClass: try row.decode("error_class"),
      reason: try row.text("reason") ?? "", isFinal: try row.text("state") == "failed")
  }

  private func failureGroup(_ row: PostgresRow) throws -> Snapshot.FailureGroup {
    Snapshot.FailureGroup(
      dataset: try row.decode("dataset"), firstYear: try row.decode("first_year"),
      lastYear: try row.decode("last_year"), count: try row.decode("count"),
      errorClass: try row.decode("error_class"), reason: try row.text("reason") ?? "",
      taskID: try row.decode("task_id"), region: try row.text("region") ?? "", isFinal: try row.decode("final"))
  }

  private func warningGroup(_ row: PostgresRow) throws -> Snapshot.WarningGroup {
    Snapshot.WarningGroup(
      dataset: try row.decode("dataset"), firstYear: try row.decode("first_year"),
      lastYear: try row.decode("last_year"), count: try row.decode("count"), what: try row.decode("what"),
      message: try row.text("message") ?? "")
  }

  private func waits(_ rows: [PostgresRow]) throws -> [String] {
    // Workers that are started with the watch are on their way.
    return try rows.filter { try !startsWorkers || $0.text("reason") != Self.noWorker }.map { row in
      let reason = try row.text("reason") ?? ""
      let told = reason == Self.noWorker ? Advice.noWorker.text() : reason
      return "\(try row.decode("tasks", as: Int.self).counted("task")): \(told)"
    }
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
    let state: BackfillLine.State = try progress.decode("state")
    snapshot.isFinished = state.isOver
    snapshot.isPaused = state == .paused
    snapshot.isCancelled = state == .cancelled
    snapshot.counts = Snapshot.Counts(
      total: try progress.decode("total"), completed: try progress.decode("completed"),
      failed: try progress.decode("failed"), cancelled: try progress.decode("cancelled"),
      running: try progress.decode("running"),
      waiting: try progress.decode("ready", as: Int.self) + progress.decode("blocked", as: Int.self),
      skipped: try progress.decode("skipped"))
  }

  private func cells(
    _ grid: [PostgresRow], kept: [PostgresRow], skipped: [PostgresRow]
  ) throws -> [(dataset: String, year: Int, cell: GridCell)] {
    var cells: [String: [Int: GridCell]] = [:]
    for row in grid {
      cells[try row.decode("dataset"), default: [:]][try row.decode("data_year")] = try GridCell(cell: row)
    }
    for row in kept {
      cells[try row.decode("dataset"), default: [:]][try row.decode("data_year")]?.kept = try row.decode("kept")
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
