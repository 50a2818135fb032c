import FoundationEssentials
import Postgres
import Testing
import TestSupport

/// What an operator reads, and a script sees, when something is wrong: one message, what to do, and the exit code of
/// docs/cli.md.
struct CommandErrorTests {
  @Test func anUnreachableDatabaseNamesItselfWithoutItsPassword() async throws {
    let result = try await Program.run(
      Executable.aker, ["migrate"],
      environment: ["AKER_POSTGIS_DSN": "postgresql://me:s3cret@127.0.0.1:1/warehouse"])
    #expect(result.exitCode == 69)
    #expect(result.errorOutput.contains("error: the database cannot be reached"))
    #expect(result.errorOutput.contains("dbname=warehouse"))
    #expect(!result.errorOutput.contains("s3cret"))
    #expect(result.output.isEmpty)
  }

  @Test func aMalformedDSNIsAConfigurationError() async throws {
    let result = try await Program.run(
      Executable.aker, ["migrate"], environment: ["AKER_POSTGIS_DSN": "postgresql://me:s3cret@[::1/warehouse"])
    #expect(result.exitCode == 78)
    #expect(result.errorOutput.contains("AKER_POSTGIS_DSN"))
    #expect(!result.errorOutput.contains("s3cret"))
  }

  @Test func anUnwritableHomeIsSaidBeforeAnythingIsDone() async throws {
    // A file where the folder should be stops root too.
    let result = try await Program.run(
      Executable.aker, ["database", "start"], environment: ["AKER_HOME": PackageRoot.path + "/Makefile"])
    #expect(result.exitCode == 69)
    #expect(result.errorOutput.contains("cannot be written"))
    #expect(result.errorOutput.contains("AKER_HOME"))
  }

  @Test(.database) func aNewerDatabaseIsRefused() async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.execute(
      "INSERT INTO aker_migration (version, name, checksum, aker_version) VALUES (9999, 'from_the_future', 'x', '9.0.0')"
    )
    let result = try await Program.run(
      Executable.aker, ["migrate"], environment: ["AKER_POSTGIS_DSN": TestDatabase.current.dsn])
    #expect(result.exitCode == 69)
    #expect(result.errorOutput.contains("brought up to date by aker 9.0.0"))
  }

  @Test func anUnknownCommandIsAUsageError() async throws {
    let result = try await Program.run(Executable.aker, ["frobnicate"])
    #expect(result.exitCode == 64)
  }

  @Test func noColourReachesAPipe() async throws {
    let result = try await Program.run(Executable.aker, ["config"])
    #expect(result.exitCode == 0)
    #expect(!result.output.contains("\u{1B}"))
  }
}
