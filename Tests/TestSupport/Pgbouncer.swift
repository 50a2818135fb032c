import FoundationEssentials
import Glibc
import Synchronization
import Testing

/// A real pgbouncer before a test's database.
package final class Pgbouncer: Sendable {
  package let dsn: String
  private let program: Mutex<Program>
  private let directory: String
  private let settings: [String: String]

  package enum Mode: String, Sendable, CaseIterable {
    case session, transaction
  }

  /// - Parameters:
  ///   - host: how it reaches the server; by its socket unless told.
  ///   - user: the login that it uses, whoever connects.
  ///   - pool: sessions of the server; few unless told, so that tests meet their end.
  package static func start(
    before database: TestDatabase, at host: String? = nil, mode: Mode = .transaction, user: String = "aker",
    pool: Int? = nil
  ) async throws -> Pgbouncer {
    let directory = "/tmp/aker-pgbouncer-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let settings = [
      "database": database.name, "host": host ?? database.cluster.directory, "user": user,
      "listen": "", "port": "6432", "socket": directory, "auth": "any", "mode": mode.rawValue,
      "pool": "\(pool ?? (mode == .session ? 20 : 3))",
    ]
    try write(settings, to: directory)
    let program = try await serve(directory)
    let dsn = "host=\(directory) port=6432 user=aker dbname=\(database.name)"
    try await eventually { FileManager.default.fileExists(atPath: directory + "/.s.PGSQL.6432") }
    return Pgbouncer(dsn: dsn, program: program, directory: directory, settings: settings)
  }

  private init(dsn: String, program: Program, directory: String, settings: [String: String]) {
    self.dsn = dsn
    self.program = Mutex(program)
    self.directory = directory
    self.settings = settings
  }

  private static func write(_ settings: [String: String], to directory: String) throws {
    try DeployedFile.filled("postgres/pgbouncer.ini", settings)
      .write(toFile: directory + "/ini", atomically: true, encoding: .utf8)
  }

  private static func serve(_ directory: String) async throws -> Program {
    // It refuses to run as root.
    guard geteuid() == 0 else {
      return try await Program.start("/usr/sbin/pgbouncer", ["-q", directory + "/ini"], directory: "/")
    }
    _ = try await Program.run("chown", ["-R", "postgres", directory])
    return try await Program.start(
      "runuser", ["-u", "postgres", "--", "/usr/sbin/pgbouncer", "-q", directory + "/ini"], directory: "/")
  }

  /// Kills it, and starts another in its place.
  /// - Parameter host: where that one finds the server; where the first did unless told.
  package func crash(host: String? = nil) async throws {
    send(SIGKILL)
    _ = try await program.withLock { $0 }.wait()
    for file in ["/.s.PGSQL.6432", "/.s.PGSQL.6432.lock", "/pid"] { unlink(directory + file) }
    if let host { try Self.write(settings.merging(["host": host]) { $1 }, to: directory) }
    let next = try await Self.serve(directory)
    program.withLock { $0 = next }
    try await eventually { FileManager.default.fileExists(atPath: directory + "/.s.PGSQL.6432") }
  }

  /// What it knows of its clients and of the server's sessions, and what it said last.
  package func story() async throws -> String {
    let shows = ["POOLS", "CLIENTS", "SERVERS", "DATABASES"].flatMap { ["-c", "SHOW \($0)"] }
    let shown = try await Program.run(
      "timeout", ["5", "psql", "-X", "-d", "host=\(directory) port=6432 user=aker dbname=pgbouncer"] + shows)
    let log = try await Program.run("tail", ["-n", "40", directory + "/log"])
    return "\(shown)\n\(log.output)"
  }

  private func send(_ signal: Int32) {
    guard let text = FileManager.default.contents(atPath: directory + "/pid"),
      let pid = Int32(String(decoding: text, as: UTF8.self).filter(\.isNumber))
    else { return }
    kill(pid, signal)
  }

  package func stop() async throws {
    send(SIGTERM)
    _ = try await program.withLock { $0 }.wait()
    try FileManager.default.removeItem(atPath: directory)
  }
}
