import Base
import Settings
import Database
import FoundationEssentials
import Lake
import Pipeline
import Postgres

/// What the database must be able to do.
struct DatabaseChecks {
  let configuration: AkerConfiguration

  /// The oldest server that the tests run on.
  private static let oldestServer = 150_000
  /// S3 signatures and certificates are judged by this host's clock, and allow for a few minutes; leases go by the
  /// database's alone.
  private static let mostClockDifference = 30.0

  /// What was found, and a session for what else is to be asked; nil when there is none.
  func findings() async -> (findings: [Finding], connection: PostgresConnection?) {
    do {
      guard var database = try await configuration.databaseIfRunning(applicationName: "aker doctor") else {
        return (
          [
            .note(
              "database", "embedded", "does not run", advice: "It starts when it is needed, or by: aker database start")
          ],
          nil
        )
      }
      let connection: PostgresConnection
      do {
        connection = try await PostgresConnection.connect(database)
      } catch let error as PostgresError where error.hint != nil {  // a standby is looked at, too, and said to be one
        database.access = .any
        connection = try await PostgresConnection.connect(database)
      }
      return (await look(connection, database), connection)
    } catch {
      let reason = (error as? PostgresError)?.message ?? error.inOneLine
      let place = configuration.postgisDSN.map { PostgresConfiguration(dsn: $0).redactedDSN } ?? "embedded"
      return (
        [
          .problem(
            "database", "connection", "\(place): \(reason)",
            advice: "Check AKER_POSTGIS_DSN, that the server runs, and that it lets this user and host in.")
        ], nil
      )
    }
  }

  /// Datasets that were ever published here, or have tasks.
  ///
  /// - Returns: nil where there are none, or nobody can be asked: all may be about to be used.
  static func datasetsInUse(_ connection: PostgresConnection?) async -> Set<String>? {
    let rows = try? await connection?.query("SELECT dataset FROM queue.lane UNION SELECT dataset FROM lake.manifest")
    let names = (rows ?? []).compactMap { $0.text(0) }
    return names.isEmpty ? nil : Set(names)
  }

  private func look(_ connection: PostgresConnection, _ database: PostgresConfiguration) async -> [Finding] {
    var findings: [Finding] = []
    func add(_ name: String, _ body: () async throws -> Finding) async {
      do {
        findings.append(try await body())
      } catch {
        let reason = (error as? PostgresError)?.message ?? "\(error)"
        findings.append(.problem("database", name, reason, advice: "The roles may be missing: aker migrate"))
      }
    }
    findings.append(
      .ok(
        "database", "connection",
        configuration.postgisDSN == nil ? "embedded: \(database.redactedDSN)" : database.redactedDSN))
    await add("server") { try await server(connection) }
    await add("postgis") { try await postgis(connection) }
    // Who may not even look is told so, and not that a table cannot be read.
    let mayLook = (try? await LoginRights.read(connection))?.reads != false
    var isMigrated = false
    if mayLook {
      await add("migrations") {
        let finding = try await migrations(connection)
        isMigrated = finding.state == .ok
        return finding
      }
    }
    if isMigrated || !mayLook { await add("roles") { try await roles(connection) } }
    if isMigrated {
      await add("rights") { try await rights(connection) }
    }
    await add("clock") { try await clock(connection) }
    await add("pooler") { try await pooler(connection, database) }
    if isMigrated {
      await add("lake") { try await lake(connection) }
      await add("life") { try await life(connection) }
      await add("workers") { try await workers(connection) }
      await add("queue") { try await stuck(connection) }
    }
    return findings
  }

  private func server(_ connection: PostgresConnection) async throws -> Finding {
    let row = try await connection.one(
      """
      SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version,
        current_setting('server_encoding') AS encoding
      """)
    let version: String = try row.decode("version")
    guard try row.decode("encoding", as: String.self) == "UTF8" else {
      return .problem(
        "database", "server", "the database's encoding is not UTF8",
        advice: "CREATE DATABASE aker ENCODING 'UTF8' TEMPLATE template0, and use that one.")
    }
    guard try row.decode("number", as: Int.self) >= Self.oldestServer else {
      return .problem(
        "database", "server", "PostgreSQL \(version) is older than 15, the oldest that is tested",
        advice: "Upgrade the server.")
    }
    guard try await !LoginRights.read(connection).isStandby else {
      return .problem(
        "database", "server", "PostgreSQL \(version), a read-only standby: nothing can be changed on it",
        advice: Failure.standby.advice ?? "")
    }
    return .ok("database", "server", "PostgreSQL \(version)")
  }

