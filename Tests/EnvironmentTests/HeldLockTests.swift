import Postgres
import Testing
import TestSupport

/// Somebody who may connect, and no more, holds every advisory lock that can be guessed.
@Suite(.database)
struct HeldLockTests {
  @Test func theyKeepNobodyWaiting() async throws {
    let database = TestDatabase.current
    let login = try await Login.make("holder", in: database)
    let holder = try await login.connect()
    try await holder.executeScript(
      """
      SELECT pg_advisory_lock(1634428274, n), pg_advisory_lock(1634428275, n), pg_advisory_lock(1634428276, n),
        pg_advisory_lock(n) FROM generate_series(0, 300) AS n;
      SELECT pg_advisory_lock(1634428274);
      SELECT pg_advisory_lock(hashtext('catalog.apply'));
      SELECT pg_advisory_lock(hashtext('warehouse.' || f), hashtext('market_income'))
        FROM unnest('{apply_table,prepare_partition}'::text[]) AS f;
      """)
    try await Place.with(dsn: database.dsn) { place in
      try await place.withCensus { place in
        for arguments in [
          ["migrate"], ["backfill", "market_income", "--years", "2011-2012", "--workers", "1"],
        ] {
          let result = try await Program.run(
            "timeout", ["90", Executable.aker] + arguments, environment: place.environment)
          #expect(result.exitCode == 0, "\(arguments): \(result)")
        }
      }
    }
    await holder.close()
    try await login.drop(database)
  }
}
