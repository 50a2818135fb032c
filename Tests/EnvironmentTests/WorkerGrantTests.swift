import Postgres
import TestSupport
import Testing

/// Every right that aker_worker has, looked up in the catalog: what is new is in none of these lists, and fails.
@Suite(.database)
struct WorkerGrantTests {
  /// What writes for one attempt: it proves the lease (or, where that has ended with the publication, its token) inside.
  static let proving: Set<String> = [
    "queue.fence", "queue.complete", "queue.complete_many", "queue.fail", "queue.release", "queue.give_back",
    "queue.snooze", "lake.begin_publication", "lake.record_publication", "lake.mark_in_place",
    "quality.record_validation", "lineage.start_run", "lineage.end_run", "warehouse.prepare_partition",
    "warehouse.create_staging", "warehouse.index_staging", "warehouse.swap_partition", "warehouse.move_partition",
    "warehouse.drop_staging", "queue.note_attempts",
  ]
  /// A worker's own life: no lease is there yet, or all of its own are meant.
  static let incarnation: Set<String> = [
    "queue.register_worker", "queue.hold_worker_lock", "queue.heartbeat", "queue.drain_worker", "queue.stop_worker",
    "queue.claim", "queue.claim_task", "queue.release_unknown", "queue.tick", "queue.report_host", "queue.excuse_loss",
    "queue.ending",
  ]
  /// Decides by the tables alone, whoever calls it: what is due is done, and nothing else.
  static let upkeep: Set<String> = [
    "queue.reap", "queue.promote_due", "queue.tidy", "lineage.close_lost_runs", "lineage.prune_outbox",
    "warehouse.drop_orphans", "lake.live_staging",
  ]
  /// Shared by all workers: sources' budgets, events that wait to be sent, the lake's name before it has one.
  static let shared: Set<String> = [
    "queue.take_tokens", "queue.return_tokens", "queue.cool_down", "lineage.take_events", "lineage.settle_event",
    "lake.establish",
  ]
  /// Compares what it is given with what this structure serves, before there is a worker to prove anything.
  static let asking: Set<String> = ["queue.require_contract"]

  private func names(_ sql: String, _ connection: PostgresConnection) async throws -> Set<String> {
    Set(try await connection.query(sql).map { try $0.decode("name", as: String.self) })
  }

