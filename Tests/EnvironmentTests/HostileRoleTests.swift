import Postgres
import Testing
import TestSupport

/// What an administrator, a pooler or a shell may have set, against the programs that publish.
@Suite(.database)
struct HostileRoleTests {
  private func publish(_ dsn: String, environment: [String: String] = [:]) async throws {
    try await Place.with(dsn: dsn) { place in
      try await place.withCensus { place in
        var place = place
        place.environment.merge(environment) { $1 }
        let backfill = try await place.aker("backfill", "market_income", "--years", "2011-2012", "--workers", "1")
        #expect(backfill.exitCode == 0, "\(backfill)")
        for arguments in [["status"], ["lineage", "market_income", "2012"], ["migrate", "--status"]] {
          let result = try await Program.run(Executable.aker, arguments, environment: place.environment)
          #expect(result.exitCode == 0, "\(arguments): \(result)")
        }
      }
    }
    let connection = try await TestDatabase.current.connect()
    let row = try await connection.query(
      "SELECT count(DISTINCT data_year) AS years, min(as_of) AS as_of FROM public.market_income")[0]
    #expect(try row.decode("years", as: Int.self) == 2)
    await connection.close()
  }

  @Test func aLoginWithEverySettingTurnedPublishes() async throws {
    let database = TestDatabase.current
    let login = try await Login.make("hostile", ["aker_admin", "aker_worker"], in: database)
    let connection = try await database.connect()
    try await connection.executeScript(HostileSettings.script(role: login.name))
    await connection.close()
    try await publish(
      login.dsn,
      environment: [
        "PGDATESTYLE": "German", "PGTZ": "Asia/Kathmandu", "PGCLIENTENCODING": "LATIN1", "LANG": "tr_TR.UTF-8",
        "LC_ALL": "tr_TR.UTF-8", "TZ": "Pacific/Apia",
        "PGOPTIONS": "-c standard_conforming_strings=off -c quote_all_identifiers=on -c search_path=nowhere",
      ])
    try await login.drop(database)
  }

  @Test func behindAPoolerInTransactionMode() async throws {
    let bouncer = try await Pgbouncer.start(before: TestDatabase.current)
    do {
      try await publish(bouncer.dsn, environment: ["LANG": "C", "LC_ALL": "C"])
    } catch {
      try await bouncer.stop()
      throw error
    }
    try await bouncer.stop()
  }
}
