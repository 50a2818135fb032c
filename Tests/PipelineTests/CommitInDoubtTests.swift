import Glibc
import Pipeline
import Postgres
import TestSupport
import Testing

/// A connection that breaks exactly while the answer to a publication's COMMIT is awaited.
@Suite("A COMMIT in doubt", .database, .serialized, .whateverHappens)
struct CommitInDoubtTests {
  @Test("is settled by asking: published once, and told as it was", arguments: HeldBackCommit.Loss.allCases)
  func isSettled(_ loss: HeldBackCommit.Loss) async throws {
    try await Simulator.running { simulator in
      try await Workshop.open(
        datasets: ["market_income"], endpoints: ["census_acs5": simulator.endpoint + "/census_acs5"]
      ) { workshop, connection in
        let proxy = try HeldBackCommit.start(before: workshop.database.cluster.directory, count: 1, loss)
        defer { proxy.stop() }
        try await workshop.enqueue("market_income", 2010...2011, asOf: "2024-06", connection)
        let result = try await workshop.work([
          "AKER_POSTGIS_DSN": "host=\(proxy.directory) user=aker dbname=\(workshop.database.name)"
        ])
        #expect(result.exitCode == 0, "\(result)")
        #expect(proxy.heldCount == 1)
        try await workshop.requireExactlyOnce("market_income", partitions: 2, connection)
        // What was committed is no failure; what was not costs no attempt, and nothing else is said of either.
        let ends = try await connection.query("SELECT state::text AS state FROM queue.attempt ORDER BY attempt_id")
          .map { try $0.decode("state", as: String.self) }
        #expect(ends == (loss == .answer ? ["completed", "completed"] : ["released", "completed", "completed"]))
        #expect(result.errorOutput.contains("the answer to COMMIT never came"), "\(result)")
        #expect(!result.errorOutput.contains("fenced off"), "\(result)")
      }
    }
  }
}
