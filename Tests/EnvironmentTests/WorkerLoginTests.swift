import Postgres
import Testing
import TestSupport

/// A worker's login in the hands of an enemy, who has psql.
@Suite(.database)
struct WorkerLoginTests {
  /// insufficient_privilege, lease_lost, invalid_request
  static let refused = ["42501", "AK001", "AK003"]

  @Test func itPublishesNothingWithoutALeaseAndTouchesNoRow() async throws {
    let database = TestDatabase.current
    let login = try await Login.make("worker", ["aker_worker"], in: database)
    try await Place.with(dsn: database.dsn) { place in
      try await place.withCensus { place in
        let run = try await place.aker("run", "market_income", "--year", "2012")
        #expect(run.exitCode == 0, "\(run)")
      }
      #expect(try await place.aker("backfill", "market_income", "--years", "2011", "--detach").exitCode == 0)
    }
    let owner = try await database.connect()
    let before = try await state(owner)
    let leaf: String = try await owner.query("SELECT warehouse._leaf_of('market_income', 2012) AS leaf")[0]
      .decode("leaf")
    let enemy = try await login.connect()
    let publication = """
      (SELECT to_jsonb(p) || '{"validation": {}, "inputs": [], "events": [], "lake": "/tmp", "staged_path": "x"}'::jsonb
        || jsonb_build_object('task_id', TASK, 'lease_token', TOKEN) FROM lineage.publication p LIMIT 1)
      """
    func forged(_ task: String, _ token: String) -> String {
      publication.replacing("TASK", with: task).replacing("TOKEN", with: token)
    }
    let attacks = [
      "DELETE FROM warehouse.\"\(leaf)\"", "INSERT INTO warehouse.\"\(leaf)\" DEFAULT VALUES",
      "TRUNCATE public.market_income", "DELETE FROM public.market_income", "DROP TABLE warehouse.\"\(leaf)\"",
      "ALTER TABLE public.market_income DETACH PARTITION warehouse.\"\(leaf)\"",
      "UPDATE lineage.publication SET host = 'x'", "DELETE FROM lake.manifest",
      "SELECT lake.record_publication(\(forged("1", "4711")))",
      "SELECT lake.begin_publication('market_income', 2012, '', '2024-06', 'x', 1, 4711)",
      "SELECT warehouse.create_staging('market_income', 2012, '', 1, 4711)",
      "SELECT warehouse.prepare_partition('market_income', 1999, '', 1, 4711)",
      "SELECT quality.record_validation('{\"dataset\": \"market_income\"}')",
      "SELECT quality._store_validation('{}', 1)", "SELECT lineage.start_run(1, 4711, '{}')",
      "SELECT warehouse.attach_leaf('market_income', 2012, '', 'x')", "SELECT * FROM queue.lock_space",
      "SELECT warehouse.create_leaf('market_income', 2013, '', 'x')", "SELECT queue._lock_key('enqueue')",
      "CREATE TABLE warehouse.mine (x int)", "CREATE TABLE queue.mine (x int)",
    ]
    for attack in attacks { #expect(Self.refused.contains(try await sqlState(enemy, attack)), "\(attack)") }

    // With a lease it may publish that task, and no other partition.
    let worker: Int = try await enemy.query("SELECT queue.register_worker('enemy', 'h', 1, 'x', 1) AS id")[0].decode(
      "id")
    let lease = try await enemy.query("SELECT task_id, lease_token FROM queue.claim($1, 1)", [worker])
    let task: Int64 = try #require(lease.first).decode("task_id")
    let token: Int64 = try lease[0].decode("lease_token")
    for attack in [
      "SELECT lake.record_publication(\(forged("\(task)", "\(token)")))",
      "SELECT warehouse.create_staging('market_income', 2012, '', \(task), \(token))",
      "SELECT warehouse.prepare_partition('market_income', 1999, '', \(task), \(token))",
    ] { #expect(try await sqlState(enemy, attack) == "AK003", "\(attack)") }
    let staging: String = try await enemy.query(
      "SELECT warehouse.prepare_partition('market_income', 2011, '', \(task), \(token)), "
        + "warehouse.create_staging('market_income', 2011, '', \(task), \(token)) AS name")[0].decode("name")
    // Another worker's login has no way into it, nor has this one when it is closed.
    let second = try await Login.make("second", ["aker_worker"], in: database)
    let other = try await second.connect()
    let insert = "INSERT INTO warehouse.\"\(staging)\" (data_year, as_of) VALUES (2011, '2024-06')"
    #expect(try await sqlState(other, insert) == "42501")
    #expect(try await sqlState(other, "SELECT warehouse.drop_staging('\(staging)', 1)") == "")
    _ = try await enemy.query("SELECT warehouse.index_staging('market_income', 2011, '', '\(staging)')")
    #expect(try await sqlState(enemy, insert) == "42501")
    #expect(
      try await sqlState(enemy, "SELECT warehouse.swap_partition('market_income', 2012, '', '\(staging)')") == "AK003")
    let owned = try await owner.query(
      "SELECT FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname IN ($1, $2)",
      [login.name, second.name])
    #expect(owned.isEmpty)
    #expect(try await state(owner) == before)
    await enemy.close()
    await other.close()
    await owner.close()
    try await second.drop(database)
    try await login.drop(database)
  }

  private func state(_ connection: PostgresConnection) async throws -> String {
    try await connection.query(
      """
      SELECT concat_ws(' ', (SELECT count(*) FROM public.market_income), (SELECT sum(hashtext(t::text)) FROM public.market_income t),
        (SELECT count(*) FROM lineage.publication), (SELECT count(*) FROM quality.validation), (SELECT string_agg(m::text, ',') FROM lake.manifest m)) AS text
      """)[0].decode("text")
  }

  private func sqlState(_ connection: PostgresConnection, _ sql: String) async throws -> String {
    do {
      _ = try await connection.query(sql)
      return ""
    } catch let error as PostgresError {
      return error.sqlState ?? "none"
    }
  }
}
