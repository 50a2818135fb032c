import Base
import Console
import Postgres
import Queue
import TestSupport
import Testing

/// What a look, or a word of a worker's, reads of the queue's tables, counted by the server at two sizes a factor of ten
/// apart: as much, however many tasks have completed.
@Suite(.database)
struct LookCostTests {
  private struct Look {
    var name: String
    var ask: @Sendable (PostgresConnection) async throws -> Void
  }

  @Test func aLookReadsAsMuchHoweverManyHaveCompleted() async throws {
    let fixture = try await QueueFixture.make([])
    let session = try await fixture.database.connect()
    let worker = try await fixture.worker(slots: 30_000)
    var rows: [String: [Int]] = [:]
    for finished in [2000, 20_000] {
      try await fixture.declare("of_\(finished)", regions: (1...finished / 10).map { "r\($0)" })
      let backfill = try await fixture.enqueue(["of_\(finished)"], years: 2001...2010).backfillID
      // Of three, what is worth a word; all others completed.
      try await session.executeScript(
        """
        CREATE TEMPORARY TABLE held AS
          SELECT task_id, lease_token, row_number() OVER (ORDER BY task_id DESC) AS n FROM queue.claim(\(worker), 30000);
        SELECT queue.fail(task_id, lease_token, 'permanent', 'no such page') FROM held WHERE n = 1;
        SELECT queue.complete(task_id, lease_token, '{"outcome": "lake_only", "warnings": 2}') FROM held WHERE n = 2;
        SELECT queue.cancel_task(task_id, 'not now') FROM held WHERE n = 3;
        SELECT queue.complete_many(array_agg(task_id), array_agg(lease_token),
          array_agg(jsonb '{"outcome": "published", "warnings": 0}')) FROM held WHERE n > 3;
        SELECT queue.tidy();
        INSERT INTO lineage.publication (task_id, lease_token, row_count, byte_count, started_at, data_year, dataset, region,
            as_of, outcome, definition_hash, output_sha256, lake_path, worker_id, host, code_version, engine_version)
          SELECT h.task_id, h.lease_token, 1, 1, now(), t.data_year, d.name, t.region, '2024-06', 'published',
            d.definition_hash, repeat('a', 64), d.name || t.data_year || t.region, '\(worker)', 'host', '', ''
          FROM held h JOIN queue.planned_task t USING (task_id) JOIN catalog.dataset d ON d.name = 'of_\(finished)'
          WHERE h.n > 3;
        INSERT INTO lake.manifest (publication_id, row_count, byte_count, data_year, dataset, region, as_of, state,
            definition_hash, sha256, path, lake)
          SELECT publication_id, 1, 1, data_year, dataset, region, as_of, 'in_place', definition_hash, output_sha256,
            lake_path, 'here'
          FROM lineage.publication WHERE dataset = 'of_\(finished)';
        INSERT INTO quality.validation (publication_id, task_id, data_year, check_count, failed_count, warned_count, success,
            dataset, region, as_of, definition_hash)
          SELECT publication_id, task_id, data_year, 1, 0, (task_id % \(finished / 2) = 7)::int, true, dataset, region, as_of,
            definition_hash
          FROM lineage.publication WHERE dataset = 'of_\(finished)';
        INSERT INTO quality.check_result (validation_id, ordinal, success, check_name, severity)
          SELECT validation_id, 1, warned_count = 0, 'expect_column_to_exist', 'warn' FROM quality.validation
          WHERE dataset = 'of_\(finished)';
        """)
      // One that was pruned away long ago, and two that have not ended, of which one runs.
      try await fixture.declare("old_\(finished)")
      let old = try await fixture.enqueue(["old_\(finished)"], years: 2001...2001).backfillID
      try await session.executeScript(
        """
        SELECT queue.complete(task_id, lease_token) FROM queue.claim(\(worker), 1);
        SELECT queue.tidy();
        UPDATE queue.backfill SET finished_at = now() - interval '1 year' WHERE backfill_id = \(old);
        """)
      try await fixture.declare("last_\(finished)")
      try await fixture.enqueue(["last_\(finished)"], years: 2001...2002)
      #expect(try await fixture.claim(worker, 1).count == 1)
      let task = try await session.query("SELECT max(task_id) - 100 AS task, max(lease_token) AS token FROM held")[0]
      let (id, token): (Int64, Int64) = (try task.decode("task"), try task.decode("token"))
      try await session.execute("DROP TABLE held")
      try await session.execute("VACUUM ANALYZE")
      for isCounted in [false, true] {
        for look in Self.looks("of_\(finished)", Int64(backfill), id, token) {
          if !isCounted, look.name == "prune" { continue }
          let before = try await Self.read(session)
          try await look.ask(session)
          if isCounted { rows[look.name, default: []].append(try await Self.read(session) - before) }
        }
      }
    }
    for (look, counts) in rows { #expect(counts[1] <= counts[0] + 100, "\(look): \(counts)") }
  }

  private static func looks(_ dataset: String, _ backfill: Int64, _ task: Int64, _ token: Int64) -> [Look] {
    func tasks(_ name: String, _ filter: TaskLine.Filter, _ count: Int) -> Look {
      counted("tasks, \(name)", count) { try await TaskLine.list(filter, $0).count }
    }
    func sql(_ name: String, _ statement: String) -> Look {
      Look(name: name) { _ = try await $0.query(statement) }
    }
    return [
      tasks("failed", .init(backfill: backfill, state: .failed, limit: 100), 1),
      tasks("by error", .init(backfill: backfill, errorClass: .permanent, limit: 100), 1),
      tasks("of another error", .init(errorClass: .data, limit: 100), 0),
      tasks("cancelled", .init(backfill: backfill, state: .cancelled, limit: 100), 1),
      tasks("warned", .init(backfill: backfill, warned: true, limit: 100), 1),
      tasks("running", .init(backfill: backfill, state: .running, limit: 100), 0),
      tasks("ready", .init(backfill: backfill, state: .ready, year: 2001, limit: 100), 0),
      tasks("a page", .init(backfill: backfill, after: task, limit: 20), 20),
      counted("warnings", 2) { try await WarningLine.list(dataset: dataset, year: nil, limit: 10, $0).count },
      counted("task", 1) { try await TaskStory.read(task, lake: "", $0)?.attempts.count },
      counted("watch", 1) { try await SnapshotReader(backfillID: backfill).read($0).counts.kept },
      sql("retry", "SELECT * FROM service.selected_tasks('retry', '{\"dataset\": \"of_2000\"}')"),
      sql("cancel", "SELECT * FROM service.selected_tasks('cancel', '{\"dataset\": \"of_2000\"}')"),
      sql("ending", "SELECT queue.ending(\(task), \(token))"),
      sql("note", "SELECT queue.note_attempts('{\(task)}', '{\(token)}', ARRAY[jsonb '{}'])"),
      sql("complete again", "SELECT queue.complete_many('{\(task)}', '{\(token)}')"),
      sql("prune", "SELECT queue.prune(interval '90 days', 100) FROM generate_series(1, 2)"),
    ]
  }

  /// A look that finds so much.
  private static func counted(
    _ name: String, _ expected: Int, _ ask: @escaping @Sendable (PostgresConnection) async throws -> Int?
  ) -> Look {
    Look(name: name) { session in
      let found = try await ask(session)
      #expect(found == expected, "\(name)")
    }
  }

  /// Rows of the queue's tables that were read until now, by whichever plan.
  private static func read(_ session: PostgresConnection) async throws -> Int {
    _ = try await session.query("SELECT pg_stat_force_next_flush()")
    return try await session.query(
      """
      SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint AS n FROM pg_stat_user_tables
      WHERE schemaname IN ('queue', 'lake', 'lineage', 'quality')
      """)[0].decode("n")
  }
}
