internal import FoundationEssentials
internal import Glibc
internal import Postgres
internal import Subprocess
internal import SystemPackage

extension EmbeddedCluster {
  /// Makes a cluster under another name until it is whole: a folder that an interrupted initdb left is thrown away.
  func create(_ owner: ServerOwner?) async throws {
    guard let binaries else { throw EmbeddedClusterError.serverMissing }
    try? FileManager.default.removeItem(atPath: unfinished)
    try makeFolder(unfinished, owner)
    let start = logSize
    let initdb = try ServerProcess.spawn(
      [
        binaries + "/initdb", "-D", ServerProcess.dataFolder, "-U", "aker", "-E", "UTF8", "--locale=C.UTF-8",
        "--auth=trust", "--no-instructions",
      ], data: unfinished, log: log, lock: nil, owner: owner)
    guard try await initdb.succeeds() else {
      throw EmbeddedClusterError.failed("initdb", logLines(since: start), log: log)
    }
    // No path among them: those are given at each start.
    let settings = """

      # Added by aker: a private server on a unix socket.
      listen_addresses = ''
      unix_socket_permissions = 0700
      max_connections = 200
      shared_buffers = '128MB'
      log_min_messages = warning
      # The queue's hot tables turn over quickly.
      autovacuum_naptime = '10s'

      """
    let file = try FileDescriptor.open(FilePath(unfinished + "/postgresql.conf"), .writeOnly, options: .append)
    try file.closeAfter { _ = try file.writeAll(settings.utf8) }
    guard rename(unfinished, data) == 0 else {
      throw EmbeddedClusterError.unwritable(data, String(cString: strerror(errno)))
    }
  }

  func startServer(_ identity: ClusterIdentity, _ address: ClusterAddress, _ owner: ServerOwner?) async throws {
    let binaries = try await matchingBinaries()
    try clearWhatACrashLeft(address)
    if !exists(address.socketDirectory) { try makeFolder(address.socketDirectory, owner) }
    try address.requireOurs(owner)
    guard let lock = try await FolderLock.take(serving, owner: owner, limit: .zero) else { return }
    defer { lock.release() }  // ours; the server has its own hold on it
    let start = logSize
    let setup = try ServerProcess.spawn(
      [
        // A session of its own and a parent of nobody's: neither Ctrl-C nor our end is the server's.
        "/usr/bin/setsid", "--fork", binaries + "/postgres", "-D", ServerProcess.dataFolder,
        "-k", address.socketDirectoryForServer, "-c", "port=5432", "-c", "cluster_name=\(identity.name)",
      ], data: data, log: log, lock: lock, owner: owner)
    guard try await setup.succeeds() else {
      throw EmbeddedClusterError.failed("postgres", logLines(since: start), log: log)
    }
  }

  /// Waits for the server that runs, and makes sure of its database.
  func waitUntilItAnswers(_ identity: ClusterIdentity, _ address: ClusterAddress, _ owner: ServerOwner?) async throws {
    let start = logSize
    let maintenance = address.configuration.database("postgres")
    let deadline = ContinuousClock.now + Self.startLimit
    while let reason = await answers(maintenance, identity) {
      guard try FolderLock.isHeld(serving, owner: owner) else {
        throw EmbeddedClusterError.failed("postgres", logLines(since: max(0, start - Self.logTail)), log: log)
      }
      guard ContinuousClock.now < deadline else {
        throw EmbeddedClusterError.doesNotAnswer(reason, seconds: Self.startLimit.components.seconds, log: log)
      }
      try await Task.sleep(for: Self.pollInterval)
    }
    let connection = try await PostgresConnection.connect(maintenance)
    if try await connection.query("SELECT FROM pg_database WHERE datname = 'aker'").isEmpty {
      try await connection.execute("CREATE DATABASE aker")
    }
    await connection.close()
  }

  /// - Returns: why it does not, or nil when the server of this cluster does.
  func answers(_ configuration: PostgresConfiguration, _ identity: ClusterIdentity) async -> String? {
    do {
      let connection = try await PostgresConnection.connect(configuration)
      let name: String = try await connection.one("SELECT current_setting('cluster_name') AS name").decode("name")
      await connection.close()
      return name == identity.name ? nil : "another server answers"
    } catch let error as PostgresError {
      return error.message
    } catch {
      return "\(error)"
    }
  }

  /// As the server wrote it; nil when there is none, or none can be read.
  var serverProcessID: Int32? {
    let contents = FileManager.default.contents(atPath: data + "/postmaster.pid") ?? Data()
    let line = String(decoding: contents, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).first
    return line.flatMap { Int32($0) }.flatMap { $0 > 0 ? $0 : nil }
  }

  /// What would keep the server from starting though nothing runs: an empty `postmaster.pid` of a power cut, one whose
  /// process id is somebody else's by now, or that came with a copied folder. One whose process is gone is left to
  /// the server, which looks for that one's children, too.
  private func clearWhatACrashLeft(_ address: ClusterAddress) throws {
    let file = data + "/postmaster.pid"
    if exists(file) {
      let processID = serverProcessID
      let isAlive = processID.map { kill($0, 0) == 0 || errno == EPERM } ?? true
      if let processID, ServerProcess.isServer(processID, of: data) {
        throw EmbeddedClusterError.startedOtherwise(processID)
      }
      if let other = ServerProcess.anyServer(of: data) { throw EmbeddedClusterError.startedOtherwise(other) }
      if isAlive { unlink(file) }
    }
    for name in [".s.PGSQL.5432", ".s.PGSQL.5432.lock"] { unlink(address.socketDirectory + "/" + name) }
  }

  /// Those of the version that made the data.
  private func matchingBinaries() async throws -> String {
    let contents = FileManager.default.contents(atPath: data + "/PG_VERSION") ?? Data()
    let version = String(decoding: contents, as: UTF8.self).filter { !$0.isWhitespace }
    var found: [String] = []
    for folder in [binaries].compactMap({ $0 }) + PostgresBinaries.installed(version: version) {
      let offered = await PostgresBinaries.version(in: folder)
      if offered == version { return folder }
      if let offered { found.append("\(offered) in \(folder)") }
    }
    guard binaries != nil else { throw EmbeddedClusterError.serverMissing }
    throw EmbeddedClusterError.otherVersion(version.isEmpty ? "unknown" : version, found: found)
  }

  private func makeFolder(_ path: String, _ owner: ServerOwner?) throws {
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
      throw EmbeddedClusterError.unwritable(path, String(cString: strerror(errno)))
    }
    try owner?.take(path)
  }

  private var logSize: Int {
    var status = stat()
    return stat(log, &status) == 0 ? Int(status.st_size) : 0
  }

  private func logLines(since start: Int) -> [String] {
    let contents = FileManager.default.contents(atPath: log) ?? Data()
    let text = String(decoding: contents.dropFirst(start).suffix(Self.logTail), as: UTF8.self)
    return text.split(separator: "\n").suffix(Self.logLineCount).map(String.init)
  }

  /// Bytes of the log that are looked at for its last lines.
  private static let logTail = 8192
  private static let logLineCount = 6
  /// A server that crashed replays what it had not yet written: minutes on a slow disk.
  private static let startLimit = Duration.seconds(300)
}
