import FoundationEssentials
import Glibc
import Postgres
import Synchronization
import TestSupport
import Testing

/// How many sessions of the server a pool holds, as docs/deploy.md#connections states it.
@Suite("Connections", .database, .whateverHappens)
struct ConnectionCountTests {
  private static let slots = 4
  private static let workers = 2

  /// The most sessions that were held by the workers while they built 24 partitions: seen in five looks in a row, since one
  /// that was closed is shown until its server process has ended.
  private func mostSessions(_ environment: [String: String]) async throws -> Int {
    let place: (String, String) throws -> Void = { try Data("a\n1\n".utf8).write(to: URL(filePath: $1)) }
    var most = 0
    var looks: [Set<Int>] = []
    try await Workshop.serving(["rows.csv"], place) { workshop, connection in
      try workshop.define(
        "up",
        """
        name: up
        title: up
        partitions: {years: 2000-}
        requests: [{name: rows, source: test_files, path: /rows.csv, format: csv, columns: [a]}]
        columns:
          - {name: id, type: text, description: Number.}
        key: [id]
        """, "SELECT '1' AS id")
      try await workshop.apply(connection)
      try await workshop.enqueue("up", 2000...2023, asOf: "2024-06", connection)
      var programs: [Program] = []
      for _ in 0..<Self.workers { programs.append(try await workshop.start(slots: Self.slots, environment)) }
      // Behind a pooler the sessions are the pooler's.
      try await eventually(within: .seconds(300), "24 partitions") {
        let sessions = try await connection.query(
          """
          SELECT pid FROM pg_stat_activity WHERE datname = current_database()
            AND pid <> pg_backend_pid() AND backend_type = 'client backend'
          """
        ).map { try $0.decode("pid", as: Int.self) }
        looks = looks.suffix(4) + [Set(sessions)]
        if looks.count == 5 { most = max(most, looks.dropFirst().reduce(looks[0]) { $0.intersection($1) }.count) }
        try await Task.sleep(for: .milliseconds(100))
        return try await connection.query("SELECT FROM queue.task WHERE state = 'completed'").count == 24
      }
      for program in programs { #expect(try await program.wait().exitCode == 0) }
    }
    return most
  }

  @Test func aWorkerHoldsItsSlotsAndThreeAndOneMoreAtItsStart() async throws {
    let most = try await mostSessions([:])
    #expect(most > Self.workers && most <= Self.workers * (Self.slots + 4), "\(most) sessions")
  }

  @Test func behindPgbouncerTheyAreThePoolersHoweverManyWorkers() async throws {
    let pooler = try await Pgbouncer.start(before: .current)
    let most = try await mostSessions(["AKER_POSTGIS_DSN": pooler.dsn])
    // `pool` of Pgbouncer.start; max_db_connections of pgbouncer.ini is the same limit for a whole pool.
    #expect(most > 0 && most <= 3, "\(most) sessions")
    try await pooler.stop()
  }

  /// Without a hundred workers: as many clients, each of which beats as a worker does, as fast as it is answered.
  @Test func ofAHundredHostsWithFourSlotsTheyAreThoseOfPgbouncersFile() async throws {
    let pooler = try await Pgbouncer.start(before: .current, pool: 40)
    let script = "/tmp/aker-beats-\(UUID().uuidString)"
    try Data("SELECT * FROM queue.tick();\n".utf8).write(to: URL(filePath: script))
    defer { try? FileManager.default.removeItem(atPath: script) }
    let connection = try await TestDatabase.current.connect()
    // The first one enters the database's life, and has it locked.
    _ = try await connection.query("SELECT * FROM queue.tick()")
    let clients = try await Program.start(
      "pgbench",
      ["-n", "-c", "\(100 * (Self.slots + 2))", "-j", "2", "-t", "3", "-f", script, pooler.dsn])
    let haveEnded = Mutex(false)
    let ending = Task {
      defer { haveEnded.withLock { $0 = true } }
      return try await clients.wait()
    }
    var most = 0
    while !haveEnded.withLock({ $0 }) {
      let row = try await connection.one(
        """
        SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
          AND backend_type = 'client backend'
        """)
      most = max(most, try row.decode("n"))
      try await Task.sleep(for: .milliseconds(50))
    }
    let result = try await ending.value
    #expect(result.exitCode == 0, "\(result)")
    #expect(most > 10 && most <= 45, "\(most) sessions")
    await connection.close()
    try await pooler.stop()
  }
}
