internal import Database
import FoundationEssentials
import Glibc
package import Postgres
import Subprocess
import Synchronization
import SystemPackage

/// A real Postgres cluster on a unix socket in a temporary folder, gone when the test process ends.
///
/// `shared` serves the databases of `@Test(.database)`. A test that stops or restarts the server makes its own.
package final class TestCluster: Sendable {
  package let directory: String
  /// Where it is asked: its socket, unless it is of several servers.
  private let address: String
  private let durability: Durability
  private let ownDisk = Mutex<SmallDisk?>(nil)
  /// That all its files are on, where it was asked for and may be mounted.
  package var disk: SmallDisk? { ownDisk.withLock { $0 } }

  package enum Durability: Sendable {
    /// `fsync=off`: for databases that need not survive anything.
    case none
    /// As in production: for tests that kill the server.
    case full
  }

  /// Started at the first use.
  package static var shared: TestCluster {
    get async throws { try await sharedStart.value }
  }
  private static let sharedStart = Task { try await TestCluster.start(durability: .none) }

  /// - Parameter diskBytes: of a disk of its own, in memory, where mounting is allowed.
  package static func start(durability: Durability = .full, diskBytes: Int? = nil) async throws -> TestCluster {
    let cluster = try make(durability: durability)
    if let diskBytes { try await cluster.mountDisk(diskBytes) }
    try await cluster.initialize()
    try await cluster.startServer()
    return cluster
  }

  /// Servers that somebody else starts and stops.
  /// - Parameter address: `host=a,b port=5432`.
  package static func served(at address: String) -> TestCluster {
    TestCluster(directory: "/nonexistent", durability: .full, address: address)
  }

  /// A folder for a cluster, which is removed at the end.
  static func make(durability: Durability) throws -> TestCluster {
    // Short, since a unix socket's path is held to 107 bytes.
    removeLeftBehind()
    var template = Array("\(prefix)\(getpid())-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw TestFailure("mkdtemp: \(String(cString: strerror(errno)))") }
    let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let cluster = TestCluster(directory: directory, durability: durability)
    AtExit.run { cluster.removeNow() }
    return cluster
  }

  private init(directory: String, durability: Durability, address: String? = nil) {
    self.directory = directory
    self.address = address ?? "host=\(directory)"
    self.durability = durability
  }

  /// As the cluster's superuser, on `database`.
  package func configuration(database: String = "postgres", user: String = "aker") -> PostgresConfiguration {
    PostgresConfiguration(
      dsn: "\(address) user=\(user) dbname=\(database)", applicationName: "aker-tests",
      connectTimeout: .seconds(10))
  }

  package func connect(database: String = "postgres") async throws -> PostgresConnection {
    try await PostgresConnection.connect(configuration(database: database))
  }

  /// - Parameter aside: at a socket of its own, in a folder below, where no program looks for it.
  package func startServer(aside: Bool = false) async throws {
    let place = aside ? ["-o", "-c unix_socket_directories=\(directory)/data"] : []
    try await control(["-l", directory + "/log", "-w", "-t", "60"] + place + ["start"])
  }

  package enum StopMode: String, Sendable {
    case fast
    /// As if the power went: what was not flushed is lost, and the next start recovers.
    case immediate
  }

  package func stopServer(_ mode: StopMode = .fast) async throws {
    try await control(["-m", mode.rawValue, "-w", "-t", "60", "stop"])
  }

  /// The server's processes, the one that starts all others first.
  package func processes() throws -> [Int32] {
    let file = try String(contentsOfFile: directory + "/data/postmaster.pid", encoding: .utf8)
    guard let first = file.split(separator: "\n").first.flatMap({ Int32($0) }) else {
      throw TestFailure("no server runs in \(directory)")
    }
    let children = try String(contentsOfFile: "/proc/\(first)/task/\(first)/children", encoding: .utf8)
    return [first] + children.split(separator: " ").compactMap { Int32($0) }
  }

  package func restartServer(_ mode: StopMode = .fast) async throws {
    try await stopServer(mode)
    try await startServer()
  }

  /// Serves 127.0.0.1 as well, at a port that is free; its socket has that port then, too.
  package func listenByTCP() async throws -> Int {
    let port = try FreePort.take()
    try append("listen_addresses = '127.0.0.1'\nport = \(port)\n")
    try await restartServer()
    return port
  }

  private func initialize() async throws {
    try await own()
    try await runAsOwner(
      "initdb",
      [
        "-D", directory + "/data", "-U", "aker", "-E", "UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-sync",
        "--no-instructions",
      ])
    try configure()
  }

  func mountDisk(_ byteCount: Int) async throws {
    let disk = try await SmallDisk.mount(at: directory, byteCount: byteCount)
    ownDisk.withLock { $0 = disk }
  }

  /// The server's user may use the folder, and others its socket.
  func own() async throws {
    if geteuid() == 0 { try await run("chown", ["postgres", directory]) }
    chmod(directory, 0o755)
  }

  /// Where it listens, and how durable it is; what is said last holds.
  func configure() throws {
    var settings = """

      listen_addresses = ''
      unix_socket_directories = '\(directory)'
      max_connections = 200
      shared_buffers = '64MB'
      log_min_messages = error

      """
    if durability == .none { settings += "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n" }
    try append(settings)
  }

  private func append(_ settings: String) throws {
    let path = directory + "/data/postgresql.conf"
    let file = try FileDescriptor.open(FilePath(path), .writeOnly, options: .append)
    defer { try? file.close() }
    try file.writeAll(settings.utf8)
  }

  func control(_ arguments: [String]) async throws {
    try await runAsOwner("pg_ctl", ["-D", directory + "/data", "-s"] + arguments)
  }

  func runAsOwner(_ program: String, _ arguments: [String]) async throws {
    let command = PostgresBinaries.found + "/" + program
    if geteuid() == 0 {
      try await run("runuser", ["-u", "postgres", "--", command] + arguments)
    } else {
      try await run(command, arguments)
    }
  }

  private func run(_ program: String, _ arguments: [String]) async throws {
    let executable: Subprocess.Executable = program.contains("/") ? .path(FilePath(program)) : .name(program)
    // From /, since the cluster's user may not be allowed into the current folder. Output to files and not to pipes:
    // the server that pg_ctl leaves behind would keep a pipe open.
    let result = try await Subprocess.run(
      executable, arguments: Arguments(arguments), workingDirectory: "/", output: .discarded,
      error: .string(limit: 64 * 1024))
    guard case .exited(0) = result.terminationStatus else {
      throw TestFailure("\(program) \(arguments.last ?? ""): \(result.terminationStatus) \(result.standardError)")
    }
  }

  /// In memory where the host has room for it: each test makes and drops a database of a thousand files, and what a
  /// server that is killed leaves is the same there.
  private static let parent: String = {
    var status = statvfs()
    let isRoomy = statvfs("/dev/shm", &status) == 0 && UInt64(status.f_bavail) * UInt64(status.f_frsize) >= roomBytes
    return isRoomy && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
  }()
  /// 6 GiB: what the clusters of one test process take at most is a tenth of it.
  private static let roomBytes: UInt64 = 6_442_450_944
  private static let prefix = parent + "/aker-test-"

  /// Removes the clusters of test processes that crashed before they could.
  private static func removeLeftBehind() {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? [] {
      let path = parent + "/" + name
      guard path.hasPrefix(prefix), let owner = Int32(path.dropFirst(prefix.count).prefix { $0 != "-" }),
        kill(owner, 0) != 0, errno == ESRCH
      else { continue }
      TestCluster(directory: path, durability: .none).removeNow()
    }
  }

  /// Synchronous, for `atexit`: stops the server at once and removes the folder.
  private func removeNow() {
    if let contents = FileManager.default.contents(atPath: directory + "/data/postmaster.pid"),
      let line = String(decoding: contents, as: UTF8.self).split(separator: "\n").first, let pid = Int32(line)
    {
      kill(pid, SIGQUIT)
      // The postmaster ends its children first; 5 s is far more than it needs.
      let deadline = ContinuousClock.now + .seconds(5)
      while kill(pid, 0) == 0, ContinuousClock.now < deadline { usleep(10_000) }
    }
    // Its disk, where it has one of its own.
    umount2(directory, Int32(MNT_DETACH))
    try? FileManager.default.removeItem(atPath: directory)
  }
}
