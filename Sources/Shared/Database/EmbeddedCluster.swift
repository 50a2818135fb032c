internal import FoundationEssentials
internal import Glibc
package import Postgres

/// A private PostGIS cluster on a unix socket, for whoever has no server: created and started when first needed, shared by
/// every command and worker of its folder, and left running until `stop`.
///
/// The server is a daemon of its own: killing the command that started it does not touch it. Only the folder's owner
/// (and root) can reach the socket, so no password is kept anywhere.
///
/// All that belongs to it is in its folder, and nothing in there says where the folder is: the server is handed its
/// folders when it starts (`ServerProcess`). So a folder may be moved or renamed, even while the server runs; and a
/// copy has a server of its own, since its data are not those that `ClusterIdentity` tells of.
package struct EmbeddedCluster: Sendable {
  /// Such as `.aker/postgres`.
  package let directory: String
  let binaries: String?

  package init(directory: String, binaries: String? = PostgresBinaries.find()) {
    self.directory = directory
    self.binaries = binaries
  }

  /// Creates the cluster if there is none, starts it if it is not running, and says how to reach it.
  ///
  /// Safely called by many processes at once: one does the work, the others wait for it.
  /// - Throws: `EmbeddedClusterError`.
  package func start() async throws -> PostgresConfiguration {
    if let running = try await running() { return running }
    let owner = try makeDirectory()
    return try await withLock {
      if let running = try await running() { return running }
      if !exists(data) { try await create(owner) }
      let identity = try ClusterIdentity.settled(in: directory, owner: owner)
      let address = try address(identity)
      if try !isServing(owner) { try await startServer(identity, address, owner) }
      try await waitUntilItAnswers(identity, address, owner)
      return address.configuration
    }
  }

  /// The way in, when it is running; nil otherwise. Starts nothing.
  package func running() async throws -> PostgresConfiguration? {
    guard let identity = ClusterIdentity.current(in: directory) else { return nil }
    let address = try address(identity)
    return await answers(address.configuration, identity) == nil ? address.configuration : nil
  }

  /// - Returns: whether it was running.
  package func stop() async throws -> Bool {
    guard exists(data) else { return false }
    return try await withLock {
      let owner = ServerOwner.of(data)
      guard let server = serverProcessID, try isServing(owner) || ServerProcess.isServer(server, of: data) else {
        return false
      }
      guard ServerProcess.isServer(server, of: data) else {
        throw EmbeddedClusterError.runsElsewhere(directory)
      }
      // A fast shutdown ends the sessions of whoever still uses it: they were told so by the operator who asked for it.
      kill(server, SIGINT)
      let deadline = ContinuousClock.now + Self.stopLimit
      while try isServing(owner) || ServerProcess.isServer(server, of: data) {
        guard ContinuousClock.now < deadline else {
          throw EmbeddedClusterError.doesNotStop(server, seconds: Self.stopLimit.components.seconds, log: log)
        }
        try await Task.sleep(for: Self.pollInterval)
      }
      return true
    }
  }

  /// Stops the cluster and removes it with all its data. What it did not make in its folder stays.
  package func remove() async throws {
    guard exists(directory) else { return }
    _ = try await stop()
    let identity = ClusterIdentity.current(in: directory)
    let socket = try identity.map { try address($0).socketDirectory }
    // The data first: what is interrupted leaves a folder that is no cluster any more.
    let entries = [data, unfinished, directory + "/socket", log, ClusterIdentity.path(in: directory), serving, lock]
    for path in entries + [socket].compactMap({ $0 }) where exists(path) {
      do {
        try FileManager.default.removeItem(atPath: path)
      } catch {
        throw EmbeddedClusterError.unwritable(path, "\(error)")
      }
    }
    rmdir(directory)  // which fails where something else is in it, as it should
  }

  // MARK: Its folder

  var data: String { directory + "/data" }
  /// The cluster's folder until it is whole.
  var unfinished: String { directory + "/data.unfinished" }
  var log: String { directory + "/log" }
  /// Locked by the server for as long as one of its processes lives: the kernel's word on whether it runs.
  var serving: String { directory + "/serving" }
  private var lock: String { directory + "/lock" }

  /// Makes the folder where there is none.
  private func makeDirectory() throws -> ServerOwner? {
    let isNew = !exists(directory)
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    } catch {
      throw EmbeddedClusterError.unwritable(directory, String(cString: strerror(errno)))
    }
    if exists(data) { return ServerOwner.of(data) }
    let owner = ServerOwner.forNew(isNew ? URL(filePath: directory).deletingLastPathComponent().path : directory)
    // The server reaches its socket's folder through this one.
    try owner?.take(directory)
    return owner
  }

  /// Whether a process of a server that we started lives.
  private func isServing(_ owner: ServerOwner?) throws -> Bool {
    try FolderLock.isHeld(serving, owner: owner)
  }

  /// Holds the folder's lock, which the kernel drops if we die.
  private func withLock<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
    guard let lock = try await FolderLock.take(lock, owner: ServerOwner.of(directory), limit: Self.lockLimit) else {
      throw EmbeddedClusterError.busy(directory, seconds: Self.lockLimit.components.seconds)
    }
    defer { lock.release() }
    return try await body()
  }

  func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  static let pollInterval = Duration.milliseconds(50)
  /// A start may have to create the cluster and to recover another's crash.
  private static let lockLimit = Duration.seconds(360)
  /// A fast shutdown writes what is in memory, which is 128 MB at most.
  private static let stopLimit = Duration.seconds(60)
}
