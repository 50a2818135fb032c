package import FoundationEssentials
internal import Postgres

/// What an operator asks and does.
extension FlowLedger {
  /// A flow as the coordinators know it.
  package struct State: Sendable, Encodable {
    package var flow: String
    package var next_due_at: Date?
    package var paused_at: Date?
    package var pause_reason: String?
    /// Why its due time could not fire when that was last tried.
    package var trouble: String?
    package var last_due_at: Date?
    /// `waiting`, `fired`, `coalesced`, `skipped` or `missed`.
    package var last_fate: String?
    package var last_reason: String?
    package var last_backfill_id: Int64?
    package var open_backfill_id: Int64?
    package var missed_count: Int
  }

  package func states() async throws -> [State] {
    try await connection.query(
      """
      SELECT flow, next_due_at, paused_at, pause_reason, trouble, last_due_at, last_fate, last_reason,
        last_backfill_id, open_backfill_id, missed_count
      FROM schedule.flow_state ORDER BY flow
      """
    )
    .map { row in
      State(
        flow: try row.decode("flow"), next_due_at: try row.decode("next_due_at"),
        paused_at: try row.decode("paused_at"), pause_reason: try row.decode("pause_reason"),
        trouble: try row.decode("trouble"), last_due_at: try row.decode("last_due_at"),
        last_fate: try row.decode("last_fate"), last_reason: try row.decode("last_reason"),
        last_backfill_id: try row.decode("last_backfill_id"), open_backfill_id: try row.decode("open_backfill_id"),
        missed_count: try row.decode("missed_count"))
    }
  }

  /// A due time, and what became of it.
  package struct Due: Sendable, Encodable {
    package var due_at: Date
    package var fate: String
    package var reason: String?
    package var backfill_id: Int64?
    /// The login of who triggered it by hand.
    package var triggered_by: String?
    package var noted_at: Date
    package var settled_at: Date?
  }

  /// The latest first.
  package func history(_ flow: String, limit: Int) async throws -> [Due] {
    try await connection.query(
      """
      SELECT due_at, fate, reason, backfill_id, triggered_by, noted_at, settled_at
      FROM schedule.history h WHERE flow = $1 ORDER BY h.due_at DESC LIMIT $2
      """, [flow, limit]
    )
    .map { row in
      Due(
        due_at: try row.decode("due_at"), fate: try row.decode("fate"), reason: try row.decode("reason"),
        backfill_id: try row.decode("backfill_id"), triggered_by: try row.decode("triggered_by"),
        noted_at: try row.decode("noted_at"), settled_at: try row.decode("settled_at"))
    }
  }

  package func pause(_ flow: String, reason: String) async throws {
    try await connection.execute("SELECT schedule.pause_flow($1, $2)", [flow, reason])
  }

  package func resume(_ flow: String) async throws {
    try await connection.execute("SELECT schedule.resume_flow($1)", [flow])
  }

  /// Enqueues a flow now.
  package func trigger(_ flow: String, regions: [String]?) async throws -> (backfillID: Int64, taskCount: Int) {
    let row = try await connection.one("SELECT * FROM schedule.trigger_flow($1, $2)", [flow, regions])
    return (try row.decode("backfill_id"), try row.decode("task_count"))
  }
}
