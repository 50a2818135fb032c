package import Postgres

/// A year of a dataset in the grid: how many of its tasks are in which state.
package struct GridCell: Sendable, Equatable {
  package var total = 0
  package var completed = 0
  package var failed = 0
  package var cancelled = 0
  package var running = 0
  package var blocked = 0
  package var paused = 0
  /// Partitions that are published with warnings, by whichever backfill.
  package var warned = 0
  /// Asked for, and not enqueued because there was nothing to do.
  package var skipped = 0

  package init(
    total: Int = 0, completed: Int = 0, failed: Int = 0, cancelled: Int = 0, running: Int = 0, blocked: Int = 0,
    paused: Int = 0, warned: Int = 0, skipped: Int = 0
  ) {
    self.total = total
    self.completed = completed
    self.failed = failed
    self.cancelled = cancelled
    self.running = running
    self.blocked = blocked
    self.paused = paused
    self.warned = warned
    self.skipped = skipped
  }

  /// Of several datasets together.
  package static func + (first: GridCell, second: GridCell) -> GridCell {
    GridCell(
      total: first.total + second.total, completed: first.completed + second.completed,
      failed: first.failed + second.failed, cancelled: first.cancelled + second.cancelled,
      running: first.running + second.running, blocked: first.blocked + second.blocked,
      paused: first.paused + second.paused, warned: first.warned + second.warned,
      skipped: first.skipped + second.skipped)
  }

  /// In the order of the legend.
  package enum State: String, CaseIterable, Sendable {
    case published
    case warned = "published with warnings"
    case failed, running, ready, blocked, paused, cancelled, skipped
  }

  /// What stands out of a cell's tasks: a failure before all else, then what moves.
  package var state: State {
    if failed > 0 { return .failed }
    if running > 0 { return .running }
    let waiting = total - completed - cancelled
    if waiting > 0 {
      if paused > 0 { return .paused }
      return blocked == waiting ? .blocked : .ready
    }
    if cancelled > 0 { return .cancelled }
    if total == 0 { return .skipped }
    return warned > 0 ? .warned : .published
  }
}

extension GridCell {
  /// From a row of `queue.grid`, with `is_paused` and `warned`.
  package init(_ row: PostgresRow) throws {
    self.init(
      total: try row.decode("total"), completed: try row.decode("completed"), failed: try row.decode("failed"),
      cancelled: try row.decode("cancelled"), running: try row.decode("running"), blocked: try row.decode("blocked"),
      warned: try row.decode("warned"))
    if try row.decode("is_paused") { paused = total - completed - failed - cancelled - running }
  }
}