  private func postgis(_ connection: PostgresConnection) async throws -> Finding {
    let rows = try await connection.query(
      "SELECT installed_version, default_version FROM pg_available_extensions WHERE name = 'postgis'")
    guard let row = rows.first else {
      return .problem(
        "database", "postgis", "is not installed on the server",
        advice: "Install it there, for instance with: apt-get install postgresql-postgis")
    }
    guard let installed = try row.text("installed_version") else {
      return .problem("database", "postgis", "is not in this database yet", advice: "aker migrate creates it.")
    }
    return .ok("database", "postgis", installed)
  }

  private func migrations(_ connection: PostgresConnection) async throws -> Finding {
    do {
      let status = try await Migrator(directory: configuration.migrationsPath, akerVersion: Version.number).status(
        connection)
      let pending = status.count { $0.appliedAt == nil }
      guard pending == 0 else {
        return .problem(
          "database", "migrations", "\(pending) of \(status.count) are pending", advice: "Run: aker migrate")
      }
      return .ok("database", "migrations", "all \(status.count) applied")
    } catch let error as MigrationError {
      return .problem(
        "database", "migrations", error.summary, advice: error.advice ?? "aker migrate --status shows them.")
    }
  }

  /// What the roles may do, against what grants.sql says: a dump restored elsewhere loses all of it.
  private func rights(_ connection: PostgresConnection) async throws -> Finding {
    let migrator = try Migrator(directory: configuration.migrationsPath, akerVersion: Version.number)
    do {
      let wrong = try await migrator.wrongRights(connection)
      guard let first = wrong.first else { return .ok("database", "rights", "each role has its own") }
      return .problem(
        "database", "rights",
        "\(wrong.count.counted("right")) of the roles \(wrong.count == 1 ? "is" : "are") wrong, such as: \(first)",
        advice: "Have the database's owner run: aker migrate")
    } catch let error as PostgresError where ["42501", "25006"].contains(error.sqlState) {
      return .ok("database", "rights", "for the database's owner to look at")
    }
  }

  private func roles(_ connection: PostgresConnection) async throws -> Finding {
    let known = try await connection.query(
      "SELECT FROM pg_roles WHERE rolname IN ('aker_admin', 'aker_worker', 'aker_reader')"
    ).count
    guard known == 3 else {
      return .problem(
        "database", "roles", "aker_admin, aker_worker and aker_reader are not all there",
        advice: "Have a role that may create roles run: aker migrate")
    }
    let rights = try await LoginRights.read(connection)
    if rights.operates == true { return .ok("database", "roles", "\(rights.login) may operate and work") }
    guard rights.reads == true else {
      return .problem(
        "database", "roles", "\(rights.login) may not even look",
        advice: "For an operator: GRANT aker_admin TO \(rights.login)")
    }
    return .note(
      "database", "roles",
      "\(rights.login) may \(rights.works == true ? "work" : "look"), not enqueue, pause or cancel",
      advice: "For an operator: GRANT aker_admin TO \(rights.login)")
  }

  /// Looks only: a lake that has no id yet is given one by whoever publishes first.
  private func lake(_ connection: PostgresConnection) async throws -> Finding {
    do {
      let store = try configuration.lake()
      let known = try await connection.query("SELECT location FROM lake.identity")
      guard !known.isEmpty else { return .note("database", "lake", "\(store.location): nothing is published yet") }
      if let doubt = try await LakeIdentity(store).require(connection) { throw doubt }
      return .ok("database", "lake", "\(store.location) is the database's")
    } catch let error as any ClassifiedError {
      return .problem("database", "lake", error.summary, advice: error.advice ?? "aker config shows AKER_CACHE_PATH.")
    }
  }

  private func clock(_ connection: PostgresConnection) async throws -> Finding {
    let before = Date()
    let row = try await connection.one("SELECT extract(epoch FROM clock_timestamp())::float8 AS now")
    let middle = (before.timeIntervalSince1970 + Date().timeIntervalSince1970) / 2
    let difference = try row.decode("now", as: Double.self) - middle
    let shown = "\((abs(difference) * 10).rounded() / 10) s"
    guard abs(difference) <= Self.mostClockDifference else {
      return .problem(
        "database", "clock", "the database's is \(shown) \(difference > 0 ? "ahead of" : "behind") this host's",
        advice: "Set both by NTP: certificates and S3 signatures are judged by this host's clock.")
    }
    return .ok("database", "clock", abs(difference) < 1 ? "agrees with this host's" : "within \(shown) of this host's")
  }

