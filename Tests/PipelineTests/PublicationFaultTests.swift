import FoundationEssentials
import Glibc
import Lake
import Pipeline
import Postgres
import TestSupport
import Testing

/// What else can go wrong with a worker, its disk and its database.
@Suite("Faults", .database, .serialized, .whateverHappens)
struct PublicationFaultTests {
  /// Of waiting for what a slow machine does in a few: none of this is about speed.
  private static let patience = Duration.seconds(180)

  /// How published rows are replaced: in their table, or by another table.
  enum Replacement: String, CaseIterable, CustomTestStringConvertible {
    case rows
    case swap
    var testDescription: String { rawValue }
    var settings: [String: String] { ["AKER_SWAP_ROW_COUNT": self == .swap ? "10" : "1000000"] }
  }

  /// Runs `body` with partitions of 2010 and 2011 that are published and to be replaced, while readers look on.
  private func withTask(
    _ replacement: Replacement, database: TestDatabase = .current, directory: String? = nil, enqueues: Bool = true,
    _ body: (Workshop, PostgresConnection) async throws -> Void
  ) async throws {
    try await Simulator.running { simulator in
      try await Workshop.open(
        datasets: ["market_income"], endpoints: ["census_acs5": simulator.endpoint + "/census_acs5"],
        database: database, directory: directory
      ) { workshop, connection in
        var workshop = workshop
        workshop.environment = replacement.settings
        try await workshop.enqueue("market_income", 2010...2011, asOf: "2024-06", connection)
        try await workshop.work()
        try await workshop.makeStale("market_income", "median_household_income", connection)
        if enqueues {
          try await workshop.enqueue("market_income", 2010...2011, asOf: "2024-06", mode: "all", connection)
        }
        try await PublicationReader.watching("market_income", of: workshop) { [workshop] in
          try await body(workshop, connection)
        }
      }
    }
  }

  /// Works until all is completed, as a supervisor would: again and again.
  private func finish(_ workshop: Workshop, _ connection: PostgresConnection) async throws {
    try await eventually(within: Self.patience, "all tasks are completed") {
      try await workshop.work()
      return try await connection.query("SELECT FROM queue.task WHERE state <> 'completed' LIMIT 1").isEmpty
    }
    try await workshop.work()
    try await workshop.requireExactlyOnce("market_income", partitions: 2, connection)
  }

