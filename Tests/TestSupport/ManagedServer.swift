import FoundationEssentials
import Glibc
internal import Database
internal import Postgres

/// A server whose administrator has run `deploy/postgres/managed-server.sql`: the login that owns the database is no superuser,
/// and may make neither roles nor extensions.
package enum ManagedServer {
  package static let owner = "aker_owner"

  /// Whether all databases of tests belong to such a login: `make test-owner`.
  package static let isPlayed = ProcessInfo.processInfo.environment["AKER_TEST_OWNER"] == "1"

  /// Runs the script: afterwards there is a database `aker`.
  package static func prepare(_ cluster: TestCluster) async throws {
    let result = try await Program.run(
      PostgresBinaries.found + "/psql",
      [
        "-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", "owner_password=o", "-v", "worker_password=w", "-v",
        "reader_password=r", "-f", PackageRoot.path + "/deploy/postgres/managed-server.sql",
        cluster.configuration().dsn,
      ])
    guard result.exitCode == 0 else { throw TestFailure("managed-server.sql: \(result)") }
  }
}
