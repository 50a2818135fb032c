import TestSupport
import Testing

@testable import Postgres

/// Every test database is set up as `HostileSettings` say; these look at what is left of that in a session.
@Suite(.database)
struct SessionSettingsTests {
  private static let shown = """
    SELECT DATE '2024-02-01'::text || ' ' || (0.1::float8 + 0.2::float8)::text || ' ' || length('a\\b')
      || ' ' || (TIMESTAMPTZ '2024-02-01 12:00Z')::text || ' ' || (INTERVAL '1 day 2 h')::text
      || ' ' || '\\x01'::bytea::text || ' ' || current_setting('transaction_isolation')
      || ' ' || current_setting('statement_timeout') || ' ' || current_setting('lock_timeout')
      || ' ' || current_setting('idle_session_timeout') || ' ' || current_setting('search_path')
      || ' ' || current_setting('synchronous_commit') || ' ' || current_setting('jit') || ' ' || pg_get_viewdef('queue.backfill_progress'::regclass) AS text
    """

  private static let expected =
    "2024-02-01 0.30000000000000004 3 2024-02-01 12:00:00+00 1 day 02:00:00 \\x01 read committed 0 0 0 public on off "

  private func view(_ row: PostgresRow) throws -> String { try row.decode("text") }

  @Test func aSessionSaysWhatItReliesOn() async throws {
    let connection = try await TestDatabase.current.connect()
    let text = try view(try await connection.query(Self.shown)[0])
    #expect(text.hasPrefix(Self.expected))
    #expect(!text.contains("\"backfill_id\""))
    let inside = try await connection.transaction { try $0.query(Self.shown)[0].decode("text", as: String.self) }
    #expect(inside.hasPrefix(Self.expected))
    await connection.close()
  }

  @Test func behindAPoolerEachTransactionSaysIt() async throws {
    let database = TestDatabase.current
    let bouncer = try await Pgbouncer.start(before: database)
    do {
      // Four clients on three of the server's sessions: each gets another one now and then.
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<4 {
          group.addTask {
            let connection = try await PostgresConnection.connect(PostgresConfiguration(dsn: bouncer.dsn))
            for _ in 0..<10 {
              let alone: String = try await connection.query(Self.shown)[0].decode("text")
              #expect(alone.hasPrefix(Self.expected))
              let inside = try await connection.transaction {
                try $0.query(Self.shown)[0].decode("text", as: String.self)
              }
              #expect(inside.hasPrefix(Self.expected))
              let many = try await connection.pipeline([
                PostgresStatement(Self.shown), PostgresStatement("SELECT 1 AS one"),
              ])
              #expect(try many[0][0].decode("text", as: String.self).hasPrefix(Self.expected))
              #expect(many.count == 2)
            }
            await connection.close()
          }
        }
        try await group.waitForAll()
      }
    } catch {
      try await bouncer.stop()
      throw error
    }
    try await bouncer.stop()
  }

  /// What the server itself says of a connection by TCP: a host that vanishes without a word keeps nothing for longer than
  /// a lease, in a session and in a pooler's transaction alike.
  @Test("a host that vanished is noticed by the server", arguments: [nil] + Pgbouncer.Mode.allCases)
  func aVanishedHostIsNoticed(behind mode: Pgbouncer.Mode?) async throws {
    let cluster = try await TestCluster.start()
    let host = "127.0.0.1 port=\(try await cluster.listenByTCP())"
    let database = TestDatabase.named("postgres", on: cluster)
    var bouncer: Pgbouncer?
    if let mode { bouncer = try await Pgbouncer.start(before: database, at: host, mode: mode) }
    do {
      let dsn = bouncer?.dsn ?? "host=\(host) user=aker dbname=postgres"
      let connection = try await PostgresConnection.connect(PostgresConfiguration(dsn: dsn))
      if mode == .transaction {
        // The server's session may be any: what was said on this one when ours was opened counts for nothing.
        let reset = try await Program.run("psql", [dsn, "-c", "RESET ALL"])
        #expect(reset.exitCode == 0, "\(reset)")
      }
      var told: [String] = []
      for name in [
        "tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout",
        "client_connection_check_interval",
      ] {
        told.append(
          try await connection.transaction { try $0.query("SHOW \(name)")[0].decode(name, as: String.self) })
      }
      #expect(told == ["10", "5", "3", "25000", "10s"])
      await connection.close()
      // Another's session on the same server has them not: it is we who ask for them.
      if bouncer == nil {
        let other = try await Program.run(
          "psql", ["host=\(host) user=aker dbname=postgres", "-Atc", "SHOW tcp_user_timeout"])
        #expect(other.output == "0\n", "\(other)")
      }
    } catch {
      try await bouncer?.stop()
      throw error
    }
    try await bouncer?.stop()
  }

  @Test func aStatementTimeoutOfOursHolds() async throws {
    var configuration = TestDatabase.current.configuration
    configuration.statementTimeout = .milliseconds(50)
    let connection = try await PostgresConnection.connect(configuration)
    let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT pg_sleep(60)") }
    #expect(error?.sqlState == "57014")
    await connection.close()
  }
}
