import FoundationEssentials
import Glibc
import Postgres
import Testing

extension TestCluster {
  /// A standby on a copy of this one's files, which follows it asynchronously until it is cut off or promoted.
  package func standby(durability: Durability = .none, diskBytes: Int? = nil) async throws -> TestCluster {
    let cluster = try Self.make(durability: durability)
    if let diskBytes { try await cluster.mountDisk(diskBytes) }
    try await cluster.own()
    try await cluster.follow(self)
    return cluster
  }

  /// Begins anew as a standby of `primary`, in its own folder.
  package func follow(_ primary: TestCluster) async throws {
    try? FileManager.default.removeItem(atPath: directory + "/data")
    try await runAsOwner(
      "pg_basebackup",
      ["-h", primary.directory, "-U", "aker", "-D", directory + "/data", "-X", "stream", "-c", "fast", "-R"])
    try configure()
    try await startServer()
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

  /// Its server may have ended by itself: it runs, and can be asked, afterwards.
  package func startServerIfEnded() async throws {
    try await eventually("the server runs") {
      let process = try? processes()[0]
      if process == nil || process.map({ kill($0, 0) }) != 0 { try? await startServer() }
      guard let connection = try? await connect() else { return false }
      await connection.close()
      return true
    }
  }

  package func promote() async throws {
    try await control(["-w", "-t", "60", "promote"])
  }

  /// A copy of this one's files that does not run yet: see `recover`.
  package func backup() async throws -> TestCluster {
    let cluster = try Self.make(durability: .none)
    try await cluster.own()
    try await cluster.runAsOwner(
      "pg_basebackup",
      ["-h", directory, "-U", "aker", "-D", cluster.directory + "/data", "-X", "stream", "-c", "fast"])
    try cluster.configure()
    return cluster
  }

  /// Starts a backup, and replays what `origin` wrote up to a position.
  package func recover(to position: String, of origin: TestCluster) async throws {
    let settings = """

      restore_command = 'cp \(origin.directory)/data/pg_wal/%f "%p"'
      recovery_target_lsn = '\(position)'
      recovery_target_action = 'promote'

      """
    let path = directory + "/data/postgresql.conf"
    let before = try String(contentsOfFile: path, encoding: .utf8)
    try Data((before + settings).utf8).write(to: URL(filePath: path))
    try Data().write(to: URL(filePath: directory + "/data/recovery.signal"))
    for file in [path, directory + "/data/recovery.signal"] {
      _ = try await Program.run("chown", ["--reference", directory + "/data", file])
    }
    try await startServer()
    try await eventually(within: .seconds(30), "it has recovered") {
      let here = try await look()
      defer { Task { await here.close() } }
      return try await here.query("SELECT NOT pg_is_in_recovery() AS is")[0].decode("is", as: Bool.self)
    }
  }

  /// Keeps the files as they are now.
  package func keepSnapshot() async throws {
    try await stopServer()
    _ = try await Program.run("cp", ["-a", directory + "/data", directory + "/snapshot"])
    try await startServer()
  }

  /// Lays the files that were kept over those of today.
  package func restoreSnapshot() async throws {
    try await stopServer()
    try FileManager.default.removeItem(atPath: directory + "/data")
    _ = try await Program.run("cp", ["-a", directory + "/snapshot", directory + "/data"])
    try await startServer()
  }
}
