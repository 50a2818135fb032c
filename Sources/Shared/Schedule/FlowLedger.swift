package import Catalog
package import FoundationEssentials
package import Postgres

/// The Swift face of schema `schedule`: which flows there are, when each is due, and what became of it.
package struct FlowLedger: Sendable {
  let connection: PostgresConnection

  package init(_ connection: PostgresConnection) {
    self.connection = connection
  }

  // MARK: For who serves

  /// Takes or renews the lead.
  ///
  /// - Returns: the term; nil while another leads.
  package func lead(holder: UUID, name: String) async throws -> Int64? {
    try await connection.one("SELECT schedule.lead($1::uuid, $2) AS term", [holder.uuidString, name]).decode("term")
  }

  package func abdicate(holder: UUID) async throws {
    try await connection.execute("SELECT schedule.abdicate($1::uuid)", [holder.uuidString])
  }

  package struct Change: Sendable, Equatable {
    package var flow: String
    /// `new`, `changed` or `removed`.
    package var change: String
  }

  /// Makes these the flows there are.
  ///
  /// - Throws: `PostgresError` AK007 when the term is over, AK003 for a time zone that the server does not know.
  package func apply(_ flows: [FlowDefinition], term: Int64) async throws -> [Change] {
    let definitions = String(decoding: try JSONEncoder().encode(flows.map(FlowRow.init)), as: UTF8.self)
    return try await connection.query(
      "SELECT flow, change FROM schedule.apply_flows($1, $2::jsonb)", [term, definitions]
    )
    .map { Change(flow: try $0.decode("flow"), change: try $0.decode("change")) }
  }

  /// Writes all that fell due into the ledger.
  ///
  /// - Returns: how many due times; a thousand or more of a flow are noted in several calls.
  package func noteDue() async throws -> Int {
    try await connection.one("SELECT schedule.note_due() AS count").decode("count")
  }

  /// A due time whose moment has come.
  package struct Waiting: Sendable {
    package var flow: String
    package var datasets: [String]
    package var years: [Int]
    package var regions: [String]?
  }

  /// Of each flow the oldest due time that may fire now, and does not wait for the backfill before.
  package func waiting() async throws -> [Waiting] {
    try await connection.query(
      """
      SELECT DISTINCT ON (flow) flow, datasets, years, regions FROM schedule.waiting
      WHERE fires_at <= schedule._now() AND waits_for_backfill_id IS NULL
      ORDER BY flow, due_at
      """
    )
    .map { row in
      Waiting(
        flow: try row.decode("flow"), datasets: try row.decode("datasets"), years: try row.decode("years"),
        regions: try row.decode("regions"))
    }
  }

  /// What became of a due time.
  package struct Settled: Sendable {
    package var dueAt: Date
    package var fate: String
    package var reason: String?
    package var backfillID: Int64?
    package var taskCount: Int?
  }

  /// Settles the oldest due time of a flow whose moment has come.
  ///
  /// - Returns: nil where there is none, where it waits for the backfill before, or where another is at this flow.
  package func fire(_ flow: String, regions: [String]?) async throws -> Settled? {
    try await connection.query(
      "SELECT * FROM schedule.fire($1, $2)",
      [flow, regions]
    )
    .first.map { row in
      Settled(
        dueAt: try row.decode("due_at"), fate: try row.decode("fate"), reason: try row.decode("reason"),
        backfillID: try row.decode("backfill_id"), taskCount: try row.decode("task_count"))
    }
  }

  package func noteTrouble(_ flow: String, _ reason: String) async throws {
    try await connection.execute("SELECT schedule.note_trouble($1, $2)", [flow, reason])
  }

  /// Deletes due times of more than three years ago.
  package func prune(term: Int64) async throws -> Int {
    try await connection.one("SELECT schedule.prune($1) AS count", [term]).decode("count")
  }
}
