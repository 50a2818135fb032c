import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

/// How many sessions of the server a pool holds, as docs/deploy.md#connections states it.
@Suite("Connections", .database, .whateverHappens)
struct ConnectionCountTests {
  private static let slots = 4
  private static let workers = 2

  /// The most sessions that were held by the workers while they built 24 partitions: seen in two looks, since one that was
  /// closed is shown until its server process has ended.
  private func mostSessions(_ environment: [String: String]) async throws -> Int {
    let place: (String, String) throws -> Void = { try Data("a\n1\n".utf8).write(to: URL(filePath: $1)) }
    var most = 0
    var before: Set<Int> = []
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
        most = max(most, before.intersection(sessions).count)
        before = Set(sessions)
        try await Task.sleep(for: .milliseconds(100))
        return try await connection.query("SELECT FROM queue.task WHERE state = 'completed'").count == 24
      }
      for program in programs { #expect(try await program.wait().exitCode == 0) }
    }
    return most
  }

  @Test func aWorkerHoldsItsSlotsAndThree() async throws {
    let most = try await mostSessions([:])
    #expect(most > Self.workers && most <= Self.workers * (Self.slots + 3), "\(most) sessions")
  }

  @Test func behindPgbouncerTheyAreThePoolersHoweverManyWorkers() async throws {
    let pooler = try await Pgbouncer.start(before: .current)
    let most = try await mostSessions(["AKER_POSTGIS_DSN": pooler.dsn])
    // `pool` of Pgbouncer.start; max_db_connections of pgbouncer.ini is the same limit for a whole pool.
    #expect(most > 0 && most <= 3, "\(most) sessions")
    try await pooler.stop()
  }
}
