import Postgres
import Synchronization
import TestSupport

/// The server of a pool, or two of which one follows the other and takes over.
final class ChaosServers: Sendable {
  /// Both, for programs to look for the one that leads.
  let address: TestCluster
  let nodes: [TestCluster]
  private let leading = Mutex(0)
  /// What readers are told of.
  let history = PublicationReader.History()
  /// Publications that were acknowledged by a server that was lost, and never were.
  let lostCount = Mutex(0)

  var primary: TestCluster { nodes[leading.withLock { $0 }] }

  private init(_ nodes: [TestCluster]) {
    self.nodes = nodes
    address =
      nodes.count == 1
      ? nodes[0] : .served(at: "host=" + nodes.map(\.directory).joined(separator: ","))
  }

  static func start(withStandby: Bool) async throws -> ChaosServers {
    let primary = try await TestCluster.start(durability: .full, diskBytes: diskBytes)
    try await TestDatabase.makeTemplate(on: primary)
    _ = try await TestDatabase.create(on: primary, name: "chaos")
    return ChaosServers(
      withStandby ? [primary, try await primary.standby(durability: .full, diskBytes: diskBytes)] : [primary])
  }

  /// More than there will ever be in it, in a server that has room.
  private static let diskBytes = 4 << 30

  /// The disk of the one that leads has so many bytes left for a while. A server that finds no room for its log ends, and
  /// whoever keeps it starts it again.
  func runOutOfRoom(leaving room: Int, for time: Duration, _ meanwhile: () async -> Void) async throws {
    guard let disk = primary.disk else { return }
    try await disk.shrink(leaving: room)
    await meanwhile()
    try await Task.sleep(for: time)
    try await disk.grow(to: Self.diskBytes)
    try await primary.startServerIfEnded()
  }

  /// The standby takes over. In order nothing is lost; else it lags for so long, and the primary is gone as by a power cut.
  /// - Returns: where the new primary is.
  func failOver(inOrder: Bool, lag: Duration, _ watch: ChaosWatch) async throws -> String {
    let (old, new) = (primary, nodes[1 - leading.withLock { $0 }])
    // What was seen to be completed by now has reached the standby before it lags.
    let kept = watch.acknowledged.withLock { $0 }
    try await new.waitForReplay(of: old)
    if !inOrder {
      try await new.cutOff()
      try await Task.sleep(for: lag)
    }
    try await watch.lookingAway {
      try await old.stopServer(inOrder ? .fast : .immediate)
      let before = try await aside(old)
      history.begin(without: before.files)
      try await new.promote()
      let connection = try await PostgresConnection.connect(new.configuration(database: "chaos"))
      let after = try await published(connection)
      await connection.close()
      let lost = before.tasks.subtracting(after.tasks)
      lostCount.withLock { $0 += lost.count }
      watch.survive(with: after.tasks, atLeast: inOrder ? before.tasks : kept)
      leading.withLock { $0 = 1 - $0 }
    }
    try await old.follow(new)
    return new.directory
  }

  private typealias Published = (tasks: Set<Int64>, files: Set<String>)

  /// What the old primary has to tell, which nobody can reach any more.
  private func aside(_ old: TestCluster) async throws -> Published {
    try await old.startServer(aside: true)
    let connection = try await PostgresConnection.connect(
      PostgresConfiguration(
        dsn: "host=\(old.directory)/data user=aker dbname=chaos", applicationName: "aker-tests",
        connectTimeout: .seconds(10)))
    let published = try await published(connection)
    await connection.close()
    try await old.stopServer(.immediate)
    return published
  }

  private func published(_ connection: PostgresConnection) async throws -> Published {
    let rows = try await connection.query("SELECT task_id, lake_path, output_sha256 FROM lineage.publication")
    return (
      Set(try rows.map { try $0.decode("task_id") }),
      Set(
        try rows.map {
          PublicationReader.History.file(try $0.decode("lake_path"), try $0.decode("output_sha256"))
        })
    )
  }
}
