import FoundationEssentials
import Testing
import TestSupport

/// The embedded database, by the programs, wherever its folder is and whatever the shell says of other servers.
struct EmbeddedPlaceTests {
  static let elsewhere = [
    "PGPORT": "1", "PGHOSTADDR": "192.0.2.1", "PGHOST": "nowhere.invalid", "PGSERVICE": "nowhere", "PGUSER": "nobody",
    "PGDATABASE": "nothing", "PGTARGETSESSIONATTRS": "standby", "PGCHANNELBINDING": "require",
    "PGGSSENCMODE": "require", "PGREQUIREPEER": "nobody", "PGSSLMODE": "verify-full", "PGOPTIONS": "-c nonsense=1",
    "PGSSLMINPROTOCOLVERSION": "nonsense",
  ]

  @Test(arguments: ["it's a \"test\", $(touch /tmp/aker-ran-this) é", "plain"])
  func everyWayInWorks(_ name: String) async throws {
    try await Place.with(named: name) { place in
      let environment = name == "plain" ? Self.elsewhere : [:]
      let migrate = try await place.aker("migrate", environment: environment)
      #expect(migrate.exitCode == 0, "\(migrate)")
      let psql = try await place.aker(
        "database", "psql", "-XAtc", "SELECT count(*) FROM public.aker_migration", environment: environment)
      let numbered = try FileManager.default.contentsOfDirectory(atPath: PackageRoot.path + "/migrations")
        .filter { $0.hasPrefix("0") }
      // One row for each numbered file, and one for those that are run again.
      #expect(psql.exitCode == 0 && psql.output == "\(numbered.count + 1)\n", "\(psql)")
      let after = try await place.aker("database", "psql", "--", "-XAtc", "SELECT 41 + 1", environment: environment)
      #expect(after.exitCode == 0 && after.output == "42\n" && after.errorOutput == "", "\(after)")
      let url = try await place.shell(
        #"psql "$("$AKER" database url)" -XAtc 'SELECT 41 + 1'"#,
        environment: environment.filter { $0.key != "PGSERVICE" })
      #expect(url.exitCode == 0 && url.output == "42\n", "\(url)")
      let status = try await place.aker("status", environment: environment)
      #expect(status.exitCode == 0, "\(status)")
      #expect(!FileManager.default.fileExists(atPath: "/tmp/aker-ran-this"))
    }
  }

  @Test func removingACopyLeavesTheOriginal() async throws {
    try await Place.with { place in
      #expect(try await place.aker("migrate").exitCode == 0)
      let copy = place.home + "-copy"
      _ = try await Program.run("cp", ["-a", place.home, copy])
      let removed = try await place.aker("database", "remove", "--yes", environment: ["AKER_HOME": copy])
      #expect(removed.exitCode == 0, "\(removed)")
      let status = try await place.aker("status")
      #expect(status.exitCode == 0, "\(status)")
    }
  }
}
