import Catalog
import FoundationEssentials
import Postgres
import Schedule
import TestSupport
import Testing

/// A database with a dataset to refresh, a coordinator that leads, and a clock that stands where a test puts it.
struct LedgerFixture {
  let connection: PostgresConnection
  let ledger: FlowLedger
  let holder: UUID
  let term: Int64

  static func make() async throws -> LedgerFixture {
    let connection = try await TestDatabase.current.connect()
    try await connection.executeScript(
      """
      INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql)
        SELECT repeat('a', 64), 'income', '', '';
      INSERT INTO catalog.dataset
        (name, definition_hash, title, first_year, is_split, regions, source_ids, primary_source_id, depends_on)
        SELECT 'income', repeat('a', 64), 'income', 2000, false, '{}', ARRAY['census'], 'census', '{}';
      """)
    let ledger = FlowLedger(connection)
    let holder = UUID()
    let term = try #require(try await ledger.lead(holder: holder, name: "test"))
    return LedgerFixture(connection: connection, ledger: ledger, holder: holder, term: term)
  }

  /// Puts the clock of this session there; it stands.
  func at(_ time: String) async throws {
    _ = try await connection.query(
      "SELECT set_config('aker.schedule_clock', now()::text || ',' || $1 || ',0', false)", [time])
  }

  /// - Returns: what changed, each as `f new`.
  @discardableResult
  func apply(_ flows: String...) async throws -> [String] {
    let term = try #require(try await ledger.lead(holder: holder, name: "test"))
    return try await ledger.apply(try Self.read(flows), term: term).map { "\($0.flow) \($0.change)" }
  }

  static func read(_ flows: [String]) throws -> [FlowDefinition] {
    let text = "flows:\n" + flows.map { "  - {datasets: [income], \($0)}\n" }.joined()
    let (read, problems) = FlowDefinition.read(flows.isEmpty ? "flows: []" : text, file: "flows.yml")
    #expect(problems == [])
    return read
  }

  /// Notes and fires, until nothing more can be.
  func serve() async throws {
    while try await ledger.noteDue() > 0 {}
    while true {
      var isDone = true
      for due in try await ledger.waiting() where try await ledger.fire(due.flow, regions: nil) != nil {
        isDone = false
      }
      if isDone { return }
    }
  }

  /// The due times of a flow in order, each as `05-03 06:00 fired`, in UTC.
  func fates(_ flow: String = "f") async throws -> [String] {
    try await connection.query(
      """
      SELECT to_char(due_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI ') || fate AS fate FROM schedule.due WHERE flow = $1
      ORDER BY due_at
      """, [flow]
    ).map { try $0.decode("fate") }
  }

  /// In UTC, as `2026-05-06T06:00:00Z`.
  func nextDue() async throws -> String? {
    try await ledger.states()[0].next_due_at?.formatted(.iso8601)
  }

  /// Ends every open backfill, as if its tasks were done.
  func finish() async throws {
    for row in try await connection.query("SELECT backfill_id FROM queue.backfill WHERE finished_at IS NULL") {
      try await connection.execute("SELECT queue.cancel_backfill($1)", [try row.decode("backfill_id", as: Int64.self)])
    }
  }

  func text(_ sql: String, _ parameters: [(any PostgresEncodable)?] = []) async throws -> String? {
    let row = try #require(try await connection.query(sql, parameters).first)
    return row.text(0)
  }
}
