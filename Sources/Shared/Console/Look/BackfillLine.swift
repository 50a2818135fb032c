package import FoundationEssentials
package import Postgres

/// A backfill, and how far it is.
package struct BackfillLine: Encodable, Sendable {
  package var backfill_id: Int64
  package var note: String?
  package var as_of: String
  package var state: State
  package var total: Int
  package var completed: Int
  /// And failed now: not what was published since, or has a task of a later backfill.
  package var failed: Int
  package var running: Int
  package var waiting: Int
  package var cancelled: Int
  package var skipped: Int
  package var created_at: Date

  /// As `queue.backfill_progress` says it.
  package enum State: String, Sendable, Codable, PostgresDecodable {
    case open, paused, finished, cancelled
    case finishedWithFailures = "finished_with_failures"

    /// Whether nothing of it will run any more, unless somebody tries it again.
    package var isOver: Bool { [.finished, .finishedWithFailures, .cancelled].contains(self) }
    /// For a table that tells beside it what failed.
    package var word: String { self == .finishedWithFailures ? "finished" : rawValue }
  }

  /// More would not be read; older ones have their number.
  package static let mostCount = 100

  /// The newest first.
  ///
  /// - Parameter before: only those before this number: where a page ended.
  package static func list(
    before: Int64? = nil, limit: Int = mostCount, _ session: some PostgresSession
  ) async throws -> [BackfillLine] {
    try await session.query(
      """
      SELECT backfill_id, note, as_of,
        CASE WHEN state = 'finished_with_failures' AND failed = coalesce(h.tasks, 0) THEN 'finished' ELSE state END AS state,
        total, completed, failed - coalesce(h.tasks, 0) AS failed, running, ready + blocked AS waiting, cancelled, skipped,
        date_trunc('second', created_at) AS created_at
      FROM queue.backfill_progress LEFT JOIN queue.history h USING (backfill_id)
      WHERE $2::bigint IS NULL OR backfill_id < $2 ORDER BY backfill_id DESC LIMIT $1
      """, [limit, before]
    ).map { try BackfillLine($0) }
  }
}

extension BackfillLine {
  /// The newest that has not ended, or else the newest; nil where there is none.
  package static func newest(_ session: some PostgresSession) async throws -> Int64? {
    try await session.oneOrNone(
      "SELECT backfill_id FROM queue.backfill ORDER BY finished_at IS NOT NULL, backfill_id DESC LIMIT 1"
    )?.decode("backfill_id")
  }

  fileprivate init(_ row: PostgresRow) throws {
    backfill_id = try row.decode("backfill_id")
    note = try row.text("note")
    as_of = try row.decode("as_of")
    state = try row.decode("state")
    total = try row.decode("total")
    completed = try row.decode("completed")
    failed = try row.decode("failed")
    running = try row.decode("running")
    waiting = try row.decode("waiting")
    cancelled = try row.decode("cancelled")
    skipped = try row.decode("skipped")
    created_at = try row.decode("created_at")
  }
}
