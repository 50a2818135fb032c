import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

/// `deploy/` held to the tools that read it, and these to mistakes that they have to find.
@Suite("Files of deploy/", .database, .whateverHappens)
struct DeployFileTests {
  private func check(_ part: String) async throws -> Program.Result {
    try await Program.run(PackageRoot.path + "/scripts/check-deploy", [part])
  }

  @Test(arguments: ["systemd", "compose", "container", "kubernetes"])
  func isClean(part: String) async throws {
    let result = try await check(part)
    #expect(result.exitCode == 0, "\(result)")
  }

  /// An unknown field, a wrong type, what only the schema of a custom resource knows, and a secret that nobody makes.
  @Test(arguments: [
    "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\nautomountToken: false\n",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: many}\n",
    "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: a}\nspec: {scaleTargetRef: {name: a}, triggers: [], poling: 1}\n",
    "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: a}\nspec: {instances: 3, storage: {sizes: 1Gi}}\n",
    "apiVersion: example.org/v1\nkind: Unknown\nmetadata: {name: a}\n",
    "apiVersion: keda.sh/v1alpha1\nkind: TriggerAuthentication\nmetadata: {name: a}\nspec: {secretTargetRef: [{parameter: p, name: gone, key: k}]}\n",
  ])
  func aMistakeInAManifestIsFound(manifest: String) async throws {
    let result = try await Program.run(PackageRoot.path + "/scripts/check-kubernetes", ["-"], input: manifest)
    #expect(result.exitCode == 1 && !result.errorOutput.isEmpty, "\(result)")
  }

  @Test("compose's PgBouncer runs by the settings of deploy/postgres, and lets in who has the password")
  func composesPooler() async throws {
    let database = TestDatabase.current
    let port = try FreePort.take()
    let deploy = PackageRoot.path + "/deploy"
    let folder = "/tmp/aker-compose-pooler-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    chmod(folder, 0o777)
    // As compose.yaml starts it; it refuses to run as root.
    let start = ["/bin/sh", deploy + "/compose/pgbouncer.sh", deploy + "/postgres/pgbouncer.ini"]
    let command = geteuid() == 0 ? ["runuser", "-u", "postgres", "--"] + start : start
    let pooler = try await Program.start(
      "/usr/bin/env", command,
      environment: [
        "POSTGRES_PASSWORD": "half\"quoted", "DATABASE_HOST": database.cluster.directory, "DATABASE": database.name,
        "LISTEN": "127.0.0.1", "PORT": "\(port)", "PATH": "/usr/sbin:/usr/bin:/bin",
        "TMPDIR": folder,
      ], directory: "/")
    func connect(_ password: String) async throws -> PostgresConnection {
      try await PostgresConnection.connect(
        PostgresConfiguration(
          dsn: "host=127.0.0.1 port=\(port) user=aker dbname=\(database.name) password='\(password)'"))
    }
    try await eventually("it lets in who has the password") {
      guard let connection = try? await connect("half\"quoted") else { return false }
      let rows = try await connection.query("SELECT 1")
      await connection.close()
      return rows.count == 1
    }
    await #expect(throws: PostgresError.self) { try await connect("another") }
    pooler.send(SIGTERM)
    _ = try await pooler.wait()
  }
}
