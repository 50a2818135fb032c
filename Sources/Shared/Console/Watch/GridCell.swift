package import Postgres

/// A year of a dataset in the grid: how many of its tasks are in which state.
package struct GridCell: Sendable, Equatable {
  package var total = 0
  package var completed = 0
  /// Of those, kept in the lake, since the warehouse shows a newer vintage.
  package var kept = 0
  package var failed = 0
  package var cancelled = 0
  package var running = 0
  package var blocked = 0
  package var paused = 0
  /// Partitions that are published with warnings, by whichever backfill.
  package var warned = 0
  /// Asked for, and not enqueued because there was nothing to do.
  package var skipped = 0
  /// Both facts by the database's word (`queue.cell`); nil where several are counted together.
  package var told: Facts?

  package struct Facts: Sendable, Equatable {
    package var data: Fact
    package var work: Fact?

    package init(data: Fact, work: Fact? = nil) {
      self.data = data
      self.work = work
    }
  }

  package init(
    total: Int = 0, completed: Int = 0, kept: Int = 0, failed: Int = 0, cancelled: Int = 0, running: Int = 0,
    blocked: Int = 0,
    paused: Int = 0, warned: Int = 0, skipped: Int = 0
  ) {
    self.total = total
    self.completed = completed
    self.kept = kept
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
      kept: first.kept + second.kept,
      failed: first.failed + second.failed, cancelled: first.cancelled + second.cancelled,
      running: first.running + second.running, blocked: first.blocked + second.blocked,
      paused: first.paused + second.paused, warned: first.warned + second.warned,
      skipped: first.skipped + second.skipped)
  }

  /// What the data is, and what the last work on it does or did. In the order of the legend; the words are those of
  /// `queue.cell`.
  package enum Fact: String, CaseIterable, Sendable {
    case none, published
    case warned = "published with warnings"
    case stale
    case other = "other vintage"
    case failed, running, waiting, blocked, paused, cancelled, skipped

    /// One column wide, distinct without colour, and the same in SQL (`queue.sign`).
    package var sign: Character {
      switch self {
      case .none: "□"
      case .published: "■"
      case .warned: "▲"
      case .stale: "◆"
      case .other: "◇"
      case .failed: "✗"
      case .running: "▶"
      case .waiting: "·"
      case .blocked: "⋯"
      case .paused: "‖"
      case .cancelled: "○"
      case .skipped: "="
      }
    }
  }

  package var data: Fact {
    if let told { return told.data }
    return completed == 0 ? .none : kept > 0 ? .other : warned > 0 ? .warned : .published
  }

  /// What stands out of a cell's tasks: a failure before all else, then what moves; nil when all ended well.
  package var work: Fact? {
    if let told { return told.work }
    if failed > 0 { return .failed }
    if running > 0 { return .running }
    let waiting = total - completed - cancelled
    if waiting > 0 {
      if paused > 0 { return .paused }
      return blocked == waiting ? .blocked : .waiting
    }
    if cancelled > 0 { return .cancelled }
    return total == 0 ? .skipped : nil
  }

  /// The one of both that matters more.
  package var state: Fact { work ?? data }
}

extension GridCell {
  /// From a row of `queue.cell` or `queue.backfill_cell`.
  package init(cell row: PostgresRow) throws {
    self.init(
      total: try row.decode("total"), completed: try row.decode("completed"), failed: try row.decode("failed"),
      cancelled: try row.decode("cancelled"), running: try row.decode("running"), blocked: try row.decode("blocked"),
      paused: try row.decode("paused"), warned: try row.decode("warned"))
    told = Facts(
      data: Fact(rawValue: try row.decode("data")) ?? .none, work: try row.text("work").flatMap(Fact.init(rawValue:)))
  }
}
