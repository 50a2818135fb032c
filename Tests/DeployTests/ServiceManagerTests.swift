import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

/// What a service manager hears of the real programs, at a socket of the test's own.
@Suite("Told to systemd", .database, .whateverHappens)
struct ServiceManagerTests {
  private let database = TestDatabase.current

  /// The datagrams that came, in order.
  private final class Ear: Sendable {
    let path: String
    private let descriptor: Int32

    init() throws {
      path = "/tmp/aker-notify-\(UUID().uuidString.prefix(8))"
      descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
      let bound = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      guard descriptor >= 0, bound == 0 else { throw TestFailure("no socket at \(path)") }
    }

    deinit {
      close(descriptor)
      unlink(path)
    }

    /// What came since the last call.
    func heard() -> [String] {
      var messages: [String] = []
      var bytes = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        guard count > 0 else { return messages }
        messages.append(String(decoding: bytes[..<count], as: UTF8.self))
      }
    }
  }

  /// Each program: ready when it does its work and no sooner, alive while it waits for the database, stopping when told to.
  @Test(arguments: [[Executable.worker, "--no-op"], [Executable.aker, "serve", "--listen", "127.0.0.1:0"]])
  func readyAliveAndStopping(command: [String]) async throws {
    let ear = try Ear()
    let program = try await Program.start(
      command[0], Array(command.dropFirst()),
      environment: [
        "AKER_POSTGIS_DSN": database.dsn, "NOTIFY_SOCKET": ear.path, "AKER_HOME": PackageRoot.path + "/.aker",
        "AKER_CATALOG_PATH": PackageRoot.catalog, "AKER_MIGRATIONS_PATH": PackageRoot.migrations,
      ])
    var said: [String] = []
    func hears(_ word: String) async throws {
      try await eventually(within: .seconds(60), "it says \(word)") {
        said += ear.heard()
        return said.contains { $0.hasPrefix(word) }
      }
    }
    try await hears("READY=1\nSTATUS=")
    if command[0] == Executable.worker {
      #expect(said.first?.hasPrefix("READY=1") == true, "\(said)")
      let connection = try await database.connect()
      #expect(try await connection.query("SELECT FROM queue.worker WHERE state = 'running'").count == 1)
      await connection.close()
    }
    try await hears("WATCHDOG=1")
    // The database lets nobody in: that is no reason to be killed.
    let owner = try await database.cluster.connect()
    try await owner.execute("ALTER DATABASE \"\(database.name)\" ALLOW_CONNECTIONS false")
    try await owner.execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", [database.name])
    for _ in 1...2 {
      said = []
      try await hears("WATCHDOG=1")
    }
    try await owner.execute("ALTER DATABASE \"\(database.name)\" ALLOW_CONNECTIONS true")
    await owner.close()
    said = []
    program.send(SIGTERM)
    try await hears("STOPPING=1")
    #expect(try await program.wait().exitCode == 0)
    said += ear.heard()
    #expect(said.last { $0.hasPrefix("STOPPING") || $0.hasPrefix("READY") }?.hasPrefix("STOPPING") == true, "\(said)")
  }

  /// As process 1 of a container, which the kernel sends nothing that it has no handler for; and while the database lets it
  /// wait at the door.
  @Test(
    .enabled(if: geteuid() == 0, "only root makes namespaces of processes"),
    arguments: [[Executable.worker], [Executable.aker, "serve", "--no-listen"]])
  func toldToStopBeforeItHasBegun(command: [String]) async throws {
    let door = try Door()
    let program = try await Program.start(
      "unshare", ["--pid", "--fork", "--kill-child"] + command,
      environment: [
        "AKER_POSTGIS_DSN": "postgresql://aker@127.0.0.1:\(door.port)/aker", "AKER_HOME": PackageRoot.path + "/.aker",
        "AKER_CATALOG_PATH": PackageRoot.catalog, "AKER_MIGRATIONS_PATH": PackageRoot.migrations,
      ])
    try await eventually(within: .seconds(30), "it knocks") { door.isKnocked }
    let child = try await Program.run("pgrep", ["-P", "\(program.processID)"])
    kill(try #require(Int32(child.output.filter(\.isNumber))), SIGTERM)
    let result = try await program.wait()
    #expect(result.exitCode == 0, "\(result)")
  }

  /// A port that takes connections and never says a word.
  private final class Door: Sendable {
    let port: Int
    private let descriptor: Int32

    init() throws {
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      var size = socklen_t(MemoryLayout<sockaddr_in>.size)
      let (number, isBound) = withUnsafeMutablePointer(to: &address) { [descriptor] in
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          (descriptor, bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0)
        }
      }
      guard isBound, listen(number, 8) == 0 else { throw TestFailure("no port is free") }
      port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }

    /// Whether somebody waits to be let in.
    var isKnocked: Bool {
      var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      return poll(&waiting, 1, 0) == 1
    }
  }

  /// A secret that systemd hands over as a file is found by its variable's name, and never shown.
  @Test func credentialsAreFoundByTheirNames() async throws {
    let folder = "/tmp/aker-credentials-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data((database.dsn + " password=verysecret\n").utf8).write(to: URL(filePath: folder + "/AKER_POSTGIS_DSN"))
    try Data("keysecret\n".utf8).write(to: URL(filePath: folder + "/AKER_CENSUS_API_KEY"))
    let worker = try await Program.run(
      Executable.worker, ["--no-op", "--until-empty"], environment: ["CREDENTIALS_DIRECTORY": folder])
    #expect(worker.exitCode == 0, "\(worker)")
    let shown = try await Program.run(
      Executable.aker, ["config"],
      environment: ["CREDENTIALS_DIRECTORY": folder, "AKER_HOME": PackageRoot.path + "/.aker"])
    #expect(shown.exitCode == 0 && shown.output.contains("AKER_POSTGIS_DSN_FILE"), "\(shown)")
    #expect(!shown.output.contains("verysecret") && !shown.output.contains("keysecret"), "\(shown)")
  }
}