  @Test func everyFunctionThatAWorkerMayCallIsKnownForWhatItProves() async throws {
    let connection = try await TestDatabase.current.connect()
    let granted = try await names(
      """
      SELECT p.pronamespace::regnamespace || '.' || p.proname AS name FROM pg_proc p
      WHERE p.pronamespace::regnamespace::text IN ('queue', 'catalog', 'lineage', 'quality', 'lake', 'warehouse', 'review', 'schedule', 'service')
        AND has_function_privilege('aker_worker', p.oid, 'EXECUTE') AND NOT has_function_privilege('aker_reader', p.oid, 'EXECUTE')
      """, connection)
    #expect(
      granted == Self.proving.union(Self.incarnation).union(Self.upkeep).union(Self.shared).union(Self.asking))
    // What everybody may call writes nothing, whoever wrote it.
    let writing = try await names(
      """
      SELECT p.oid::regprocedure::text AS name FROM pg_proc p
      WHERE p.pronamespace::regnamespace::text IN ('queue', 'catalog', 'lineage', 'quality', 'lake', 'warehouse', 'review', 'schedule', 'service')
        AND has_function_privilege('aker_reader', p.oid, 'EXECUTE') AND p.provolatile = 'v'
        -- With the rights of a reader, whoever calls it: questions of Explore (ExploreTests attack it).
        AND NOT (p.prosecdef AND p.proowner = 'aker_reader'::regrole)
      """, connection)
    // Looks at locks as they are at this moment.
    #expect(writing == ["warehouse.abandoned_sessions()"])
    await connection.close()
  }

  @Test func aWorkerHasNoRightToATableButToRead() async throws {
    let connection = try await TestDatabase.current.connect()
    let rights = try await names(
      """
      SELECT format('%s on %s', a.privilege_type, c.oid::regclass) AS name
      FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) AS a
      WHERE a.privilege_type <> 'SELECT' AND (a.grantee = 0 OR a.grantee = 'aker_worker'::regrole)
        AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
      UNION SELECT format('%s on column %s of %s', a.privilege_type, t.attname, t.attrelid::regclass)
      FROM pg_attribute t CROSS JOIN LATERAL aclexplode(t.attacl) AS a
      WHERE a.privilege_type <> 'SELECT' AND a.grantee = 'aker_worker'::regrole
      UNION SELECT format('%s on schema %s', a.privilege_type, n.nspname)
      FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) AS a
      WHERE a.privilege_type <> 'USAGE' AND (a.grantee = 0 OR a.grantee = 'aker_worker'::regrole)
      UNION SELECT 'SELECT on queue.lock_space' WHERE has_table_privilege('aker_worker', 'queue.lock_space', 'SELECT')
      """, connection)
    #expect(rights == [])
    await connection.close()
  }

  /// Each function of an attempt, called with all that is true of a running task but its token; and with its token, too, as
  /// another process than the one that holds it.
  @Test func noneOfThemWritesForAnAttemptThatHoldsNoLease() async throws {
    let database = TestDatabase.current
    let login = try await Login.make("grants", ["aker_worker"], in: database)
    try await Place.with(dsn: database.dsn) { place in
      try await place.withCensus { place in
        let run = try await place.aker("run", "market_income", "--year", "2012")
        #expect(run.exitCode == 0, "\(run)")
      }
      #expect(try await place.aker("backfill", "market_income", "--years", "2011", "--detach").exitCode == 0)
    }
    let owner = try await database.connect()
    let worker: Int = try await owner.query("SELECT queue.register_worker('w', 'h', 1, 'v', 1) AS id")[0].decode("id")
    let lease = try await owner.query("SELECT task_id, lease_token FROM queue.claim($1, 1)", [worker])[0]
    let task: Int64 = try lease.decode("task_id")
    let token: Int64 = try lease.decode("lease_token")
    let staging: String = try await owner.query(
      "SELECT warehouse.create_staging('market_income', 2011, '', $1, $2) AS name", [task, token])[0].decode("name")
    _ = try await owner.query("SELECT lineage.start_run($1, $2, '{}')", [task, token])
    // A publication whose file has no name yet, of a worker that lives.
    try await owner.executeScript(
      """
      UPDATE lake.manifest SET state = 'committed', staged_path = 'x', committed_at = clock_timestamp() + interval '1 hour';
      UPDATE queue.worker SET ended_at = NULL, state = 'running', end_reason = NULL, session_lock = false;
      """)
    let functions = try await owner.query(
      """
      SELECT p.pronamespace::regnamespace || '.' || p.proname AS name,
        ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY AS u(t, n) ORDER BY n) AS types,
        coalesce(p.proargnames[1:p.pronargs], '{}') AS names
      FROM pg_proc p WHERE has_function_privilege('aker_worker', p.oid, 'EXECUTE')
        AND p.pronamespace::regnamespace || '.' || p.proname = ANY ($1)
      """, [Self.proving.sorted()])
    #expect(functions.count == Self.proving.count)
    let before = try await fingerprint(owner)
    try await attack(functions, login, task: task, token: token + 1000, staging: staging, before, owner)
    try await attack(functions, login, task: task, token: token, staging: staging, isAnother: true, before, owner)
    await owner.close()
    try await login.drop(database)
  }

  private func attack(
    _ functions: [PostgresRow], _ login: Login, task: Int64, token: Int64, staging: String, isAnother: Bool = false,
    _ before: String, _ owner: PostgresConnection
  ) async throws {
    var configuration = PostgresConfiguration(dsn: login.dsn)
    if isAnother { configuration.incarnation = Incarnation() }
    let enemy = try await PostgresConnection.connect(configuration)
    for function in functions {
      let name: String = try function.decode("name")
      let arguments = zip(
        try function.decode("names", as: [String].self), try function.decode("types", as: [String].self)
      ).map {
        // The publication's own, of an attempt that is over; its file has no name yet.
        isAnother && name == "lake.mark_in_place" && $0 == "token"
          ? "(SELECT lease_token FROM lineage.publication ORDER BY publication_id DESC LIMIT 1)"
          : argument(name: $0, type: $1, task: task, token: token, staging: staging)
      }
      var state = ""
      do {
        // One that proves nothing may have succeeded: the rows tell.
        _ = try await enemy.query("SELECT \(name)(\(arguments.joined(separator: ", ")))")
      } catch let error as PostgresError {
        state = error.sqlState ?? "none"
      }
      // P0001: there is no such staging table of this attempt.
      #expect(["", "AK001", "AK003", "P0001"].contains(state), "\(name)(\(arguments)): \(state)")
      #expect(try await fingerprint(owner) == before, "\(name)(\(arguments)) wrote")
    }
    await enemy.close()
  }

  /// Lease tokens are in the names of tables and folders. Which process holds one is nowhere to be read.
  @Test func noRoleCanReadWhichProcessHoldsALease() async throws {
    let database = TestDatabase.current
    let login = try await Login.make("reads", ["aker_worker", "aker_admin", "aker_reader"], in: database)
    let owner = try await database.connect()
    _ = try await owner.query("SELECT queue.register_worker('w', 'h', 1, 'v', 1)")
    let enemy = try await login.connect()
    #expect(try await relations(saying: Incarnation.current.description, owner).contains("queue.worker"))
    #expect(try await relations(saying: Incarnation.current.description, enemy) == [])
    // The rest of both tables can be read.
    _ = try await enemy.query("SELECT w.worker_id, w.name, l.task_id FROM queue.worker w, queue.lease l")
    await enemy.close()
    await owner.close()
    try await login.drop(database)
  }

  /// Of all that the session may read.
  private func relations(saying text: String, _ connection: PostgresConnection) async throws -> [String] {
    let readable = try await connection.query(
      """
      SELECT c.oid::regclass::text AS name, string_agg(format('t.%I', a.attname), ', ') AS columns
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE c.relkind IN ('r', 'v') AND has_column_privilege(c.oid, a.attnum, 'SELECT') AND c.relnamespace::regnamespace::text IN
        ('queue', 'catalog', 'lineage', 'quality', 'lake', 'warehouse', 'review', 'schedule')
      GROUP BY 1 ORDER BY 1
      """)
    #expect(readable.count > 50)
    var found: [String] = []
    for relation in readable {
      let (name, columns) = (try relation.text("name") ?? "", try relation.text("columns") ?? "")
      let rows = try await connection.query(
        "SELECT FROM \(name) t WHERE position($1 IN row_to_json(row(\(columns)))::text) > 0 LIMIT 1", [text])
      if !rows.isEmpty { found.append(name) }
    }
    return found
  }

  private func argument(name: String, type: String, task: Int64, token: Int64, staging: String) -> String {
    switch (name, type) {
    case ("task_id", "bigint"), ("task", "bigint"): return "\(task)"
    case ("lease_token", "bigint"), ("token", "bigint"): return "\(token)"
    case ("publication", "bigint"): return "(SELECT max(publication_id) FROM lineage.publication)"
    case ("task_ids", _): return "ARRAY[\(task)]"
    case ("lease_tokens", _): return "ARRAY[\(token)::bigint]"
    case ("staging_table", _): return "'\(staging)-nobody''s'"
    case ("dataset_name", _): return "'market_income'"
    case ("error_class", _): return "'data'"
    case ("vintage", _): return "(SELECT as_of FROM queue.backfill ORDER BY 1 DESC LIMIT 1)"
    case ("region_name", _): return "''"
    case (_, "jsonb"):
      return """
        (SELECT to_jsonb(p) || '{"validation": {}, "inputs": [], "events": [], "lake": "/tmp", "staged_path": "x", "data_year": 2011}'::jsonb
          || jsonb_build_object('task_id', \(task), 'lease_token', \(token)) FROM lineage.publication p LIMIT 1)
        """
    case (_, "jsonb[]"): return "ARRAY['{}'::jsonb]"
    case (_, "integer"): return "2011"
    case (_, "bigint"): return "1"
    case (_, "boolean"): return "true"
    case (_, "interval"): return "interval '1 second'"
    default: return "'x'"
    }
  }

  /// Of every row of every table of ours.
  private func fingerprint(_ connection: PostgresConnection) async throws -> String {
    let tables = try await names(
      """
      SELECT c.oid::regclass::text AS name FROM pg_class c
      WHERE c.relkind = 'r' AND (c.relnamespace::regnamespace::text IN
        ('queue', 'catalog', 'lineage', 'quality', 'lake', 'warehouse', 'review', 'schedule', 'service') OR c.relname = 'market_income')
      """, connection)
    let sums = tables.sorted().map {
      "(SELECT '\($0.replacing("'", with: "''"))=' || coalesce(sum(hashtext(t::text)), 0) FROM \($0) t)"
    }
    return try await connection.query("SELECT concat_ws(' ', \(sums.joined(separator: ", "))) AS text")[0].decode(
      "text")
  }
}
