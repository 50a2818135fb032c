import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

/// A transaction that the server ends for another one, a migration's perhaps, costs its task no attempt.
@Suite("Collisions", .database, .whateverHappens)
struct CollisionTests {
  private func withWorkshop(_ body: (Workshop, PostgresConnection) async throws -> Void) async throws {
    try await Simulator.running { simulator in
      try await Workshop.open(
        datasets: ["market_income"], endpoints: ["census_acs5": simulator.endpoint + "/census_acs5"]
      ) { workshop, connection in
        try await workshop.enqueue("market_income", 2011...2011, asOf: "2024-06", connection)
        try await body(workshop, connection)
      }
    }
  }

  /// How the attempts ended, as `released (1)`, with its number.
  private func ends(_ connection: PostgresConnection) async throws -> [String] {
    try await connection.query(
      "SELECT kind || ' (' || attempt_number || ')' AS ended FROM queue.outcome ORDER BY finished_at"
    ).map { try $0.decode("ended") }
  }

  @Test("a publication that is ended for a deadlock with a migration is made once more, by the same attempt")
  func deadlock() async throws {
    try await withWorkshop { workshop, connection in
      // Whoever waited for so long looks whether it is a deadlock, and is the one to go then: the publication.
      try await connection.execute(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = ''5s''', current_database()); END $$")
      let migration = try await workshop.database.connect()
      let worker = try await migration.withTransaction { transaction in
        // Written only once the fence has locked the lease.
        try await transaction.executeScript(
          "SET LOCAL deadlock_timeout = '1h'; LOCK TABLE quality.validation IN SHARE MODE")
        let worker = try await workshop.start()
        try await eventually(within: .seconds(180), "the publication waits for it, its lease in hand") {
          try await !connection.query(
            """
            SELECT FROM pg_locks w JOIN pg_locks h USING (pid)
            WHERE w.relation = 'quality.validation'::regclass AND NOT w.granted
              AND h.relation = 'queue.lease'::regclass AND h.granted
            """
          ).isEmpty
        }
        try await transaction.execute("LOCK TABLE queue.lease IN ACCESS EXCLUSIVE MODE")
        return worker
      }
      await migration.close()
      #expect(try await worker.wait().exitCode == 0)
      #expect(try await ends(connection) == ["completed (1)"])
      try await workshop.requireExactlyOnce("market_income", partitions: 1, connection)
    }
  }

  @Test("a statement of its own that is ended so gives the task back, with its attempt", arguments: ["40P01", "40001"])
  func statement(sqlState: String) async throws {
    try await withWorkshop { workshop, connection in
      // First asked when the partition is prepared.
      _ = try await InjectedErrors.put([sqlState], before: "fence", connection)
      #expect(try await workshop.work().exitCode == 0)
      #expect(try await ends(connection) == ["released (1)", "completed (1)"])
      let reasons = try await connection.query("SELECT reason FROM queue.outcome WHERE kind = 'released'")
      let reason: String = try #require(reasons.first).decode("reason")
      #expect(reason.contains("met another transaction in the database"), "\(reason)")
      try await workshop.requireExactlyOnce("market_income", partitions: 1, connection)
    }
  }
}
