import Database
import FoundationEssentials
import Glibc
import Testing

/// Two Postgres servers that Patroni keeps: one leads, the other follows synchronously and takes over. With an etcd, all on
/// loopback.
package struct PatroniPair {
  package let cluster: TestCluster
  private let directory: String
  private let etcd: Program
  private let nodes: [Program]

  /// Whether Debian's packages are there; `scripts/setup --tests` installs them.
  package static var isInstalled: Bool {
    ["/usr/bin/patroni", "/usr/bin/patronictl", "/usr/bin/etcd"].allSatisfy {
      FileManager.default.isExecutableFile(atPath: $0)
    }
  }

  private static let port = 25_432
  private static let restPort = 28_008
  private static let etcdPort = 22_379
  private static let names = ["node1", "node2"]
  private static func host(_ index: Int) -> String { "127.0.0.\(index + 1)" }

  /// Runs `body` once both stand and the follower is synchronous.
  package static func running(_ body: (PatroniPair) async throws -> Void) async throws {
    let directory = "/tmp/aker-patroni-\(getpid())"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    for (index, name) in names.enumerated() {
      try Data(try settings(index, directory).utf8).write(to: URL(filePath: "\(directory)/\(name).yml"))
    }
    // Where the server's own user reads it.
    try FileManager.default.copyItem(
      atPath: PackageRoot.path + "/deploy/postgres/postgresql.conf", toPath: directory + "/postgresql.conf")
    if geteuid() == 0 { _ = try await Program.run("chown", ["-R", "postgres", directory]) }
    let address = "http://127.0.0.1:\(etcdPort)"
    let etcd = try await asOwner(
      [
        "/usr/bin/etcd", "--data-dir", directory + "/etcd", "--listen-client-urls", address,
        "--advertise-client-urls", address, "--listen-peer-urls", "http://127.0.0.1:\(etcdPort + 1)",
        "--unsafe-no-fsync",
      ])
    var nodes: [Program] = []
    // The second may lead then: the harder case, since connections ask the first one first.
    for name in names.reversed() { nodes.append(try await asOwner(["/usr/bin/patroni", "\(directory)/\(name).yml"])) }
    let pair = PatroniPair(
      cluster: .served(at: "host=\(host(0)),\(host(1)) port=\(port)"), directory: directory, etcd: etcd, nodes: nodes)
    do {
      try await pair.waitForFollower()
      try await body(pair)
      await pair.stop()
    } catch {
      await pair.stop()
      throw error
    }
  }

  private static func asOwner(_ command: [String]) async throws -> Program {
    geteuid() == 0
      ? try await Program.start("runuser", ["-u", "postgres", "--"] + command, directory: "/")
      : try await Program.start(command[0], Array(command.dropFirst()), directory: "/")
  }

  private static func settings(_ index: Int, _ directory: String) throws -> String {
    let (name, host) = (names[index], host(index))
    return try DeployedFile.filled(
      "postgres/patroni.yml",
      [
        "name": name, "host": host, "rest": "\(restPort)", "etcd": "127.0.0.1:\(etcdPort)", "network": "127.0.0.0/8",
        "port": "\(port)", "data": "\(directory)/\(name)", "bin": PostgresBinaries.found,
        "settings": "\(directory)/postgresql.conf",
      ])
  }

  private func patronictl(_ arguments: [String]) async throws -> Program.Result {
    try await Program.run("patronictl", ["-c", "\(directory)/node1.yml"] + arguments, directory: "/")
  }

  private struct Member: Decodable {
    let Member: String
    let Role: String
    let State: String
  }

  private func members() async throws -> [Member] {
    let result = try await patronictl(["list", "--format", "json"])
    guard result.exitCode == 0 else { return [] }
    return (try? JSONDecoder().decode([Member].self, from: Data(result.output.utf8))) ?? []
  }

  package func waitForFollower() async throws {
    try await eventually(within: .seconds(120), "a leader, and a follower that is synchronous") {
      let roles = try await members().map(\.Role)
      return roles.contains("Leader") && roles.contains("Sync Standby")
    }
  }

  /// The other server leads from now on.
  package func switchOver() async throws {
    let result = try await patronictl(["switchover", "aker", "--force"])
    guard result.exitCode == 0 else { throw TestFailure("switchover: \(result)") }
  }

  /// The leader is gone with all its processes, as if its host were.
  package func killLeader() async throws {
    guard let leader = try await members().first(where: { $0.Role == "Leader" })?.Member else {
      throw TestFailure("there is no leader")
    }
    let found = try await Program.run("pgrep", ["-f", "/usr/bin/patroni \(directory)/\(leader).yml"])
    // First what would start the server again.
    for line in found.output.split(separator: "\n") { if let process = Int32(line) { kill(process, SIGKILL) } }
    try killServer(leader)
  }

  private func killServer(_ name: String) throws {
    guard let file = FileManager.default.contents(atPath: "\(directory)/\(name)/postmaster.pid"),
      let line = String(decoding: file, as: UTF8.self).split(separator: "\n").first, let process = Int32(line)
    else { return }
    kill(process, SIGQUIT)
  }

  private func stop() async {
    // The servers first, or else Patroni takes its time for a shutdown in order.
    let patroni = try? await Program.run("pgrep", ["-f", "/usr/bin/patroni \(directory)/"])
    for line in (patroni?.output ?? "").split(separator: "\n") {
      if let process = Int32(line) { kill(process, SIGKILL) }
    }
    for name in Self.names { try? killServer(name) }
    let store = try? await Program.run("pgrep", ["-f", "/usr/bin/etcd --data-dir \(directory)/"])
    for line in (store?.output ?? "").split(separator: "\n") { if let process = Int32(line) { kill(process, SIGKILL) } }
    for program in nodes + [etcd] { _ = try? await program.wait() }
    try? FileManager.default.removeItem(atPath: directory)
  }
}
