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

  /// What one file of the compose project says of another, and what Prometheus and Grafana would only tell when they run.
  @Test(arguments: [
    ("prometheus/prometheus.yml", "coordinator:8420", "coordinator:8421", "where nothing listens"),
    ("prometheus/prometheus.yml", ", \"worker-2:9464\"", "", "worker-2 tells its figures"),
    ("prometheus/prometheus.yml", "/rules.yml", "/rule.yml", "does not point to an existing file"),
    ("prometheus/prometheus.yml", "metrics-token", "token", "no such file"),
    ("prometheus/prometheus.yml", "static_configs", "static_config", "field static_config not found"),
    ("prometheus/rules.yml", "max(aker_leader) == 0", "max(aker_leader) = 0", "could not parse expression"),
    ("compose/compose.yaml", "\"0.0.0.0:9464\"", "\"127.0.0.1:9464\"", "names worker-1:9464, where nothing listens"),
    ("compose/compose.yaml", "@pgbouncer:6432", "@pgbouncer:5432", "names pgbouncer:5432"),
    ("compose/compose.yaml", "//aker_worker_login:", "//aker_owner:", "worker-1 does not log in"),
    (
      "grafana/provisioning/datasources/aker.yaml", "aker_reader_login", "aker_owner",
      "logs in to the database as aker_owner"
    ),
    ("grafana/provisioning/datasources/aker.yaml", "$AKER_READER", "$AKER_OWNER", "wants AKER_OWNER_PASSWORD"),
    ("grafana/provisioning/datasources/aker.yaml", "prometheus:9090", "prometheus:9091", "names prometheus:9091"),
    ("grafana/provisioning/datasources/aker.yaml", "type: prometheus", "type: prometeus", "is not provisioned"),
    ("grafana/provisioning/dashboards/aker.yaml", "/var/lib/grafana", "/etc", "where no dashboard is mounted"),
  ])
  func aMistakeInComposeIsFound(path: String, right: String, wrong: String, told: String) async throws {
    let copy = "/tmp/aker-deploy-\(UUID().uuidString.prefix(8))"
    try FileManager.default.copyItem(atPath: PackageRoot.path + "/deploy", toPath: copy)
    defer { try? FileManager.default.removeItem(atPath: copy) }
    let text = try String(contentsOfFile: copy + "/" + path, encoding: .utf8)
    try #require(text.contains(right))
    try text.replacing(right, with: wrong).write(toFile: copy + "/" + path, atomically: true, encoding: .utf8)
    let result = try await Program.run(PackageRoot.path + "/scripts/check-compose", [copy])
    #expect(result.exitCode == 1 && result.errorOutput.contains(told), "\(result)")
  }

  @Test(
    "compose's PgBouncer runs by the settings of deploy/postgres, and lets in the two logins that have their passwords")
  func composesPooler() async throws {
    let (server, deploy) = (try await ComposedServer.start(), PackageRoot.path + "/deploy")
    let port = try FreePort.take()
    let folder = "/tmp/aker-compose-pooler-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    chmod(folder, 0o777)
    // As compose.yaml starts it; it refuses to run as root.
    let start = ["/bin/sh", deploy + "/compose/pgbouncer.sh", deploy + "/postgres/pgbouncer.ini"]
    let command = geteuid() == 0 ? ["runuser", "-u", "postgres", "--"] + start : start
    let pooler = try await Program.start(
      "/usr/bin/env", command,
      environment: ComposedServer.passwords.merging([
        "DATABASE_HOST": server.directory, "LISTEN": "127.0.0.1", "PORT": "\(port)", "PATH": "/usr/sbin:/usr/bin:/bin",
        "TMPDIR": folder,
      ]) { $1 }, directory: "/")
    func dsn(_ login: String, _ password: String) -> String {
      let quoted = password.replacing("'", with: "\\'")
      return "host=127.0.0.1 port=\(port) user=\(login) dbname=aker password='\(quoted)'"
    }
    func connect(_ login: String, _ password: String) async throws -> PostgresConnection {
      try await PostgresConnection.connect(PostgresConfiguration(dsn: dsn(login, password)))
    }
    for (login, variable) in [("aker_owner", "AKER_OWNER_PASSWORD"), ("aker_worker_login", "AKER_WORKER_PASSWORD")] {
      let password = try #require(ComposedServer.passwords[variable])
      try await eventually("it lets in who has the password") {
        guard let connection = try? await connect(login, password) else { return false }
        let name: String = try await connection.one("SELECT session_user::text AS name").decode("name")
        await connection.close()
        return name == login
      }
      await #expect(throws: PostgresError.self) { try await connect(login, "another") }
    }
    let reader = try #require(ComposedServer.passwords["AKER_READER_PASSWORD"])
    await #expect(throws: PostgresError.self) { try await connect("aker_reader_login", reader) }
    // Both programs do their work as these logins, through it.
    try await ComposedServer.migrate(server)
    func run(_ program: String, _ arguments: [String], _ login: String, _ variable: String) async throws {
      let result = try await Program.run(
        program, arguments,
        environment: [
          "AKER_POSTGIS_DSN": dsn(login, ComposedServer.passwords[variable] ?? ""), "AKER_HOME": folder,
          "AKER_CATALOG_PATH": PackageRoot.catalog, "AKER_MIGRATIONS_PATH": PackageRoot.migrations,
          "AKER_CENSUS_API_KEY": "recorded",
        ])
      #expect(result.exitCode == 0, "\(result)")
    }
    let backfill = ["backfill", "market_income", "--years", "2012", "--as-of", "2024-06", "--detach"]
    try await run(Executable.aker, backfill, "aker_owner", "AKER_OWNER_PASSWORD")
    try await run(Executable.worker, ["--no-op", "--until-empty"], "aker_worker_login", "AKER_WORKER_PASSWORD")
    let looking = try await server.connect(database: "aker")
    #expect(try await looking.query("SELECT FROM queue.task WHERE state = 'completed'").count == 1)
    await looking.close()
    pooler.send(SIGTERM)
    _ = try await pooler.wait()
  }
}
