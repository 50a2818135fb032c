import Postgres
import Testing
import TestSupport

/// A dump that is restored into a server which has not the roles: all looks whole, and every right is gone.
@Suite(.database)
struct RestoreTests {
  @Test(arguments: [true, false])
  func migrateMendsWhatARestoreLost(withRoles: Bool) async throws {
    let other = try await TestCluster.start(durability: .none)
    let maintenance = try await other.connect()
    try await maintenance.execute("CREATE DATABASE restored")
    if withRoles {
      for role in ["aker_admin", "aker_worker", "aker_reader"] { try await maintenance.execute("CREATE ROLE \(role)") }
    }
    await maintenance.close()
    let target = other.configuration(database: "restored")
    let restored = try await Program.run(
      "/bin/sh", ["-c", #"pg_dump "$FROM" | psql -X -q "$TO" >/dev/null 2>&1; true"#],
      environment: ["FROM": TestDatabase.current.dsn, "TO": target.dsn])
    #expect(restored.exitCode == 0, "\(restored)")
    try await Place.with(dsn: target.dsn) { place in
      let doctor = try await place.aker("doctor", "--offline")
      #expect(withRoles || doctor.output.contains("Have a role that may create roles run: aker migrate"), "\(doctor)")
      #expect(doctor.output.contains("rights") && (withRoles || doctor.exitCode == 1), "\(doctor)")
      let migrate = try await place.aker("migrate")
      #expect(migrate.exitCode == 0 && (withRoles || migrate.output.contains("mended")), "\(migrate)")
      let again = try await place.aker("migrate")
      #expect(again.output.contains("nothing to do"), "\(again)")
      let connection = try await PostgresConnection.connect(target)
      try await connection.execute("CREATE ROLE restored_admin LOGIN IN ROLE aker_admin")
      await connection.close()
      let admin = "host=\(other.directory) user=restored_admin dbname=restored"
      for arguments in [
        ["status"], ["catalog", "apply"], ["backfill", "market_income", "--years", "2012", "--detach"],
      ] {
        let result = try await Program.run(
          Executable.aker, arguments, environment: place.environment.merging(["AKER_POSTGIS_DSN": admin]) { $1 })
        #expect(result.exitCode == 0, "\(arguments): \(result)")
      }
    }
    try await other.stopServer()
  }
}