  /// A pooler answers with a process id of its own making; two clients that get the same server in turns share it.
  private func pooler(_ first: PostgresConnection, _ database: PostgresConfiguration) async throws -> Finding {
    func serverPID(_ connection: PostgresConnection) async throws -> Int {
      try await connection.one("SELECT pg_backend_pid() AS pid").decode("pid")
    }
    let firstServer = try await serverPID(first)
    guard await Int(first.backendPID) != firstServer else {
      return .ok("database", "pooler", "none: LISTEN works, workers are woken at once")
    }
    let second = try await PostgresConnection.connect(database)
    let secondServer = try await serverPID(second)
    await second.close()
    guard firstServer == secondServer else {
      return .ok("database", "pooler", "a pooler in session mode: LISTEN works")
    }
    return .note(
      "database", "pooler", "a pooler in transaction mode: workers poll, since LISTEN cannot reach them",
      advice: "It works; for an instant start, give workers a direct connection.")
  }

  /// A fail-over, a restore or a copy is told for a day.
  private func life(_ connection: PostgresConnection) async throws -> Finding {
    let rows = try await connection.query(
      """
      SELECT ltrim(timeline, '0') AS timeline, message,
        to_char(began_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') AS began_at,
        message IS NOT NULL AND began_at > now() - interval '1 day' AS is_new
      FROM queue.life
      """)
    guard let row = rows.first else { return .ok("database", "life", "no worker has registered yet") }
    let timeline: String = try row.decode("timeline")
    let since: String = try row.decode("began_at")
    guard let message = try row.text("message"), try row.decode("is_new", as: Bool.self) else {
      return .ok("database", "life", "timeline \(timeline) since \(since)")
    }
    return .note(
      "database", "life", "\(since): \(message)",
      advice:
        "If the server that is gone knew more: aker lake repair finds files of publications that were lost with it.")
  }

  private func workers(_ connection: PostgresConnection) async throws -> Finding {
    let row = try await connection.one(
      "SELECT count(*) AS count, coalesce(sum(slots), 0) AS slots FROM queue.workers WHERE state = 'running'")
    let count: Int = try row.decode("count")
    let waiting = try await connection.query(
      "SELECT sum(ready) AS ready FROM queue.backfill_progress WHERE state = 'open'")
    let ready = try waiting.first?.decode("ready", as: Int?.self) ?? 0
    let unwell = try await connection.query(
      "SELECT name, host, host_trouble FROM queue.workers WHERE state = 'running' AND host_trouble IS NOT NULL ORDER BY worker_id"
    )
    if let first = unwell.first {
      return .problem(
        "database", "workers",
        "\(unwell.count) of \(count) not well: \(try first.text("name") ?? "") on \(try first.text("host") ?? ""): "
          + (try first.text("host_trouble") ?? ""),
        advice:
          "A worker claims nothing meanwhile, and goes on by itself when its host is well: aker workers; aker doctor there"
      )
    }
    guard count == 0 else {
      return .ok("database", "workers", "\(count) alive, \(try row.decode("slots", as: Int.self)) slots")
    }
    guard ready > 0 else { return .note("database", "workers", "none is alive, and nothing waits") }
    return .problem(
      "database", "workers", "none is alive, and \(ready.counted("task")) \(ready == 1 ? "waits" : "wait")",
      advice: "Start one, here or elsewhere: aker-worker --slots 4")
  }

  private func stuck(_ connection: PostgresConnection) async throws -> Finding {
    let rows = try await connection.query("SELECT task_id, dataset, data_year, reason FROM queue.stuck LIMIT 3")
    guard let row = rows.first else { return .ok("database", "queue", "nothing is stuck") }
    let id: Int64 = try row.decode("task_id")
    return .problem(
      "database", "queue",
      "\(try row.decode("dataset", as: String.self)) \(try row.decode("data_year", as: Int.self)): \(try row.text("reason") ?? "")",
      advice: "aker why \(id); all of them: aker database psql -c 'TABLE queue.stuck'")
  }
}