  @Test("a worker that is suspended past its lease publishes nothing when it wakes", arguments: Replacement.allCases)
  func suspension(_ replacement: Replacement) async throws {
    try await withTask(replacement) { workshop, connection in
      try await connection.execute("UPDATE queue.setting SET lease_interval = '1 second'")
      let sleeper = try await workshop.start()
      try await eventually(within: Self.patience, "a task is claimed") {
        try await !connection.query("SELECT FROM queue.lease").isEmpty
      }
      sleeper.send(SIGSTOP)
      let claimed = try await connection.query("SELECT lease_token FROM queue.lease")
      try await eventually(within: Self.patience, "the lease is taken away") {
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

  @Test(
    "a worker that hangs with the new rows in its hands keeps no reader waiting, and is passed by",
    arguments: Replacement.allCases)
  func suspensionInside(_ replacement: Replacement) async throws {
    try await withTask(replacement) { workshop, connection in
      try await connection.execute("UPDATE queue.setting SET lease_interval = '1 second'")
      let sleeper = try await workshop.start(["AKER_SUSPEND_AT": StepBoundary.rowsReplaced.rawValue])
      try await eventually(within: Self.patience, "it has stopped in its publish transaction") {
        try await !connection.query(
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction' "
            + "AND state_change < now() - interval '0.5 seconds' AND application_name LIKE 'aker-worker%'"
        ).isEmpty
      }
      try await eventually(within: Self.patience, "the lease is taken away") {
        _ = try await connection.query("SELECT queue.reap()")
        return try await connection.query("SELECT FROM queue.lease").isEmpty
      }
      try await finish(workshop, connection)
      sleeper.send(SIGCONT)
      #expect(try await sleeper.wait().exitCode == 0)
      try await workshop.requireExactlyOnce("market_income", partitions: 2, connection)
    }
  }

  @Test(
    "a worker that hangs in the middle of its rows holds up nobody: its task is done elsewhere, its session is ended",
    arguments: Replacement.allCases)
  func suspensionInCopy(_ replacement: Replacement) async throws {
    try await withTask(replacement) { workshop, connection in
      try await connection.execute("UPDATE queue.setting SET lease_interval = '1 second'")
      let sleeper = try await workshop.start(["AKER_SUSPEND_AT": StepBoundary.loading.rawValue])
      let session = try await Self.sessionInCopy(connection)
      try await eventually(within: Self.patience, "the lease is taken away") {
        _ = try await connection.query("SELECT queue.reap()")
        return try await connection.query("SELECT FROM queue.lease").isEmpty
      }
      try await eventually(within: Self.patience, "its session is ended") {
        try await connection.query("SELECT FROM pg_stat_activity WHERE pid = $1", [session]).isEmpty
      }
      #expect(try await connection.query("SELECT FROM warehouse.abandoned_sessions()").isEmpty)
      try await finish(workshop, connection)
      sleeper.send(SIGCONT)
      #expect(try await sleeper.wait().exitCode == 0)
      try await workshop.work()
      try await workshop.requireExactlyOnce("market_income", partitions: 2, connection)
    }
  }

  @Test("a task whose worker hangs in the middle of its rows can be cancelled", arguments: Replacement.allCases)
  func cancelsInCopy(_ replacement: Replacement) async throws {
    try await withTask(replacement) { workshop, connection in
      let sleeper = try await workshop.start(["AKER_SUSPEND_AT": StepBoundary.loading.rawValue])
      _ = try await Self.sessionInCopy(connection)
      let row = try await connection.query("SELECT task_id, backfill_id FROM queue.running")[0]
      let task: Int64 = try row.decode("task_id")
      try await connection.execute("SELECT queue.cancel_backfill($1)", [try row.decode("backfill_id", as: Int64.self)])
      let state = try await connection.query("SELECT state FROM queue.task WHERE task_id = $1", [task])
      #expect(try state[0].decode("state", as: String.self) == "cancelled")
      sleeper.send(SIGCONT)
      #expect(try await sleeper.wait().exitCode == 0)
      #expect(try await connection.query("SELECT FROM lineage.publication WHERE task_id = $1", [task]).isEmpty)
    }
  }

  /// Waits until a worker has stopped in the middle of a COPY; returns its session.
  private static func sessionInCopy(_ connection: PostgresConnection) async throws -> Int32 {
    var session: Int32?
    try await eventually(within: patience, "it hangs in the middle of its rows") {
      session = try await connection.query(
        """
        SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY warehouse%'
          AND state = 'active' AND wait_event = 'ClientRead' AND state_change < now() - interval '0.5 seconds'
        """
      ).first?.decode("pid")
      return session != nil
    }
    return try #require(session)
  }

  @Test("connections that are cut, again and again, cost time and nothing else", arguments: Replacement.allCases)
  func cutConnections(_ replacement: Replacement) async throws {
    try await withTask(replacement) { workshop, connection in
      let worker = try await workshop.start(slots: 2)
      for _ in 0..<15 {
        try await Task.sleep(for: .milliseconds(Int.random(in: 10...80)))
        // The worker's, and not the readers', who are to look on.
        try await connection.execute(
          """
          SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = 'aker-worker'
          """)
      }
      _ = try await worker.wait()
      try await finish(workshop, connection)
    }
  }

  @Test(
    "Postgres is restarted in the middle of publications, and each partition is published once",
    arguments: Replacement.allCases)
  func restarts(_ replacement: Replacement) async throws {
    let cluster = try await TestCluster.start()
    try await TestDatabase.makeTemplate(on: cluster)
    let database = try await TestDatabase.create(on: cluster, name: "restarted")
    try await withTask(replacement, database: database, enqueues: false) { workshop, connection in
      try await workshop.enqueue("market_income", 2010...2012, asOf: "2024-06", mode: "all", connection)
      await connection.close()
      var connection = connection
      var workers: [Program] = []
      for mode in [TestCluster.StopMode.fast, .immediate, .immediate] {
        // Beside those that live through restarts, since one that had nothing left to do has ended.
        workers.append(try await workshop.start(slots: 2))
        // In the publish transaction, which holds the partition's lock.
        let watcher = try await database.connect()
        try await eventually(within: Self.patience, "a publication is under way, or all are done") {
          try await !watcher.query(
            """
            SELECT FROM pg_locks WHERE relation = 'warehouse.partition'::regclass AND mode = 'RowShareLock'
              AND pid <> pg_backend_pid()
            UNION ALL (SELECT WHERE NOT EXISTS (SELECT FROM queue.task WHERE state <> 'completed'))
            LIMIT 1
            """
          ).isEmpty
        }
        await watcher.close()
        try await cluster.restartServer(mode)
        connection = try await database.connect()
        try await workshop.enqueue("market_income", 2010...2012, asOf: "2024-06", mode: "all", connection)
        // Other rows than before, so that rows, manifest and file are replaced.
        try await workshop.makeStale("market_income", "median_household_income", connection)
        await connection.close()
      }
      for worker in workers { _ = try await worker.wait() }
      connection = try await database.connect()
      try await eventually(within: Self.patience, "all tasks are completed") {
        try await workshop.work()
        return try await connection.query("SELECT FROM queue.task WHERE state <> 'completed' LIMIT 1").isEmpty
      }
      try await workshop.work()
      try await workshop.requireExactlyOnce("market_income", partitions: 3, connection)
      await connection.close()
    }
    try await cluster.stopServer()
  }

  @Test(
    "a full disk is a transient error with a clear message, whatever meets it first, and leaves no partition half there",
    arguments: Replacement.allCases)
  func fullDisk(_ replacement: Replacement) async throws {
    let directory = "/tmp/aker-full-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try await SmallDisk.mounted(at: directory, byteCount: 32 << 20) { disk in
      try await withTask(replacement, directory: directory, enqueues: false) { workshop, connection in
        // Attempts enough to fail for as long as the disk is full, and not in a rush.
        try await connection.execute(
          """
          UPDATE queue.setting SET max_attempts = 100, retry_base_interval = '100 milliseconds',
            retry_cap_interval = '100 milliseconds'
          """)
        // As on a host that has fetched nothing, with the cache's folders.
        try FileManager.default.removeItem(atPath: workshop.cache + "/raw")
        try await workshop.work()
        var reasons: Set<String> = []
        // From no room at all to nearly enough: the raw cache, DuckDB, the reports meet it in turn, since what was fetched
        // stays.
        for roomKiB in [0, 4, 12, 24, 40, 64] {
          try await workshop.enqueue("market_income", 2010...2011, asOf: "2024-06", mode: "all", connection)
          try disk.fill(leaving: roomKiB * 1024)
          let before = try await connection.query("SELECT max(attempt_id) AS n FROM queue.attempt")
          let last: Int64 = try before.first?.decode("n") ?? 0
          let worker = try await workshop.start()
          try await eventually(
            within: Self.patience, "an attempt has ended so, the worker claims nothing, or nothing is left to do"
          ) {
            try await !connection.query(
              """
              SELECT FROM queue.attempt
              WHERE attempt_id > $1 AND (error_class IS NOT NULL OR state = 'released')
              UNION ALL (SELECT FROM queue.workers WHERE host_trouble IS NOT NULL)
              UNION ALL (SELECT WHERE NOT EXISTS (SELECT FROM queue.task WHERE state <> 'completed')) LIMIT 1
              """, [last]
            ).isEmpty
          }
          // What a task paid for, what was given back since the host is not well, and what the worker says of its host.
          let told = try await connection.query(
            """
            SELECT error_class, reason FROM queue.attempt
            WHERE attempt_id > $1
              AND (error_class IS NOT NULL AND error_class <> 'worker_lost' OR state = 'released')
            UNION ALL SELECT NULL, host_trouble FROM queue.workers WHERE host_trouble IS NOT NULL
            """, [last])
          worker.send(SIGKILL)
          _ = try await worker.wait()
          for row in told {
            let reason = try row.text("reason") ?? ""
            #expect(try row.text("error_class") ?? "transient" == "transient", "\(reason)")
            #expect(["space", "disk is full", " free on the disk of "].contains { reason.contains($0) }, "\(reason)")
            reasons.insert(reason.replacing(#/[0-9]+/#, with: "N"))
          }
          for path in try await workshop.lake.files() {
            let isKnown = try await connection.query(
              """
              SELECT FROM lake.manifest m JOIN lineage.publication p USING (publication_id)
              WHERE m.path = $1 AND p.output_sha256 = $2
              """,
              [path, try await workshop.lake.sha256(path)])
            #expect(isKnown.count == 1, "\(path)")
          }
          disk.empty()
        }
        print("a full disk was met as: \(reasons.sorted())")
        #expect(!reasons.isEmpty)
        // With room, the same tasks go through.
        try await finish(workshop, connection)
      }
    }
  }
}
