import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// A worker of one history meets the database of another: after a fail-over to a standby that lagged, or on a copy. Each
/// of its calls is refused by name, and nothing that it does changes a row.
@Suite("A lease that outlives its database's life", .serialized, .whateverHappens)
struct NewLifeTests {
  static let taskCount = 40

  /// How the database comes to another life.
  enum Way: String, CaseIterable, CustomTestStringConvertible {
    /// The standby never heard of the worker, and would give it the same numbers again.
    case failoverAligned = "fail-over, the same numbers"
    case failoverMisaligned = "fail-over, other numbers"
    /// The standby knows the leases.
    case failoverReplicated = "fail-over, leases replicated"
    case template = "CREATE DATABASE … TEMPLATE"
    /// A base backup, recovered up to a moment before the claim.
    case restore = "a base backup restored to an earlier point"
    case dump = "a dump restored into another server"
    /// Files of the disk as they were before: no other timeline, no other identifier, and the same numbers again.
    case snapshot = "an older snapshot of the disk"
    var testDescription: String { rawValue }
  }

  /// What a worker's process knows.
  struct Worker {
    var id: Int
    var leases: [(taskID: Int64, token: Int64)]

    static func start(_ name: String, _ connection: PostgresConnection) async throws -> Worker {
      let id: Int = try await connection.query(
        "SELECT queue.register_worker($1, 'host', 1, 'test', $2) AS id", [name, taskCount])[0].decode("id")
      let rows = try await connection.query("SELECT task_id, lease_token FROM queue.claim($1, $2)", [id, taskCount])
      return Worker(id: id, leases: try rows.map { (try $0.decode("task_id"), try $0.decode("lease_token")) })
    }
  }

  @Test("all calls of the old life are refused", arguments: Way.allCases)
  func oldCallsAreRefused(way: Way) async throws {
    let first = try await TestCluster.start(durability: .none)
    try await TestDatabase.makeTemplate(on: first)
    let fixture = try await QueueFixture.make(
      [("tiles", [])], on: TestDatabase.create(on: first, name: "old"))
    try await fixture.enqueue(["tiles"], years: 2000...2000 + Self.taskCount - 1)
    let (old, configuration) = try await Self.live(on: way, first, fixture)
    #expect(old.leases.count == Self.taskCount)

    let stranger = try await PostgresConnection.connect(configuration)
    if way == .failoverReplicated {
      // The lease stands here, and nobody has noticed the new life: what its attempt had staged may be gone by now.
      let error = await #expect(throws: PostgresError.self) {
        try await stranger.query("SELECT queue.fence($1, $2)", [old.leases[0].taskID, old.leases[0].token])
      }
      #expect(error?.sqlState == "AK001")
    }
    var ours = configuration
    ours.incarnation = Incarnation()
    let connection = try await PostgresConnection.connect(ours)
    let new = try await Worker.start("w2", connection)
    #expect(new.leases.count == Self.taskCount)
    let tokens = (new: Set(new.leases.map(\.token)), old: Set(old.leases.map(\.token)))
    let events = try await connection.query("SELECT message FROM queue.event WHERE kind = 'new_life'")
    if way == .snapshot {
      // Nothing tells the two apart but who they are.
      #expect(new.id == old.id && tokens.new == tokens.old)
      #expect(events.isEmpty)
    } else {
      #expect(new.id != old.id && tokens.new.isDisjoint(with: tokens.old))
      #expect(events.count == 1)
    }
    try await expectRefusals(old, stranger)

