import Base
import FoundationEssentials
import Postgres
import Testing
import TestSupport

/// `aker doctor`: each part is ok, or a problem with what to do.
@Suite(.database)
struct DoctorTests {
  private struct Finding: Decodable {
    var area: String
    var name: String
    var state: String
    var detail: String
    var advice: String?
  }

  private func findings(_ result: Program.Result) throws -> [String: Finding] {
    let all = try JSONDecoder().decode([Finding].self, from: Data(result.output.utf8))
    return Dictionary(all.map { ($0.name, $0) }) { first, _ in first }
  }

  @Test func allIsWellWhereEverythingIsThere() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn, simulator: []) { home in
      let result = try await home.aker("doctor", "--json")
      #expect(result.exitCode == 0, "\(result)")
      let found = try findings(result)
      for name in [
        "home", "cache", "catalog", "duckdb", "connection", "server", "postgis", "migrations", "roles", "clock",
        "pooler",
        "queue", "AKER_CENSUS_API_KEY", "census_acs5",
      ] {
        #expect(found[name]?.state == "ok", "\(name): \(String(describing: found[name]))")
      }
      #expect(found["workers"]?.state == "note")
      let text = try await home.aker("doctor")
      #expect(text.exitCode == 0 && text.output.contains("all is well"), "\(text)")
    }
  }

  @Test func whatIsMissingIsAProblemWithSomethingToDo() async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.execute("DELETE FROM aker_migration WHERE version = (SELECT max(version) FROM aker_migration)")
    try await OperatorHome.with(dsn: TestDatabase.current.dsn) { home in
      // A file where the cache's folder should be stops root too.
      let result = try await home.aker(
        "doctor", "--json",
        environment: [
          "AKER_CACHE_PATH": PackageRoot.path + "/Makefile/cache", "AKER_DUCKDB": "/nowhere/duckdb",
          "AKER_SOURCE_BLS_QCEW_ENDPOINT": "http://127.0.0.1:1",
        ])
      #expect(result.exitCode == 1)
      #expect(result.errorOutput.contains("problems"), "\(result)")
      let found = try findings(result)
      for (name, detail, advice) in [
        ("cache", "cannot be written", "AKER_CACHE_PATH"), ("duckdb", "/nowhere/duckdb", ""),
        ("migrations", "1 of", "aker migrate"), ("AKER_CENSUS_API_KEY", "market_income", "key_signup"),
        ("bls_qcew", "127.0.0.1:1", "AKER_SOURCE_BLS_QCEW_ENDPOINT"),
      ] {
        #expect(found[name]?.state == "problem", "\(name): \(String(describing: found[name]))")
        #expect(found[name]?.detail.contains(detail) == true, "\(name): \(String(describing: found[name]))")
        #expect(found[name]?.advice?.contains(advice) == true, "\(name): \(String(describing: found[name]))")
      }
    }
  }

  @Test func anUnreachableDatabaseHidesNoOtherFinding() async throws {
    try await OperatorHome.with(dsn: "postgresql://me:s3cret@127.0.0.1:1/warehouse") { home in
      let result = try await home.aker("doctor", "--offline")
      #expect(result.exitCode == 1)
      #expect(result.output.contains("problem  connection") && result.output.contains("duckdb"), "\(result)")
      #expect(result.output.contains("AKER_CENSUS_API_KEY"), "\(result)")
      #expect(!result.output.contains("s3cret"))
    }
  }

  @Test func aPoolerInTransactionModeIsRecognised() async throws {
    let bouncer = try await Pgbouncer.start(before: TestDatabase.current)
    try await OperatorHome.with(dsn: bouncer.dsn) { home in
      let found = try findings(try await home.aker("doctor", "--offline", "--json"))
      #expect(found["pooler"]?.detail.contains("transaction mode") == true, "\(String(describing: found["pooler"]))")
      #expect(found["migrations"]?.state == "ok")
    }
    try await bouncer.stop()
  }

  @Test func aNewLifeOfTheDatabaseIsToldByDoctorAndStatus() async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.execute("SELECT queue.register_worker('before', 'host', 1, 'v', 1)")
    try await OperatorHome.with(dsn: TestDatabase.current.dsn, simulator: []) { home in
      let first = try findings(try await home.aker("doctor", "--offline", "--json"))
      #expect(first["life"]?.state == "ok", "\(String(describing: first["life"]))")
      // As a standby that was promoted finds it.
      try await connection.execute("UPDATE queue.setting SET life = '1/00000001/1'")
      try await connection.execute("SELECT queue.register_worker('after', 'host', 2, 'v', 1)")
      let next = try findings(try await home.aker("doctor", "--offline", "--json"))
      #expect(next["life"]?.state == "note", "\(String(describing: next["life"]))")
      #expect(next["life"]?.detail.contains("1 worker ended") == true, "\(String(describing: next["life"]))")
      #expect(next["life"]?.advice?.contains("aker lake repair") == true)
      let status = try await home.aker("status")
      #expect(status.exitCode == 0 && status.output.contains("life 2"), "\(status)")
    }
    await connection.close()
  }

  /// Who leads, what is wrong, who could not be told, and which token ends soon.
  @Test func theServiceIsLookedAt() async throws {
    let connection = try await TestDatabase.current.connect()
    try await OperatorHome.with(dsn: TestDatabase.current.dsn) { home in
      func service() async throws -> [String: Finding] {
        try findings(try await home.aker("doctor", "--offline", "--json")).filter { $0.value.area == "service" }
      }
      let alone = try await service()
      #expect(alone["leader"]?.state == "note" && alone["leader"]?.advice?.contains("aker serve") == true, "\(alone)")
      for name in ["alerts", "notices", "tokens"] { #expect(alone[name]?.state == "ok", "\(name): \(alone)") }
      let term: Int64 = try await connection.one("SELECT schedule.lead(gen_random_uuid(), 'host-7') AS term").decode(
        "term")
      try await connection.execute("UPDATE schedule.leader SET expires_at = 'infinity'")
      let trouble = """
        [{"kind": "lake_full", "subject": "/lake", "severity": "critical", "holds_for": "0", "summary": "the lake is full",
          "advice": "aker lake prune"}]
        """
      _ = try await connection.query(
        "SELECT kind FROM service.look_for_trouble($1, '{webhook}', $2::jsonb)", [term, trouble])
      try await connection.execute(
        "UPDATE service.notice SET last_error = 'the endpoint answered 500', attempt_count = 3")
      let made = try await home.aker("token", "create", "mia", "--days", "3")
      #expect(made.exitCode == 0, "\(made)")
      let found = try await service()
      #expect(found["leader"]?.state == "ok" && found["leader"]?.detail.contains("host-7") == true, "\(found)")
      #expect(found["alerts"]?.state == "note" && found["alerts"]?.detail == "the lake is full", "\(found)")
      #expect(found["alerts"]?.advice?.contains("aker lake prune") == true, "\(found)")
      #expect(
        found["notices"]?.state == "problem" && found["notices"]?.detail.contains("answered 500") == true, "\(found)")
      #expect(found["notices"]?.advice?.contains("AKER_ALERT_") == true, "\(found)")
      #expect(found["tokens"]?.state == "note" && found["tokens"]?.detail.contains("mia ends at") == true, "\(found)")
      #expect(found["tokens"]?.advice?.contains("aker token create mia") == true, "\(found)")
    }
    await connection.close()
  }

  @Test func tasksWithoutAWorkerAreAProblem() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn, simulator: []) { home in
      let enqueued = try await home.aker("backfill", "market_income", "--years", "2012", "--detach")
      #expect(enqueued.exitCode == 0, "\(enqueued)")
      let found = try findings(try await home.aker("doctor", "--offline", "--json"))
      #expect(found["workers"]?.state == "problem")
      #expect(found["workers"]?.advice?.contains("aker-worker") == true)
    }
  }

  @Test func noDatabaseIsStarted() async throws {
    try await OperatorHome.with { home in
      let result = try await home.aker("doctor", "--offline")
      #expect(result.output.contains("does not run"), "\(result)")
      #expect(!FileManager.default.fileExists(atPath: home.path + "/postgres"))
      #expect(!FileManager.default.fileExists(atPath: home.path + "/cache"))
    }
  }
}
