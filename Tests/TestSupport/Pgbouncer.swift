import FoundationEssentials
import Glibc
import Testing

/// A real pgbouncer before a test's database.
package struct Pgbouncer {
  package let dsn: String
  private let program: Program
  private let directory: String

  package enum Mode: String, Sendable, CaseIterable {
    case session, transaction
  }

  /// - Parameter user: the login that it uses, whoever connects.
  package static func start(
    before database: TestDatabase, mode: Mode = .transaction, user: String = "aker"
  ) async throws -> Pgbouncer {
    let directory = "/tmp/aker-pgbouncer-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try DeployedFile.filled(
      "postgres/pgbouncer.ini",
      [
        "database": database.name, "host": database.cluster.directory, "user": user, "listen": "", "port": "6432",
        "socket": directory, "auth": "any", "mode": mode.rawValue, "pool": mode == .session ? "20" : "3",
      ]
    ).write(toFile: directory + "/ini", atomically: true, encoding: .utf8)
    // It refuses to run as root.
    let program: Program
    if geteuid() == 0 {
      _ = try await Program.run("chown", ["-R", "postgres", directory])
      program = try await Program.start(
        "runuser", ["-u", "postgres", "--", "/usr/sbin/pgbouncer", "-q", directory + "/ini"], directory: "/")
    } else {
      program = try await Program.start("/usr/sbin/pgbouncer", ["-q", directory + "/ini"], directory: "/")
    }
    let dsn = "host=\(directory) port=6432 user=aker dbname=\(database.name)"
    try await eventually { FileManager.default.fileExists(atPath: directory + "/.s.PGSQL.6432") }
    return Pgbouncer(dsn: dsn, program: program, directory: directory)
  }

  package func stop() async throws {
    if let text = FileManager.default.contents(atPath: directory + "/pid"),
      let pid = Int32(String(decoding: text, as: UTF8.self).filter(\.isNumber))
    {
      kill(pid, SIGTERM)
    }
    _ = try await program.wait()
    try FileManager.default.removeItem(atPath: directory)
  }
}
