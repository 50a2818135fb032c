import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

/// A pool at work on two servers that Patroni keeps, through a planned switchover and a killed leader. Takes minutes:
/// `make test-failover`.
@Suite(
  "Patroni", .serialized, .whateverHappens,
  .enabled(if: ProcessInfo.processInfo.environment["AKER_TEST_FAILOVER"] != nil, "make test-failover runs it"),
  .enabled(if: PatroniPair.isInstalled, "patroni and etcd-server are missing: scripts/setup --tests installs them"))
struct PatroniTests {
  @Test("nothing that was acknowledged is lost, and nothing is published twice")
  func drain() async throws {
    try await PatroniPair.running { pair in
      try await TestDatabase.makeTemplate(on: pair.cluster)
      let database = TestDatabase.named("aker_template", on: pair.cluster)
      try await Simulator.running { simulator in
        try await Workshop.open(
          endpoints: ["census_acs5": simulator.endpoint + "/census_acs5"], database: database
        ) { workshop, connection in
          try workshop.define("kill_test", KillTests.datasetYAML("kill_test", isSplit: true), KillTests.transformSQL)
          try await workshop.apply(connection)
          for month in 1...4 { try await enqueue(month, workshop, connection) }
          let writer = Writer(database.configuration)
          try await writer.prepare(connection)
          await connection.close()
          let writing = Task { await writer.run() }
          let workers = [try await workshop.start(slots: 2), try await workshop.start(slots: 2)]
          try await published(KillTests.partitionCount, database)
          try await pair.switchOver()
          try await published(2 * KillTests.partitionCount, database)
          let planned = await writer.takeLongestGap()
          try await pair.waitForFollower()
          try await pair.killLeader()
          try await published(4 * KillTests.partitionCount, database)
          let killed = await writer.takeLongestGap()
          var told: [Int64] = []
          for worker in workers {
            let result = try await worker.wait()
            #expect(result.exitCode == 0, "\(result)")
            told += Self.publications(result.errorOutput)
          }
          writing.cancel()
          await writing.value
          try await expectOnce(told, database)
          let written = await writer.acknowledged
          print(
            "write gap: \(planned) s in a planned switchover, \(killed) s with a killed leader; "
              + "\(told.count) publications told, \(written) rows written beside them")
        }
      }
    }
  }

  private func enqueue(_ month: Int, _ workshop: Workshop, _ connection: PostgresConnection) async throws {
    try await workshop.enqueue("kill_test", KillTests.years, asOf: "2024-0\(month)", connection)
  }

  /// Waits until so many tasks are completed.
  private func published(_ count: Int, _ database: TestDatabase) async throws {
    try await eventually(within: .seconds(300), "\(count) tasks are completed") {
      guard let connection = try? await database.connect() else { return false }
      let rows = try? await connection.query("SELECT FROM queue.task WHERE state = 'completed'")
      await connection.close()
      return rows?.count ?? 0 >= count
    }
  }

  /// What a worker said that it published: its COMMIT was acknowledged.
  private static func publications(_ log: String) -> [Int64] {
    log.matches(of: /publication=(\d+)/).compactMap { Int64($0.1) }
  }

  private func expectOnce(_ told: [Int64], _ database: TestDatabase) async throws {
    let connection = try await database.connect()
    let kept = try await connection.query("SELECT publication_id FROM lineage.publication")
      .map { try $0.decode("publication_id", as: Int64.self) }
    #expect(Set(told).subtracting(kept).isEmpty, "acknowledged, and lost")
    #expect(told.count >= KillTests.partitionCount, "the workers' logs tell of publications")
    let doubled = try await connection.query(
      "SELECT task_id FROM lineage.publication GROUP BY task_id HAVING count(*) <> 1")
    #expect(doubled.isEmpty)
    #expect(kept.count == 4 * KillTests.partitionCount)
    let counts = try await connection.query("SELECT count(*) AS n FROM kill_test GROUP BY data_year, region")
    #expect(counts.count == KillTests.partitionCount)
    for row in counts { #expect(try row.decode("n", as: Int.self) == KillTests.rowCount) }
    await connection.close()
  }
}

/// Writes a row ten times a second, wherever the primary is, and measures for how long it could not.
private actor Writer {
  private let configuration: PostgresConfiguration
  private var lastWritten = ContinuousClock.now
  private var longest = Duration.zero
  private(set) var acknowledged = 0

  init(_ configuration: PostgresConfiguration) {
    var configuration = configuration
    configuration.connectTimeout = .seconds(2)
    self.configuration = configuration
  }

  func prepare(_ connection: PostgresConnection) async throws {
    try await connection.execute("CREATE TABLE public.heartbeat (n bigint PRIMARY KEY)")
  }

  func run() async {
    var connection: PostgresConnection?
    while !Task.isCancelled {
      do {
        if connection == nil { connection = try await PostgresConnection.connect(configuration) }
        try await connection?.execute("INSERT INTO heartbeat VALUES ($1)", [acknowledged + 1])
        acknowledged += 1
        let now = ContinuousClock.now
        longest = max(longest, now - lastWritten)
        lastWritten = now
      } catch let error as PostgresError where error.constraint != nil {
        acknowledged += 1  // it was written, and the answer lost
      } catch {
        connection = nil
      }
      try? await Task.sleep(for: .milliseconds(100))
    }
  }

  /// The longest gap since this was last asked, in seconds.
  func takeLongestGap() -> Double {
    defer { longest = .zero }
    return (longest / .milliseconds(100)).rounded() / 10
  }
}
