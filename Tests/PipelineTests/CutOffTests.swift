import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

/// A worker that reaches the database, and neither its source nor the lake any more.
@Suite("Cut off", .database, .whateverHappens)
struct CutOffTests {
  @Test("it gives its task back in time, with the reason, another does it, and it comes back when the ways are open")
  func another() async throws {
    try await ObjectStore.running(bucket: "lake") { store in
      try await Simulator.running { simulator in
        let storePort = Int(store.endpoint.split(separator: ":").last ?? "") ?? 0
        try await Way.open(to: storePort) { toLake in
          try await Way.open(to: simulator.port) { toSource in
            try await work(store, simulator, toLake, toSource)
          }
        }
      }
    }
  }

  @Test("a lock in the database that nobody lets go of gives the task back, with what it waited for")
  func locked() async throws {
    try await Simulator.running { simulator in
      try await Workshop.open(
        datasets: ["market_income"], endpoints: ["census_acs5": simulator.endpoint + "/census_acs5"]
      ) { workshop, connection in
        let worker = try await Program.start(
          Executable.worker, ["--slots", "1", "--name", "one", "--wait-limit", "2"],
          environment: try await workshop.workerEnvironment([:]), directory: workshop.directory)
        do {
          let holder = try await workshop.database.connect()
          try await holder.withTransaction { transaction in
            try await transaction.execute("LOCK TABLE quality.validation IN ACCESS EXCLUSIVE MODE")
            try await workshop.enqueue("market_income", 2011...2011, asOf: "2024-06", connection)
            try await eventually(within: .seconds(120), "it gave it back") {
              try await connection.query("SELECT FROM queue.attempt WHERE state = 'released'").isEmpty == false
            }
          }
          await holder.close()
          let reason = try await connection.query("SELECT reason FROM queue.attempt WHERE state = 'released' LIMIT 1")
          let text = try reason[0].text("reason") ?? ""
          #expect(
            text.hasPrefix("worker one waited for the database's answer to ") && text.hasSuffix(" for longer than 2 s"),
            "\(text)")
          try await eventually(within: .seconds(120), "it is done once the lock is gone") {
            try await connection.query("SELECT FROM queue.task WHERE state = 'completed'").count == 1
          }
        } catch {
          worker.send(SIGKILL)
          throw TestFailure("\(error): \(try await worker.wait())")
        }
        worker.send(SIGTERM)
        #expect(try await worker.wait().exitCode == 0)
        let spent = try await connection.query(
          "SELECT FROM queue.outcome WHERE kind IN ('retried', 'failed', 'worker_lost') OR attempt_number > 1")
        #expect(spent.isEmpty)
        try await workshop.requireExactlyOnce("market_income", partitions: 1, connection)
      }
    }
  }

  private func work(_ store: ObjectStore, _ simulator: Simulator, _ toLake: Way, _ toSource: Way) async throws {
    try await Workshop.open(
      datasets: ["market_income"], endpoints: ["census_acs5": simulator.endpoint + "/census_acs5"]
    ) { workshop, connection in
      var workshop = workshop
      func host(_ name: String) -> [String: String] {
        ["AKER_CACHE_PATH": "s3://lake/a/b", "AKER_HOME": workshop.directory + "/" + name]
      }
      workshop.environment = store.environment.merging(host("open")) { $1 }
      let cutEnvironment = try await workshop.workerEnvironment(
        host("cut").merging([
          "AWS_ENDPOINT_URL": "http://127.0.0.1:\(toLake.port)",
          "AKER_SOURCE_CENSUS_ACS5_ENDPOINT": "http://127.0.0.1:\(toSource.port)/census_acs5",
        ]) { $1 })
      let cut = try await Program.start(
        Executable.worker, ["--slots", "1", "--name", "cut", "--wait-limit", "2"], environment: cutEnvironment,
        directory: workshop.directory)
      do {
        try await eventually(within: .seconds(60), "it is there") {
          try await connection.query("SELECT FROM queue.workers WHERE state = 'running'").count == 1
        }
        toSource.cut()
        try await workshop.enqueue("market_income", 2011...2012, asOf: "2024-06", connection)
        try await eventually(within: .seconds(60), "it works at one") {
          try await connection.query("SELECT FROM queue.lease").count == 1
        }
        toLake.cut()
        try await eventually(within: .seconds(60), "it gave it back") {
          try await connection.query("SELECT FROM queue.attempt WHERE state = 'released'").isEmpty == false
        }
        let reason = try await connection.query("SELECT reason FROM queue.attempt WHERE state = 'released' LIMIT 1")
        let text = try reason[0].text("reason") ?? ""
        // For the source, or for what the lake's bucket keeps of it: whichever it met first.
        #expect(text.hasPrefix("worker cut waited for ") && text.hasSuffix(" for longer than 2 s"), "\(text)")
        try await eventually(within: .seconds(90), "it says that it is not well") {
          try await connection.query("SELECT FROM queue.workers WHERE host_trouble IS NOT NULL").count == 1
        }
        let worked = try await workshop.work()
        #expect(worked.exitCode == 0, "\(worked)")
        let done = try await connection.query(
          "SELECT DISTINCT w.name FROM queue.outcome o JOIN queue.worker w USING (worker_id) WHERE o.kind = 'completed'"
        )
        #expect(try done.map { try $0.text("name") } != ["cut"])
        #expect(try await connection.query("SELECT FROM queue.task WHERE state = 'completed'").count == 2)
        let spent = try await connection.query(
          "SELECT FROM queue.outcome WHERE kind IN ('retried', 'failed', 'worker_lost') OR attempt_number > 1")
        #expect(spent.isEmpty)

        toLake.mend()
        toSource.mend()
        try await eventually(within: .seconds(120), "it is well again") {
          try await connection.query("SELECT FROM queue.workers WHERE state = 'running' AND host_trouble IS NULL").count
            == 1
        }
        try await workshop.enqueue("market_income", 2010...2010, asOf: "2024-06", connection)
        try await eventually(within: .seconds(60), "and works") {
          try await connection.query("SELECT FROM queue.task WHERE state = 'completed'").count == 3
        }
      } catch {
        cut.send(SIGKILL)
        throw TestFailure("\(error): \(try await cut.wait())")
      }
      cut.send(SIGTERM)
      #expect(try await cut.wait().exitCode == 0)
    }
  }
}
