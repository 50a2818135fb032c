import FoundationEssentials
import Glibc
import Lake
import Pipeline
import Postgres
import TestSupport
import Testing

/// What else can go wrong with a worker, its disk and its database.
@Suite("Faults", .database, .serialized, .timeLimit(.minutes(2)))
struct PublicationFaultTests {
  private func withTask(
    directory: String? = nil, _ body: (Workshop, PostgresConnection) async throws -> Void
  ) async throws {
    try await Simulator.running { simulator in
      try await Workshop.open(
        datasets: ["market_income"], endpoints: ["census_acs5": simulator.endpoint + "/census_acs5"],
        directory: directory
      ) { workshop, connection in
        try await workshop.enqueue("market_income", 2010...2011, asOf: "2024-06", connection)
        try await body(workshop, connection)
      }
    }
  }

  /// Works until all is completed, as a supervisor would: again and again.
  private func finish(_ workshop: Workshop, _ connection: PostgresConnection) async throws {
    try await eventually(within: .seconds(40), "all tasks are completed") {
      try await workshop.work()
      return try await connection.query("SELECT FROM queue.task WHERE state <> 'completed' LIMIT 1").isEmpty
    }
    try await workshop.work()
    try await workshop.requireExactlyOnce("market_income", partitions: 2, connection)
  }

  @Test("a worker that is suspended past its lease publishes nothing when it wakes")
  func suspension() async throws {
    try await withTask { workshop, connection in
      try await connection.execute("UPDATE queue.setting SET lease_interval = '1 second'")
      let sleeper = try await workshop.start()
      try await eventually(within: .seconds(10), "a task is claimed") {
        try await !connection.query("SELECT FROM queue.lease").isEmpty
      }
      sleeper.send(SIGSTOP)
      let claimed = try await connection.query("SELECT lease_token FROM queue.lease")
      try await eventually(within: .seconds(20), "the lease is taken away") {
        _ = try await connection.query("SELECT queue.reap()")
        let rows = try await connection.query("SELECT FROM queue.lease")
        return rows.isEmpty
      }
      try await finish(workshop, connection)
      sleeper.send(SIGCONT)
      // It finds out, and has nothing left to do.
      #expect(try await sleeper.wait().exitCode == 0)
      for row in claimed {
        let token: Int64 = try row.decode("lease_token")
        let published = try await connection.query(
          "SELECT FROM lineage.publication WHERE lease_token = $1 AND published_at > now() - interval '1 hour'", [token]
        )
        #expect(published.count <= 1)
      }
      try await workshop.work()
      try await workshop.requireExactlyOnce("market_income", partitions: 2, connection)
    }
  }

  @Test("connections that are cut, again and again, cost time and nothing else")
  func cutConnections() async throws {
    try await withTask { workshop, connection in
      let worker = try await workshop.start(slots: 2)
      for _ in 0..<15 {
        try await Task.sleep(for: .milliseconds(Int.random(in: 10...80)))
        try await connection.execute(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
      }
      _ = try await worker.wait()
      try await finish(workshop, connection)
    }
  }

  @Test("a full disk is a transient error with a clear message, and leaves no partition half there")
  func fullDisk() async throws {
    let directory = "/tmp/aker-full-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    // 300 KiB: room for the recorded answers of one year and not for what is made of them.
    let mounted = try await Program.run("mount", ["-t", "tmpfs", "-o", "size=300k", "tmpfs", directory])
    guard mounted.exitCode == 0 else {
      print("a full disk: not tested, since mounting a tmpfs is not allowed here")
      return
    }
    do {
      try await withTask(directory: directory) { workshop, connection in
        try Data(count: 250_000).write(to: URL(filePath: directory + "/ballast"))
        let worker = try await workshop.start()
        try await eventually(within: .seconds(15), "an attempt has failed") {
          try await !connection.query("SELECT FROM queue.attempt WHERE error_class IS NOT NULL LIMIT 1").isEmpty
        }
        worker.send(SIGKILL)
        _ = try await worker.wait()
        let failed = try await connection.query(
          "SELECT error_class, reason FROM queue.attempt WHERE error_class IS NOT NULL AND error_class <> 'worker_lost'"
        )
        for row in failed {
          #expect(try row.decode("error_class", as: String.self) == "transient")
          let reason = try row.text("reason") ?? ""
          #expect(reason.contains("space") || reason.contains("disk is full"), "\(reason)")
        }
        #expect(try await workshop.lake.files() == [])
        #expect(try await connection.query("SELECT FROM market_income").isEmpty)

        // With room, the same tasks go through.
        try FileManager.default.removeItem(atPath: directory + "/ballast")
        let roomier = try await Program.run("mount", ["-o", "remount,size=64m", directory])
        #expect(roomier.exitCode == 0)
        try await finish(workshop, connection)
      }
    } catch {
      _ = try await Program.run("umount", ["-l", directory])
      throw error
    }
    _ = try await Program.run("umount", ["-l", directory])
  }
}
