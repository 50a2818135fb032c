internal import FoundationEssentials
internal import Glibc
package import Postgres
internal import Subprocess
internal import SystemPackage

/// A private PostGIS cluster on a unix socket, for whoever has no server: created and started when first needed, shared by
/// every command and worker of its folder, and left running until `stop`.
///
/// The server is a daemon of its own: killing the command that started it does not touch it. Only the folder's owner
/// (and root) can reach the socket, so no password is kept anywhere.
package struct EmbeddedCluster: Sendable {
  /// What was asked for, such as `.aker/postgres`: holds the lock, and the cluster itself or a note where it is.
  package let directory: String
  private let binaries: String?

  package init(directory: String, binaries: String? = PostgresBinaries.find()) {
    self.directory = directory
    self.binaries = binaries
  }

  /// Creates the cluster if there is none, starts it if it is not running, and says how to reach it.
  ///
  /// Safely called by many processes at once: one does the work, the others wait for it.
  /// - Throws: `EmbeddedClusterError`.
  package func start() async throws -> PostgresConfiguration {
    let location = try location()
    let configuration = configuration(location)
    if await isReachable(configuration) { return configuration }
    try await withLock {
      if await isReachable(configuration) { return }
      try await create(location)
      try await startServer(location)
    }
    return configuration
  }

  /// The way in, when it is running; nil otherwise. Starts nothing.
  package func running() async throws -> PostgresConfiguration? {
    guard exists(directory) else { return nil }
    let location = try location()
    let configuration = configuration(location)
    return await isReachable(configuration) ? configuration : nil
  }

  /// - Returns: whether it was running.
  package func stop() async throws -> Bool {
    guard exists(directory) else { return false }
    let location = try location()
    return try await withLock {
      guard exists(location + "/data/postmaster.pid") else { return false }
      // `fast` ends the sessions of whoever still uses it: they were told so by the operator who asked for the stop.
      try await control(location, ["-m", "fast", "-w", "-t", "60", "stop"])
      return true
    }
  }

  /// Stops the cluster and removes it with all its data.
  package func remove() async throws {
    _ = try await stop()
    guard exists(directory) else { return }
    let location = try location()
    try FileManager.default.removeItem(atPath: location)
    if exists(directory) { try FileManager.default.removeItem(atPath: directory) }
  }

  // MARK: Where it is

  /// The folder of the data and the socket.
  ///
  /// That is `directory`, unless the server could not use it: its user (root cannot run Postgres) may not be allowed into
  /// a folder above it, or the socket's path would be too long. Then it is a folder of its own in /var/tmp, named after
  /// `directory`, and noted in `directory/location`.
  private func location() throws -> String {
    let note = directory + "/location"
    if let noted = FileManager.default.contents(atPath: note) {
      return String(decoding: noted, as: UTF8.self).filter { !$0.isNewline }
    }
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    } catch {
      throw EmbeddedClusterError.unwritable(directory, String(cString: strerror(errno)))
    }
    guard let resolved = realpath(directory, nil) else {
      throw EmbeddedClusterError.unwritable(directory, String(cString: strerror(errno)))
    }
    defer { free(resolved) }
    let path = String(cString: resolved)
    // sun_path holds 107 bytes; the socket's name takes 20 of them.
    if path.utf8.count + "/socket/.s.PGSQL.5432".utf8.count <= 107, isTraversableByOwner(path) { return path }
    let elsewhere = "/var/tmp/aker-" + Self.name(of: path)
    try FileManager.default.createDirectory(atPath: elsewhere, withIntermediateDirectories: true)
    guard FileManager.default.createFile(atPath: note, contents: Data((elsewhere + "\n").utf8)) else {
      throw EmbeddedClusterError.unwritable(note, String(cString: strerror(errno)))
    }
    return elsewhere
  }

  /// Whether the server's user may pass through every folder above `path`.
  private func isTraversableByOwner(_ path: String) -> Bool {
    guard let owner = Self.unprivilegedOwner else { return true }  // it is us
    var ancestor = URL(filePath: path).deletingLastPathComponent()
    while true {
      var status = stat()
      guard stat(ancestor.path, &status) == 0 else { return false }
      let mask: mode_t = status.st_uid == owner.uid ? 0o100 : status.st_gid == owner.gid ? 0o010 : 0o001
      guard status.st_mode & mask != 0 else { return false }
      if ancestor.path == "/" { return true }
      ancestor = ancestor.deletingLastPathComponent()
    }
  }

  /// FNV-1a, 64 bits: enough to tell one user's folders apart.
  private static func name(of path: String) -> String {
    let hash = path.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return String(hash, radix: 16)
  }

  private func configuration(_ location: String) -> PostgresConfiguration {
    PostgresConfiguration(
      dsn: "host=\(PostgresConfiguration.quote(location + "/socket")) user=aker dbname=aker",
      connectTimeout: .seconds(10))
  }

  // MARK: Who owns it

  private struct Owner {
    var name: String
    var uid: uid_t
    var gid: gid_t
  }

  /// Postgres refuses to run as root: then the server is `postgres`' (every package of it makes that user) or
  /// `nobody`'s. Nil when we are somebody ordinary ourselves.
  private static var unprivilegedOwner: Owner? {
    guard geteuid() == 0 else { return nil }
    for name in ["postgres", "nobody"] {
      if let entry = getpwnam(name) { return Owner(name: name, uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid) }
    }
    return nil
  }

  // MARK: Steps

  private func isReachable(_ configuration: PostgresConfiguration) async -> Bool {
    guard let connection = try? await PostgresConnection.connect(configuration) else { return false }
    await connection.close()
    return true
  }

  private func create(_ location: String) async throws {
    guard !exists(location + "/data") else { return }
    if let owner = Self.unprivilegedOwner {
      chown(location, owner.uid, owner.gid)
      chmod(location, 0o700)
    }
    // Under another name until it is whole: a folder that an interrupted initdb left is thrown away.
    let unfinished = location + "/data.unfinished"
    try? FileManager.default.removeItem(atPath: unfinished)
    try await runAsOwner(
      "initdb",
      [
        "-D", unfinished, "-U", "aker", "-E", "UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-instructions",
      ])
    let settings = """

      # Added by aker: a private server on a unix socket.
      listen_addresses = ''
      unix_socket_directories = '\(location)/socket'
      unix_socket_permissions = 0700
      max_connections = 200
      shared_buffers = '128MB'
      log_min_messages = warning
      # The queue's hot tables turn over quickly.
      autovacuum_naptime = '10s'

      """
    let file = try FileDescriptor.open(FilePath(unfinished + "/postgresql.conf"), .writeOnly, options: .append)
    try file.closeAfter { _ = try file.writeAll(settings.utf8) }
    try FileManager.default.createDirectory(atPath: location + "/socket", withIntermediateDirectories: true)
    if let owner = Self.unprivilegedOwner { chown(location + "/socket", owner.uid, owner.gid) }
    chmod(location + "/socket", 0o700)
    try FileManager.default.moveItem(atPath: unfinished, toPath: location + "/data")
  }

  private func startServer(_ location: String) async throws {
    try await control(location, ["-l", location + "/log", "-w", "-t", "60", "start"])
    let maintenance = configuration(location).database("postgres")
    let connection = try await PostgresConnection.connect(maintenance)
    if try await connection.query("SELECT FROM pg_database WHERE datname = 'aker'").isEmpty {
      try await connection.execute("CREATE DATABASE aker")
    }
    await connection.close()
  }

  private func control(_ location: String, _ arguments: [String]) async throws {
    try await runAsOwner("pg_ctl", ["-D", location + "/data", "-s"] + arguments)
  }

  private func runAsOwner(_ program: String, _ arguments: [String]) async throws {
    guard let binaries else { throw EmbeddedClusterError.serverMissing }
    var command = [binaries + "/" + program] + arguments
    if let owner = Self.unprivilegedOwner { command = ["/usr/sbin/runuser", "-u", owner.name, "--"] + command }
    // From /, since the owner may not be allowed into the current folder. pg_ctl gives the server its log file as
    // output, so that our pipe ends with pg_ctl.
    let result = try await Subprocess.run(
      .path(FilePath(command[0])), arguments: Arguments(Array(command.dropFirst())), workingDirectory: "/",
      output: .discarded, error: .string(limit: 64 * 1024))
    guard case .exited(0) = result.terminationStatus else {
      let log = directory + "/log"
      throw EmbeddedClusterError.failed(program, result.standardError, log: exists(log) ? log : nil)
    }
  }

  /// Holds the folder's lock, which the kernel drops if we die.
  private func withLock<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
    let descriptor = open(directory + "/lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw EmbeddedClusterError.unwritable(directory, String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    // Polled, so that waiting blocks no thread of the cooperative pool and can be cancelled. initdb takes a second or two.
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 { try await Task.sleep(for: .milliseconds(50)) }
    return try await body()
  }

  private func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path)
  }
}