    // Whose tasks they are now completes each of them, once.
    let lost: [Int64] = try await connection.query(
      "SELECT queue.complete_many($1, $2) AS tokens", [new.leases.map(\.taskID), new.leases.map(\.token)])[0]
      .decode("tokens")
    #expect(lost == [])
    let done = try await connection.query("SELECT FROM queue.outcome WHERE final AND kind = 'completed'")
    #expect(done.count == Self.taskCount)
    try await expectRefusals(old, stranger)
    await stranger.close()
    await connection.close()
  }

  /// A worker that claimed everything in the old life, and the database in its new one.
  private static func live(
    on way: Way, _ first: TestCluster, _ fixture: QueueFixture
  ) async throws -> (Worker, PostgresConfiguration) {
    let name = fixture.database.name
    if way == .template {
      let old = try await Worker.start("w1", fixture.connection)
      await fixture.connection.close()
      let server = try await first.connect()
      try await eventually("nobody is connected") {
        try await server.query("SELECT FROM pg_stat_activity WHERE datname = $1", [name]).isEmpty
      }
      try await server.execute("CREATE DATABASE copied TEMPLATE \(name)")
      await server.close()
      return (old, first.configuration(database: "copied"))
    }
    // A life that is known: what registers first makes it so.
    try await fixture.connection.execute("SELECT queue.tick()")
    switch way {
    case .snapshot:
      await fixture.connection.close()
      try await first.keepSnapshot()
      let connection = try await fixture.database.connect()
      let old = try await Worker.start("w1", connection)
      await connection.close()
      try await first.restoreSnapshot()
      return (old, first.configuration(database: name))
    case .restore:
      let backup = try await first.backup()
      let position: String = try await fixture.connection.query("SELECT pg_current_wal_lsn()::text AS lsn")[0]
        .decode("lsn")
      let old = try await Worker.start("w1", fixture.connection)
      await fixture.connection.close()
      let superuser = try await fixture.database.connectAsSuperuser()
      try await superuser.execute("SELECT pg_switch_wal()")
      await superuser.close()
      try await backup.recover(to: position, of: first)
      return (old, backup.configuration(database: name))
    case .dump:
      let old = try await Worker.start("w1", fixture.connection)
      await fixture.connection.close()
      let other = try await TestCluster.start(durability: .none)
      try await TestDatabase.makeTemplate(on: other)  // which makes the roles
      let server = try await other.connect()
      try await server.execute("CREATE DATABASE restored")
      await server.close()
      let target = other.configuration(database: "restored")
      let result = try await Program.run(
        "/bin/sh", ["-c", #"pg_dump "$FROM" | psql -X -q -v ON_ERROR_STOP=1 "$TO""#],
        environment: ["FROM": fixture.database.dsn, "TO": target.dsn])
      #expect(result.exitCode == 0, "\(result)")
      return (old, target)
    case .failoverAligned, .failoverMisaligned, .failoverReplicated, .template: break
    }
    let standby = try await first.standby()
    var old: Worker?
    if way == .failoverReplicated {
      old = try await Worker.start("w1", fixture.connection)
    } else if way == .failoverMisaligned {
      // Numbers that the standby heard of, and that nobody uses.
      try await fixture.connection.execute("SELECT nextval('queue.lease_token') FROM generate_series(1, 100)")
    }
    try await standby.waitForReplay(of: first)
    try await standby.cutOff()
    if old == nil { old = try await Worker.start("w1", fixture.connection) }
    await fixture.connection.close()
    try await first.stopServer(.immediate)
    try await standby.promote()
    return (try #require(old), standby.configuration(database: name))
  }

  /// Every call that a worker can make, with what the old one knows.
  private func expectRefusals(_ old: Worker, _ connection: PostgresConnection) async throws {
    let worker: [(any PostgresEncodable)?] = [old.id]
    let attempt: [(any PostgresEncodable)?] = [old.leases[0].taskID, old.leases[0].token]
    let before = try await Self.fingerprint(connection)
    for (sql, parameters, sqlState) in [
      ("SELECT queue.hold_worker_lock($1)", worker, "AK002"), ("SELECT queue.heartbeat($1)", worker, "AK002"),
      ("SELECT * FROM queue.tick($1)", worker, "AK002"), ("SELECT queue.claim($1, 10)", worker, "AK002"),
      ("SELECT queue.claim_task($1, 1)", worker, "AK002"), ("SELECT queue.fence($1, $2)", attempt, "AK001"),
      ("SELECT queue.complete($1, $2)", attempt, "AK001"),
      ("SELECT queue.fail($1, $2, 'transient', 'x')", attempt, "AK001"),
      ("SELECT queue.fail($1, $2, 'data', 'x')", attempt, "AK001"),
      ("SELECT queue.release($1, $2)", attempt, "AK001"),
      ("SELECT queue.snooze($1, $2, '1 minute')", attempt, "AK001"),
    ] {
      let error = await #expect(throws: PostgresError.self, "\(sql)") { try await connection.query(sql, parameters) }
      #expect(error?.sqlState == sqlState, "\(sql)")
    }
    // These refuse without an error, so that one lost lease does not keep the others from being told.
    let lost = try await connection.query(
      "SELECT queue.complete_many(ARRAY[$1::bigint], ARRAY[$2::bigint]) AS tokens", attempt)
    #expect(try lost[0].decode("tokens", as: [Int64].self) == [old.leases[0].token])
    let taken: Int = try await connection.query("SELECT queue.release_unknown($1, '{2}') AS count", worker)[0]
      .decode("count")
    #expect(taken == 0)
    let ended: Bool = try await connection.query("SELECT lineage.end_run($1, $2, '{}') AS is", attempt)[0].decode("is")
    #expect(!ended)
    #expect(try await Self.fingerprint(connection) == before)
  }

  /// Every row that the queue has, but for settings and ticks.
  private static func fingerprint(_ connection: PostgresConnection) async throws -> String {
    var text = ""
    for table in ["worker", "lease", "ready", "delayed", "blocked", "outcome", "attempt_note", "event"] {
      let rows = try await connection.query(
        "SELECT coalesce(md5(string_agg(t::text, ',' ORDER BY t::text)), '') AS hash FROM queue.\(table) t")
      text += try rows[0].decode("hash", as: String.self) + "\n"
    }
    return text
  }
}
