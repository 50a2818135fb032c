import FoundationEssentials
import Glibc
import Postgres
import Testing

extension TestCluster {
  /// A standby on a copy of this one's files, which follows it asynchronously until it is cut off or promoted.
  package func standby() async throws -> TestCluster {
    let cluster = try Self.make(durability: .none)
    try await cluster.own()
    try await cluster.runAsOwner(
      "pg_basebackup",
      ["-h", directory, "-U", "aker", "-D", cluster.directory + "/data", "-X", "stream", "-c", "fast", "-R"])
    try cluster.configure()
    try await cluster.startServer()
    return cluster
  }

  /// As a client that only looks.
  private func look() async throws -> PostgresConnection {
    var configuration = configuration()
    configuration.access = .any
    return try await PostgresConnection.connect(configuration)
  }

  /// Until this standby has all that `primary` has written by now.
  package func waitForReplay(of primary: TestCluster) async throws {
    let there = try await primary.connect()
    let position: String = try await there.query("SELECT pg_current_wal_lsn()::text AS lsn")[0].decode("lsn")
    await there.close()
    let here = try await look()
    try await eventually(within: .seconds(30), "the standby has caught up") {
      try await here.query("SELECT coalesce(pg_last_wal_replay_lsn() >= $1::pg_lsn, false) AS is", [position])[0]
        .decode("is", as: Bool.self)
    }
    await here.close()
  }

  /// The network between a standby and its primary is gone.
  package func cutOff() async throws {
    let here = try await look()
    try await here.execute("ALTER SYSTEM SET primary_conninfo = ''")
    try await here.execute("SELECT pg_reload_conf()")
    try await eventually(within: .seconds(30), "nothing is received any more") {
      try await here.query("SELECT FROM pg_stat_wal_receiver").isEmpty
    }
    await here.close()
  }

  package func promote() async throws {
    try await control(["-w", "-t", "60", "promote"])
  }
}
