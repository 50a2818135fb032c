package import Base
package import FoundationEssentials
package import Postgres

/// An act on many tasks: chosen once, and done piece by piece by whoever serves.
package struct Batch: Encodable, Sendable {
  package var batch_id: Int64
  /// `retry`, `cancel` or `prioritize`.
  package var act: String
  package var selection: JSONValue
  package var reason: String?
  package var actor: String
  package var created_at: Date
  package var finished_at: Date?
  package var cancelled_at: Date?
  package var cancelled_by: String?
  package var total: Int
  package var done: Int
  /// Tasks it was not done to, each with its reason.
  package var left_alone: Int
  /// `open`, `finished` or `cancelled`.
  package var state: String

  private static let sql = """
    SELECT batch_id, act, selection::text AS selection, reason, actor, created_at, finished_at, cancelled_at,
      cancelled_by, total, done, left_alone, CASE WHEN cancelled_at IS NOT NULL THEN 'cancelled'
        WHEN finished_at IS NOT NULL THEN 'finished' ELSE 'open' END AS state
    FROM service.batch
    """

  /// The newest first.
  package static func list(before: Int64?, limit: Int, _ session: some PostgresSession) async throws -> [Batch] {
    try await session.query(
      sql + " WHERE $1::bigint IS NULL OR batch_id < $1 ORDER BY batch_id DESC LIMIT $2", [before, limit]
    ).map { try Batch($0) }
  }

  /// - Throws: `Refusal` where there is none.
  package static func read(_ id: Int64, _ session: some PostgresSession) async throws -> Batch {
    guard let row = try await session.oneOrNone(sql + " WHERE batch_id = $1", [id]) else {
      throw Refusal(.usage, "there is no batch \(id)")
    }
    return try Batch(row)
  }

  /// - Throws: `Refusal` for a selection that makes no sense.
  package static func create(
    act: String, selection: JSONValue, reason: String?, actor: String, _ session: some PostgresSession
  ) async throws -> Batch {
    let row = try await Refusal.translating {
      try await session.one(
        "SELECT service.create_batch($1, $2::jsonb, $3, $4) AS id", [act, selection.json, reason, actor])
    }
    return try await read(try row.decode("id"), session)
  }

  package static func cancel(_ id: Int64, actor: String, _ session: some PostgresSession) async throws {
    _ = try await session.query("SELECT service.cancel_batch($1, $2)", [id, actor])
  }

  /// Does a piece of the oldest open batch, in a transaction of its own.
  ///
  /// - Returns: how many tasks; 0 where there is nothing to do.
  package static func work(_ session: some PostgresSession) async throws -> Int {
    try await session.one("SELECT service.work_batches() AS count").decode("count")
  }

  private init(_ row: PostgresRow) throws {
    batch_id = try row.decode("batch_id")
    act = try row.decode("act")
    selection = JSONValue(parsing: try row.decode("selection"))
    reason = try row.text("reason")
    actor = try row.decode("actor")
    created_at = try row.decode("created_at")
    finished_at = try row.decode("finished_at")
    cancelled_at = try row.decode("cancelled_at")
    cancelled_by = try row.text("cancelled_by")
    total = try row.decode("total")
    done = try row.decode("done")
    left_alone = try row.decode("left_alone")
    state = try row.decode("state")
  }
}
