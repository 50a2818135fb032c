import Postgres
import Testing
import TestSupport

/// Each role does by the program what docs/queue.md says; a refusal names the role that is needed.
@Suite(.database)
struct RoleCommandTests {
  static let looking: [[String]] = [
    ["status"], ["backfills"], ["tasks"], ["workers"], ["sources"], ["lake", "history", "market_income", "2012"],
    ["plan", "market_income", "--years", "2012"], ["backfill", "market_income", "--years", "2012", "--dry-run"],
    ["migrate", "--status"],
  ]
  static let acting: [[String]] = [
    ["pause", "--queue", "--reason", "lunch"], ["resume", "--queue"], ["catalog", "apply"],
    ["backfill", "market_income", "--years", "2012", "--detach"], ["cancel", "--backfill", "1"],
  ]

  private func published() async throws {
    try await Place.with(dsn: TestDatabase.current.dsn) { place in
      try await place.withCensus { place in
        let run = try await place.aker("run", "market_income", "--year", "2012")
        #expect(run.exitCode == 0, "\(run)")
      }
    }
  }

  @Test func aReaderLooksAndIsToldWhatItLacks() async throws {
    try await published()
    let database = TestDatabase.current
    let login = try await Login.make("reader", ["aker_reader"], in: database)
    try await Place.with(dsn: login.dsn) { place in
      for arguments in Self.looking {
        let result = try await Program.run(Executable.aker, arguments, environment: place.environment)
        #expect(result.exitCode == 0, "\(arguments): \(result)")
      }
      for arguments in Self.acting {
        let result = try await Program.run(Executable.aker, arguments, environment: place.environment)
        #expect(result.exitCode == 77 && result.errorOutput.contains("GRANT aker_admin TO"), "\(arguments): \(result)")
      }
    }
    try await login.drop(database)
  }

  @Test func anAdminOperates() async throws {
    try await published()
    let database = TestDatabase.current
    let login = try await Login.make("admin", ["aker_admin"], in: database)
    try await Place.with(dsn: login.dsn) { place in
      for arguments in Self.looking + Self.acting.dropLast() {
        let result = try await Program.run(Executable.aker, arguments, environment: place.environment)
        #expect(result.exitCode == 0, "\(arguments): \(result)")
      }
    }
    try await login.drop(database)
  }

  @Test func aLoginWithoutARoleIsToldWhichOneLooks() async throws {
    let database = TestDatabase.current
    let login = try await Login.make("nobody", in: database)
    try await Place.with(dsn: login.dsn) { place in
      for arguments in [["status"], ["plan", "market_income", "--years", "2012"]] {
        let result = try await Program.run(Executable.aker, arguments, environment: place.environment)
        #expect(result.exitCode == 77 && result.errorOutput.contains("GRANT aker_reader TO"), "\(arguments): \(result)")
      }
      let doctor = try await place.aker("doctor", "--offline")
      #expect(doctor.exitCode == 1 && doctor.output.contains("may not even look"), "\(doctor)")
    }
    try await login.drop(database)
  }

  @Test func aPlanWritesNothing() async throws {
    let database = TestDatabase.current
    let counted = """
      SELECT (SELECT count(*) FROM catalog.dataset) + (SELECT count(*) FROM catalog.definition)
        + (SELECT count(*) FROM catalog.source_file) + (SELECT count(*) FROM queue.source)
        + (SELECT count(*) FROM pg_class WHERE relname = 'market_income') AS count
      """
    try await Place.with(dsn: database.dsn) { place in
      let plan = try await place.aker("plan", "market_income", "--years", "2012")
      #expect(plan.exitCode == 0 && plan.output.contains("1 task would be enqueued"), "\(plan)")
    }
    let connection = try await database.connect()
    #expect(try await connection.query(counted)[0].decode("count", as: Int.self) == 0)
    await connection.close()
  }
}
