import FoundationEssentials
import Glibc
import Postgres
import Testing
import TestSupport

/// The exit codes of docs/cli.md: every one of them comes of something that an operator can do.
@Suite(.database)
struct ExitCodeTests {
  /// The codes of the page's table.
  private static func documented() throws -> Set<Int32> {
    let path = PackageRoot.path + "/docs/cli.md"
    let text = String(decoding: try #require(FileManager.default.contents(atPath: path)), as: UTF8.self)
    let section = try #require(text.split(separator: "## Exit codes").last?.split(separator: "\n## ").first)
    return Set(section.matches(of: /\n\| ([0-9]+) \|/).compactMap { Int32($0.1) })
  }

  @Test func everyCodeThatIsDocumentedIsReached() async throws {
    let faults = #"""
      [{"path": "/census_acs5/data/2009", "fault": "status", "status": 503},
       {"path": "/census_acs5/data/2010", "fault": "changed_columns", "drop": ["NAME"]},
       {"path": "/census_acs5/data/2012", "fault": "stall", "count": 20}]
      """#
    var reached: Set<Int32> = []
    try await withFaults(faults) { home in
      func expect(
        _ code: Int32, _ arguments: String, says text: String = "", environment: [String: String] = [:],
        sourceLocation: SourceLocation = #_sourceLocation
      ) async throws {
        let result = try await Program.run(
          Executable.aker, arguments.split(separator: " ").map(String.init),
          environment: home.environment.merging(environment) { $1 })
        #expect(result.exitCode == code, "\(arguments): \(result)", sourceLocation: sourceLocation)
        #expect(
          (result.output + result.errorOutput).contains(text), "\(arguments): \(result)", sourceLocation: sourceLocation
        )
        reached.insert(result.exitCode ?? -1)
      }
      try await expect(0, "run market_income --year 2011", says: "published")
      try await expect(1, "backfill market_income --years 2010 --workers 1", says: "1 of 1 task failed")
      try await expect(64, "task 99", says: "there is no task 99")
      try await expect(65, "run market_income --year 2010", says: "NAME")
      try await expect(
        69, "status", says: "cannot be reached", environment: ["AKER_POSTGIS_DSN": "host=127.0.0.1 port=1 dbname=x"])
      try await expect(
        73, "cache ls", says: "cannot", environment: ["AKER_CACHE_PATH": PackageRoot.path + "/Makefile/cache"])
      try await expect(75, "run market_income --year 2009", says: "503")
      let setup = try await TestDatabase.current.connect()
      let login = "\(TestDatabase.current.name)_looks"
      try await setup.execute("CREATE ROLE \(login) LOGIN IN ROLE aker_reader")
      try await expect(
        77, "pause --queue --reason x", says: "GRANT aker_admin TO \(login)",
        environment: [
          "AKER_POSTGIS_DSN":
            "host=\(TestDatabase.current.cluster.directory) user=\(login) dbname=\(TestDatabase.current.name)"
        ])
      try await setup.execute("DROP ROLE \(login)")
      await setup.close()
      try await expect(78, "status", says: "not a log level", environment: ["AKER_LOG_LEVEL": "loud"])
      let run = try await interrupted(home, "run market_income --year 2012")
      #expect(run.exitCode == 130 && run.errorOutput.contains("interrupted"), "\(run)")
      reached.insert(run.exitCode ?? -1)
      // Somebody's hand in the schema: nothing that an operator's command can have done.
      let connection = try await TestDatabase.current.connect()
      try await connection.execute("DROP VIEW queue.overview")
      try await expect(70, "status", says: "queue.overview")
    }
    let documented = try Self.documented()
    #expect(documented.count >= 10 && reached == documented, "reached \(reached.sorted()) of \(documented.sorted())")
  }

  @Test func ctrlCOfAWatchedBackfillEndsItsWorkersAndNotTheBackfill() async throws {
    try await withFaults(#"[{"path": "/census_acs5/data/2012", "fault": "stall", "count": 20}]"#) { home in
      for (arguments, id) in [
        ("backfill market_income --years 2012 --workers 1", 1),
        ("flow run refresh-market-data --years 2012 --as-of 2024-06 --workers 1", 2), ("watch 2", 2),
      ] {
        let result = try await interrupted(home, arguments)
        #expect(result.exitCode == 130, "\(arguments): \(result)")
        #expect(result.output.contains("backfill \(id) goes on"), "\(arguments): \(result)")
        let connection = try await TestDatabase.current.connect()
        let living = try await connection.query("SELECT FROM queue.worker WHERE ended_at IS NULL")
        #expect(living.isEmpty, "\(arguments)")
        let open = try await connection.query(
          "SELECT FROM queue.backfill WHERE backfill_id = $1 AND finished_at IS NULL", [id])
        #expect(open.count == 1, "\(arguments)")
        await connection.close()
        if arguments.hasPrefix("backfill") {
          #expect(try await home.aker("cancel", "--backfill", "1", "--yes").exitCode == 0)
        }
      }
    }
  }

  @Test func serveEndsInOrder() async throws {
    try await withFaults("[]") { home in
      // One session for both: its own question names the function, too, and a closed one is listed for a moment.
      let connection = try await TestDatabase.current.connect()
      func isServing() async throws -> Bool {
        try await !connection.query(
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%queue.tick%' AND pid <> pg_backend_pid()"
        ).isEmpty
      }
      for signal in [SIGINT, SIGTERM] {
        let serve = try await Program.start(
          Executable.aker, ["serve", "--listen", "127.0.0.1:0"], environment: home.environment)
        try await eventually(within: .seconds(30), "it serves", isServing)
        serve.send(signal)
        let result = try await serve.wait()
        #expect(result.exitCode == 0, "\(result)")
        // Its session outlives it by a moment, and is not the next one's.
        try await eventually(within: .seconds(30), "its session has ended") { try await !isServing() }
      }
      await connection.close()
    }
  }

  /// What can keep either program from its work, each given to both: they end with the same code, and the first line of what
  /// they say is an error. Only Ctrl-C is another thing to each (docs/cli.md).
  @Test func bothProgramsEndAlike() async throws {
    let database = TestDatabase.current
    let (login, bare) = ("\(database.name)_none", "\(database.name)_bare")
    let setup = try await database.connectAsSuperuser()
    try await setup.execute("CREATE ROLE \(login) LOGIN")
    try await setup.execute("CREATE DATABASE \(bare)")
    let socket = database.cluster.directory
    try await withFaults(#"[{"path": "/census_acs5", "fault": "status", "status": 503}]"#) { home in
      let elsewhere = home.path + "/elsewhere"
      // The database's own lake is made by whoever comes first.
      #expect(try await home.aker("run", "market_income", "--year", "2011").exitCode == 75)
      let cases: [(code: Int32, environment: [String: String])] = [
        (69, ["AKER_POSTGIS_DSN": "host=127.0.0.1 port=1 dbname=x"]),
        (69, ["AKER_POSTGIS_DSN": "host=\(socket) user=aker dbname=nowhere"]),
        (69, ["AKER_POSTGIS_DSN": "host=\(socket) user=aker dbname=\(bare)", "AKER_CACHE_PATH": elsewhere]),
        (69, ["AKER_POSTGIS_DSN": "\(database.dsn) options='-c default_transaction_read_only=on'"]),
        (69, ["AKER_DUCKDB": "/nowhere"]), (69, ["AKER_DUCKDB": "/bin/true"]),
        (77, ["AKER_POSTGIS_DSN": "host=\(socket) user=\(login) dbname=\(database.name)"]),
        (78, ["AKER_POSTGIS_DSN": "host"]), (78, ["AKER_LOG_LEVEL": "loud"]), (78, ["AKER_HOST_MEMORY": "lots"]),
        (78, ["AKER_CONFIG": "/nowhere.yml"]), (78, ["AKER_CACHE_PATH": elsewhere]),
        (73, ["AKER_CACHE_PATH": PackageRoot.path + "/Makefile/cache"]),
        (70, [:]),
      ]
      for (code, environment) in cases {
        // Somebody's hand, which the last of them meets: neither was it a migration.
        if code == 70 { try await setup.execute("DROP FUNCTION queue.register_worker") }
        let programs = [
          (Executable.aker, environment["AKER_POSTGIS_DSN"]?.contains(bare) == true ? ["tasks"] : Self.oneRun),
          (Executable.worker, ["--until-empty"]),
        ]
        for (program, arguments) in programs {
          let result = try await Program.run(
            program, arguments, environment: home.environment.merging(environment) { $1 })
          #expect(result.exitCode == code, "\(program) \(environment): \(result)")
          #expect(result.errorOutput.contains("error: "), "\(program) \(environment): \(result)")
        }
      }
      for arguments in [["--slots", "0"], ["--nothing-of-the-kind"]] {
        let worker = try await Program.run(Executable.worker, arguments, environment: home.environment)
        let aker = try await Program.run(
          Executable.aker, ["backfill", "market_income", "--years", "2011"] + arguments, environment: home.environment)
        #expect(worker.exitCode == 64 && aker.exitCode == 64, "\(worker) \(aker)")
      }
    }
    try await setup.execute("DROP DATABASE \(bare)")
    try await setup.execute("DROP ROLE \(login)")
    await setup.close()
  }

  private static let oneRun = ["run", "market_income", "--year", "2011"]

  @Test func aWorkerWhoseDatabaseIsGoneEndsBySIGTERM() async throws {
    let database = TestDatabase.current
    let cache = "/tmp/aker-cache-\(UUID().uuidString.prefix(8))"
    defer { try? FileManager.default.removeItem(atPath: cache) }
    let worker = try await Program.start(
      // Longer than this test may take: one that has nothing to finish waits for nothing.
      Executable.worker, ["--slots", "1", "--drain-timeout", "3600"],
      environment: [
        "AKER_POSTGIS_DSN": database.dsn, "AKER_HOME": PackageRoot.path + "/.aker",
        "AKER_CACHE_PATH": cache,
      ])
    let connection = try await database.connect()
    // In its loop: one that cannot begin ends with 69, as it should.
    try await eventually(within: .seconds(30), "the worker lives") {
      try await !connection.query("SELECT FROM queue.worker WHERE state = 'running' AND heartbeat_at > started_at")
        .isEmpty
    }
    await connection.close()
    let server = try await database.cluster.connect()
    try await server.execute("ALTER DATABASE \"\(database.name)\" ALLOW_CONNECTIONS false")
    _ = try await server.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", [database.name])
    await server.close()
    worker.send(SIGTERM)
    let result = try await worker.wait()
    #expect(result.exitCode == 0, "\(result)")
  }

  /// Ctrl-C, once the command asks the source that never answers; or, of a watch, once it shows something.
  private func interrupted(_ home: OperatorHome, _ arguments: String) async throws -> Program.Result {
    let connection = try await TestDatabase.current.connect()
    let program = try await Program.start(
      Executable.aker, arguments.split(separator: " ").map(String.init), environment: home.environment)
    let sql =
      arguments.hasPrefix("watch")
      ? "SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%queue.eta%' AND pid <> pg_backend_pid()"
      : "SELECT FROM queue.running WHERE dataset = 'market_income'"
    try await eventually(within: .seconds(60), "it is under way") { try await !connection.query(sql).isEmpty }
    await connection.close()
    program.send(SIGINT)
    return try await program.wait()
  }

  private func withFaults(_ faults: String, _ body: (OperatorHome) async throws -> Void) async throws {
    let file = "/tmp/aker-faults-\(UUID().uuidString.prefix(8)).json"
    try Data(faults.utf8).write(to: URL(filePath: file))
    defer { try? FileManager.default.removeItem(atPath: file) }
    try await OperatorHome.with(dsn: TestDatabase.current.dsn, simulator: ["--faults", file], body)
  }
}
