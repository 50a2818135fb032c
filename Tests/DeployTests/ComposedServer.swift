import FoundationEssentials
import Glibc
import Postgres
import TestSupport

/// A server as compose makes it: a database of a login that is no superuser, prepared by the script that the image of Postgres runs.
enum ComposedServer {
  /// Of its logins. It asks for none here; PgBouncer does.
  static let passwords = [
    "AKER_OWNER_PASSWORD": "half\"quoted", "AKER_WORKER_PASSWORD": "a worker's $(own)",
    "AKER_READER_PASSWORD": "reader",
  ]

  static func start() async throws -> TestCluster {
    let cluster = try await TestCluster.start(durability: .none)
    let deploy = PackageRoot.path + "/deploy"
    let result = try await Program.run(
      "/bin/sh", [deploy + "/compose/prepare-database.sh"],
      environment: passwords.merging([
        "MANAGED_SERVER": deploy + "/postgres/managed-server.sql", "PGHOST": cluster.directory, "PGUSER": "aker",
        "PATH": "/usr/bin:/bin",
      ]) { $1 })
    guard result.exitCode == 0 else { throw TestFailure("prepare-database.sh: \(result)") }
    return cluster
  }

  /// As compose's `migrate`: by the server itself, as the owner.
  static func migrate(_ cluster: TestCluster) async throws {
    let result = try await Program.run(
      Executable.aker, ["migrate"],
      environment: [
        "AKER_POSTGIS_DSN": cluster.configuration(database: "aker", user: "aker_owner").dsn,
        "AKER_MIGRATIONS_PATH": PackageRoot.migrations,
      ])
    guard result.exitCode == 0 else { throw TestFailure("aker migrate: \(result)") }
  }
}
