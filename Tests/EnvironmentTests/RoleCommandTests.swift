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
  /// Every other act of an operator, in an order in which each has something to act on. FIRST is a publication.
  static let allActs = [
    "backfill market_income --years 2011 --as-of 2024-06 --detach", "pause --dataset market_income",
    "resume --dataset market_income",
    "pause --source census_acs5", "resume --source census_acs5 --cool-down", "pause --backfill BACKFILL",
    "resume --backfill BACKFILL",
    "prioritize --backfill BACKFILL --priority 5", "prioritize --dataset market_income",
    "cancel --backfill BACKFILL --yes",
    "run market_income --year 2012 --as-of 2024-05", "run market_income --year 2012 --as-of 2024-07",
    "flow run refresh-market-data --years 2012 --as-of 2024-06 --detach", "cancel --backfill BACKFILL --yes",
    "backfill market_income --years 2010 --as-of 2024-06 --detach", "prioritize --task TASK",
    "cancel --task TASK --yes",
    "validate market_income", "reproduce market_income 2012", "lake rollback market_income 2012 --to FIRST --yes",
    "lake withdraw market_income 2012 --as-of 2024-07 --yes", "lake adopt --yes", "lake repair", "lake prune --dry-run",
    "cache forget census_acs5", "cache prune --to 1GB --yes", "lineage export --openlineage", "migrate --status",
    "retry --dataset market_income --yes", "retry --source census_acs5 --yes",
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

  /// Nothing needs the owner of the database, who only migrates.
  @Test func everyActNeedsNoMoreThanTheRoleOfAnOperator() async throws {
    let database = TestDatabase.current
    let owner = try await database.connect()
    try await Place.with(dsn: database.dsn) { place in
      #expect(try await place.aker("migrate").exitCode == 0)
      let login = try await Login.make("acts", ["aker_admin"], in: database)
      try await place.withCensus { place in
        var place = place
        place.environment["AKER_POSTGIS_DSN"] = login.dsn
        func act(_ line: String) async throws {
          let result = try await Program.run(
            Executable.aker, line.split(separator: " ").map(String.init), environment: place.environment)
          #expect(result.exitCode == 0, "\(line): \(result)")
        }
        for line in Self.allActs {
          func number(_ sql: String) async throws -> String {
            try await owner.query(sql).first?.text(0) ?? "none"
          }
          var line = line
          if line.contains("FIRST") {
            line.replace("FIRST", with: try await number("SELECT max(publication_id)::text FROM lineage.publication"))
          }
          if line.contains("BACKFILL") {
            line.replace("BACKFILL", with: try await number("SELECT max(backfill_id)::text FROM queue.backfill"))
          }
          if line.contains("TASK") {
            line.replace(
              "TASK", with: try await number("SELECT max(task_id)::text FROM queue.task WHERE state = 'ready'"))
          }
          try await act(line)
        }
        let shown = try await owner.query(
          "SELECT p.as_of, p.row_count = (SELECT count(*) FROM market_income WHERE data_year = 2012) AS whole FROM warehouse.partition p"
        )
        #expect(try shown.map { try $0.decode("as_of", as: String.self) } == ["2024-05"])
        #expect(try shown.allSatisfy { try $0.decode("whole", as: Bool.self) })
        // The last vintage: nothing is shown then, and the table is empty.
        try await act("lake withdraw market_income 2012 --as-of 2024-05 --yes")
        let left = try await owner.query(
          "SELECT (SELECT count(*) FROM market_income) + (SELECT count(*) FROM warehouse.staging) AS n")
        #expect(try left[0].decode("n", as: Int.self) == 0)
      }
      try await login.drop(database)
    }
    await owner.close()
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
