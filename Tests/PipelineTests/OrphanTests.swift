import Glibc
import Pipeline
import Postgres
import TestSupport
import Testing

/// What dead attempts left in the warehouse is in somebody's hands when it is to be tidied away.
@Suite("Tables that nobody owns any more", .database, .whateverHappens)
struct OrphanTests {
  @Test("a lock on one keeps neither a worker from its tasks nor a dump from its table")
  func locked() async throws {
    try await Simulator.running { simulator in
      try await Workshop.open(
        datasets: ["market_income"], endpoints: ["census_acs5": simulator.endpoint + "/census_acs5"]
      ) { workshop, connection in
        try await workshop.enqueue("market_income", 2010...2010, asOf: "2024-06", connection)
        let dead = try await workshop.work(["AKER_CRASH_AT": StepBoundary.stagingLoaded.rawValue])
        #expect(dead.signal == SIGKILL)
        let table: String = try await connection.query("SELECT table_name FROM warehouse.staging")[0]
          .decode("table_name")
        let holder = try await workshop.database.connect()
        try await holder.withTransaction { transaction in
          try await transaction.execute("LOCK TABLE warehouse.\"\(table)\" IN ACCESS SHARE MODE")
          let result = try await workshop.work()
          #expect(result.exitCode == 0, "\(result)")
          let open = try await connection.query("SELECT FROM queue.task WHERE state <> 'completed'")
          #expect(open.isEmpty)
          #expect(try await connection.query("SELECT FROM warehouse.drop_orphans()").isEmpty)
          // Nobody waits for it, or else whoever comes next would wait behind that.
          let waiting = try await connection.query(
            """
            SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
            WHERE NOT l.granted AND l.locktype = 'relation' AND d.datname = current_database()
            """)
          #expect(waiting.isEmpty)
        }
        #expect(try await connection.query("SELECT FROM warehouse.drop_orphans()").count == 1)
        #expect(try await connection.query("SELECT FROM warehouse.staging").isEmpty)
        await holder.close()
      }
    }
  }

  @Test("a worker claims before it keeps house: a repair that must wait holds up nothing")
  func claimsFirst() async throws {
    try await Simulator.running { simulator in
      try await Workshop.open(
        datasets: ["market_income"], endpoints: ["census_acs5": simulator.endpoint + "/census_acs5"]
      ) { workshop, connection in
        try await workshop.enqueue("market_income", 2010...2010, asOf: "2024-06", connection)
        let dead = try await workshop.work(["AKER_CRASH_AT": StepBoundary.committed.rawValue])
        #expect(dead.signal == SIGKILL)
        try await workshop.enqueue("market_income", 2011...2011, asOf: "2024-06", connection)
        let holder = try await workshop.database.connect()
        // The row that repair is to change, held until the task is done.
        try await holder.withTransaction { transaction in
          _ = try await transaction.query("SELECT FROM lake.manifest FOR UPDATE")
          let worker = try await workshop.start()
          try await eventually(within: .seconds(120), "the task is published while repair waits") {
            try await connection.query("SELECT FROM queue.task WHERE state <> 'completed'").isEmpty
          }
          worker.send(SIGTERM)
          #expect(try await worker.wait().exitCode == 0)
        }
        await holder.close()
        try await workshop.work()
        try await workshop.requireExactlyOnce("market_income", partitions: 2, connection)
      }
    }
  }
}
