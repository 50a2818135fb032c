import Postgres
import Queue
import TestSupport
import Testing

@Suite(.database)
struct RoleTests {
  static let operating = [
    "SELECT queue.enqueue_backfill('{income}', '{2001}', '2024-06')", "SELECT queue.cancel_backfill(1)",
    "SELECT queue.cancel_task(1)", "SELECT queue.retry_task(1)", "SELECT queue.pause_queue('x')",
    "SELECT queue.configure_source('s')", "SELECT queue.prioritize_task(1)", "SELECT queue.prune()",
  ]
  static let working = [
    "SELECT queue.register_worker('a', 'b', 1, 'v', 1)", "SELECT queue.claim(1, 1)", "SELECT queue.complete(1, 1)",
    "SELECT queue.fail(1, 1, 'data', 'x')", "SELECT queue.reap()", "SELECT queue.take_tokens('s')",
    "SELECT queue.tick()", "SELECT queue.note_attempts('{1}', '{1}', '{\"{}\"}')",
  ]
  static let writing = [
    "DELETE FROM queue.lease", "INSERT INTO queue.ready (rank, task_id, lane_id, data_year) VALUES (0, 1, 1, 2001)",
    "UPDATE queue.outcome SET final = false", "UPDATE queue.source SET max_running = 99", "TRUNCATE queue.worker",
    "SELECT nextval('queue.lease_token')", "SELECT queue._settle(NULL, 'failed', NULL, NULL, NULL)",
  ]
  /// insufficient_privilege
  static let denied = "42501"

  @Test func aReaderReadsEverythingAndChangesNothing() async throws {
    let owner = try await QueueFixture.make()
    try await owner.enqueue()
    let fixture = try await owner.playing("aker_reader")
    for sql in Self.operating + Self.working + Self.writing + ["UPDATE queue.setting SET max_attempts = 1"] {
      #expect(try await fixture.sqlState(sql) == Self.denied, "\(sql)")
    }
    for view in ViewTests.names { try await fixture.run("SELECT * FROM queue.\(view)") }
    try await fixture.run("SELECT queue.why(task_id) FROM queue.task")
    try await fixture.run("SELECT * FROM queue.plan_backfill('{income}', '{2001}')")
    try await fixture.run("SELECT * FROM queue.unmet_dependencies('{income}', '{2001}')")
  }

  @Test func aWorkerWorksAndCannotOperate() async throws {
    let owner = try await QueueFixture.make()
    try await owner.enqueue()
    let fixture = try await owner.playing("aker_worker")
    for sql in Self.operating + Self.writing + ["UPDATE queue.setting SET max_attempts = 1"] {
      #expect(try await fixture.sqlState(sql) == Self.denied, "\(sql)")
    }
    let worker = try await fixture.worker()
    let row = try await fixture.connection.query("SELECT * FROM queue.claim($1, 1)", [worker])[0]
    let lease = try TaskLease(row)
    try await fixture.run("SELECT * FROM queue.tick($1)", [worker])
    try await fixture.run("SELECT queue.complete($1, $2)", [lease.taskID, lease.leaseToken])
    #expect(try await fixture.value("SELECT queue.stop_worker($1)", [worker]) == 0)
  }

  @Test func anAdminOperatesAndDoesNotWriteTables() async throws {
    let fixture = try await QueueFixture.make().playing("aker_admin")
    let backfill = try await fixture.enqueue().backfillID
    try await fixture.run("SELECT queue.pause_backfill($1, 'lunch')", [backfill])
    try await fixture.run("UPDATE queue.setting SET max_attempts = 4")
    #expect(try await fixture.value("SELECT queue.cancel_backfill($1)", [backfill]) == 3)
    for sql in Self.writing { #expect(try await fixture.sqlState(sql) == Self.denied, "\(sql)") }
  }

  @Test func everyDefinerFunctionHasAPinnedSearchPathAndIsNotForEverybody() async throws {
    let fixture = try await QueueFixture.make([])
    let loose = try await fixture.values(
      """
      SELECT p.oid::regprocedure::text FROM pg_proc p
      WHERE p.pronamespace = 'queue'::regnamespace
        AND (p.prosecdef AND NOT 'search_path=pg_catalog, pg_temp' = ANY (coalesce(p.proconfig, '{}'))
          OR EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0))
      """, as: String.self)
    #expect(loose == [])
  }
}
