import Base
import FoundationEssentials
import Glibc
import Lake
import Postgres
import Synchronization
import TestSupport
import Testing

/// How long, and which faults.
enum ChaosSettings {
  private static let variables = ProcessInfo.processInfo.environment
  static let seconds = variables["AKER_CHAOS_SECONDS"].flatMap { Int($0) }
  /// Takes the fence away, to see that this is found.
  static let hasFence = variables["AKER_CHAOS_UNFENCED"] == nil
  static let seed = variables["AKER_CHAOS_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1_000_000)
  /// Those alone, to look at one: AKER_CHAOS_FAULTS=fullServer,starveEngine.
  static let faults = variables["AKER_CHAOS_FAULTS"]?.split(separator: ",").map(String.init)
  /// With every even seed the lake is in S3, and what lies between hosts is ill, too: the store, the network, the clocks.
  static let lakeIsInS3 = seed % 2 == 0
  /// With every other pair of seeds a standby follows the server, and takes over.
  static let hasStandby = seed % 4 >= 2
}

/// A pool at work while faults come in pairs, from a seed: `make chaos`. Afterwards only what was acknowledged and what lies on
/// disk is believed.
@Suite(
  "Chaos", .serialized, .whateverHappens(beyond: ChaosSettings.seconds ?? 0),
  .enabled(if: ChaosSettings.seconds != nil, "make chaos runs it"))
struct ChaosTests {
  static let sourceLimit = 3
  /// What a lost worker, a session that nobody ends, or a host that is looked at takes at most, twice over.
  private static let patience = Duration.seconds(90)
  static let datasets = ["chaos", "chaos_whole"]

  @Test("nothing that was acknowledged is lost, nothing is published twice or by halves, nothing is left over")
  func pool() async throws {
    print(
      "seed \(ChaosSettings.seed), \(ChaosSettings.seconds ?? 0) s of faults, the lake",
      ChaosSettings.lakeIsInS3 ? "in S3," : "on disk,",
      ChaosSettings.hasStandby ? "a standby" : "one server",
      ChaosPool.hasWrongClocks ? "" : "(no wrong clocks: no libfaketime)")
    let servers = try await ChaosServers.start(withStandby: ChaosSettings.hasStandby)
    let database = TestDatabase.named("chaos", on: servers.address)
    try await Simulator.running { simulator in
      let directory = "/tmp/aker-workshop-\(UUID().uuidString)"
      try await SmallDisk.mountedIfAllowed(at: directory + "/cache", byteCount: 256 << 20) { disk in
        try await Workshop.open(
          endpoints: ["census_acs5": simulator.endpoint + "/census_acs5"], database: database, directory: directory
        ) { workshop, connection in
          try await prepare(workshop, connection)
          await connection.close()
          try await withLake(workshop) { workshop, store in
            try await ChaosWays.running(to: servers) { ways in
              let pool = ChaosPool(
                workshop: workshop, servers: servers, simulator: simulator, disk: disk, store: store, ways: ways)
              try await run(pool, workshop)
              print(
                "\(ways.answers.heldCount) answers to COMMIT were withheld, \(ways.requests.heldCount) COMMITs lost,",
                "\(servers.lostCount.withLock { $0 }) publications with their server,",
                pool.memory.map { "\($0.killCount) processes were ended by the kernel for want of memory" }
                  ?? "no memory was taken: no control group may be made here")
            }
          }
        }
      }
    }
    for node in servers.nodes { try await node.stopServer(.immediate) }
  }

  private func withLake(_ workshop: Workshop, _ body: (Workshop, ObjectStore?) async throws -> Void) async throws {
    guard ChaosSettings.lakeIsInS3 else { return try await body(workshop, nil) }
    try await ObjectStore.running(bucket: "lake") { store in
      var workshop = workshop
      // The workers' own files are on the small disk; who looks on has another, and finds the server well.
      workshop.environment = store.environment.merging(
        ["AKER_CACHE_PATH": "s3://lake/a/b", "AKER_HOME": workshop.cache + "/home"]) { $1 }
      workshop.objectLake = try store.lake(workshop.directory + "/reader", accessKey: "well") as? S3Lake
      try await body(workshop, store)
    }
  }

  private func prepare(_ workshop: Workshop, _ connection: PostgresConnection) async throws {
    for name in Self.datasets {
      let yaml = KillTests.datasetYAML(name, isSplit: name == "chaos")
      try workshop.define(name, yaml, KillTests.transformSQL)
    }
    // Whoever applies the catalog states the source's limit once more.
    let limit = "rate_limit: {per_second: 1000, burst: 1000, concurrency: \(Self.sourceLimit)}"
    try Data("sources:\n  - {id: census_acs5, \(limit)}\n".utf8)
      .write(to: URL(filePath: workshop.catalog + "/sources_supplement.yml"))
    try await workshop.apply(connection)
    try await connection.execute("UPDATE queue.setting SET lease_interval = '3 seconds', breaker_threshold = 0")
    if !ChaosSettings.hasFence {
      try await connection.executeScript(
        """
        CREATE OR REPLACE FUNCTION queue.fence(task_id bigint, lease_token bigint) RETURNS void
        LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS '';
        CREATE OR REPLACE FUNCTION queue.complete(task_id bigint, lease_token bigint, result jsonb DEFAULT NULL) RETURNS void
        LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
        AS 'SELECT queue._complete(ARRAY[$1], ARRAY[$2], ARRAY[$3])';
        """)
    }
    try await connection.execute("SELECT queue.configure_source('census_acs5', $1)", [Self.sourceLimit])
  }

  private func run(_ pool: ChaosPool, _ workshop: Workshop) async throws {
    let watching = Task { await pool.watch.run() }
    let history = pool.servers.history
    try await PublicationReader.watching("chaos", isSplit: true, of: workshop, history: history) {
      try await PublicationReader.watching("chaos_whole", of: workshop, history: history) {
        try await pool.suffer(for: .seconds(ChaosSettings.seconds ?? 0), seed: ChaosSettings.seed)
      }
    }
    // No more faults: everything that was asked for ends, and soon.
    let connection = try await workshop.database.connect()
    try await requireEnds(pool, connection)
    if ChaosSettings.hasStandby {
      // What was published by a server that was lost lies in the lake, and is built again by one word of an operator's.
      // A migration may have been due when its server was lost.
      await pool.command(["migrate"])
      let told = await pool.command(["lake", "repair", "--rebuild"])
      #expect(told?.exitCode == 0, "\(told.map { "\($0)" } ?? "")")
      try await requireEnds(pool, connection)
    }
    try await pool.end()
    watching.cancel()
    await watching.value
    try await workshop.work()
    try await check(pool.watch, pool, workshop, connection)
    print("what the workers said: \(try pool.keepLogs())")
    await connection.close()
  }

  private func requireEnds(_ pool: ChaosPool, _ connection: PostgresConnection) async throws {
    // A pool that goes on is not stuck, however much was asked for and however busy its host is.
    var (open, lastEnded) = (Int.max, ContinuousClock.now)
    let hasEnded =
      try await eventually(within: .seconds(600), "every task has ended, and none was open for long") {
        let count: Int = try await connection.query(
          "SELECT count(*) AS n FROM queue.task WHERE finished_at IS NULL")[0].decode("n")
        if count < open { (open, lastEnded) = (count, .now) }
        return count == 0 || .now - lastEnded > Self.patience
      } && open == 0
    #expect(hasEnded, "\(open) tasks are open, and none has ended for \(Self.patience)")
    guard !hasEnded else { return }
    print(try await ChaosStory.tell(connection))
    print(try await pool.story())
    print("what the workers said: \(try pool.keepLogs())")
  }

  private func check(
    _ watch: ChaosWatch, _ pool: ChaosPool, _ workshop: Workshop, _ connection: PostgresConnection
  ) async throws {
    let counts = try await connection.query(
      """
      SELECT count(*) FILTER (WHERE state = 'completed') AS completed, count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
        count(*) FILTER (WHERE state = 'failed') AS failed, (SELECT count(*) FROM queue.attempt) AS attempts FROM queue.task
      """)[0]
    print(
      "\(try counts.decode("completed", as: Int.self)) tasks completed, \(try counts.decode("cancelled", as: Int.self))",
      "cancelled, \(try counts.decode("attempts", as: Int.self)) attempts; faults:",
      pool.counts.withLock { $0.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ") })
    // No fault is one that trying again does not mend.
    let failed = try await connection.query(
      "SELECT concat_ws(' ', task_id, worker_name, error_class, reason, causes) AS text FROM queue.attempt WHERE state = 'failed'"
    )
    let failures = try failed.compactMap { try $0.text("text") }
    #expect(failures == [])
    #expect(try counts.decode("completed", as: Int.self) > 0)
    #expect(pool.surprises.withLock { $0 } == [])
    // Commands may be refused while their server is away, and not each time.
    let commands = pool.commands.withLock { $0 }
    print(
      "commands that did what they were asked for:",
      commands.sorted { $0.key < $1.key }.map {
        "\($0.key) \($0.value.done) of \($0.value.asked) \($0.value.lastWords.prefix(200))"
      }
      .joined(separator: ", "))
    // A rollback is a task, and may find no room at the source.
    for (name, count) in commands where count.asked > 4 && name != "lake rollback" {
      #expect(count.done > 0, "\(name): \(count.lastWords)")
    }
    #expect(watch.problems.withLock { $0 } == [])

    // What was told to be completed has been published, once; and nothing has that was not.
    let published = try await connection.query("SELECT task_id, count(*) AS n FROM lineage.publication GROUP BY 1")
    var times: [Int64: Int] = [:]
    for row in published { times[try row.decode("task_id")] = try row.decode("n") }
    #expect(times.filter { $0.value != 1 } == [:])
    #expect(watch.acknowledged.withLock { $0 }.filter { times[$0] != 1 } == [])
    let unacknowledged = try await connection.query(
      """
      SELECT task_id FROM lineage.publication p JOIN queue.task t USING (task_id) WHERE t.state <> 'completed'
      UNION ALL SELECT task_id FROM queue.task t WHERE t.state = 'completed'
        AND NOT EXISTS (SELECT FROM lineage.publication p WHERE p.task_id = t.task_id)
      """)
    #expect(try unacknowledged.map { try $0.decode("task_id", as: Int64.self) } == [])
    try await checkLake(workshop, connection)
  }

  /// Each file is what its publication committed, and nothing else lies there; nor in the warehouse.
  private func checkLake(_ workshop: Workshop, _ connection: PostgresConnection) async throws {
    let manifest = try await connection.query(
      """
      SELECT m.path, m.state, p.output_sha256 FROM lake.manifest m JOIN lineage.publication p USING (publication_id)
      """)
    for row in manifest {
      let path: String = try row.decode("path")
      #expect(try row.decode("state", as: String.self) == "in_place", "\(path)")
      #expect(try await workshop.lake.sha256(path) == row.decode("output_sha256", as: String.self), "\(path)")
    }
    try await workshop.requireNothingElse(
      than: manifest.map { try $0.decode("path", as: String.self) }, connection)
  }
}

/// What somebody who only asks the database sees meanwhile.
final class ChaosWatch: Sendable {
  let database: TestDatabase
  let acknowledged = Mutex<Set<Int64>>([])
  let problems = Mutex<Set<String>>([])

  private let looks = Turns(count: 1)

  init(database: TestDatabase) { self.database = database }

  /// Nobody looks while `body` runs.
  func lookingAway(_ body: () async throws -> Void) async throws { try await looks.withTurn(body) }

  /// After a fail-over: nothing else was ever completed, as far as anybody can tell.
  func survive(with tasks: Set<Int64>, atLeast kept: Set<Int64>) {
    for task in kept.subtracting(tasks) {
      _ = problems.withLock {
        $0.insert("task \(task) was completed before the standby lagged, and it does not know of it")
      }
    }
    acknowledged.withLock { $0.formIntersection(tasks) }
  }

  func run() async {
    var connection: PostgresConnection?
    while !Task.isCancelled {
      do {
        if connection == nil { connection = try await database.connect() }
        if let connection { try await looks.withTurn { try await look(connection) } }
        try await Task.sleep(for: .milliseconds(100))
      } catch {
        // The server is away.
        await connection?.close()
        connection = nil
        try? await Task.sleep(for: .milliseconds(50))
      }
    }
    await connection?.close()
  }

  private func look(_ connection: PostgresConnection) async throws {
    let running: Int = try await connection.query("SELECT count(*) AS n FROM queue.lease")[0].decode("n")
    if running > ChaosTests.sourceLimit {
      _ = problems.withLock { $0.insert("\(running) tasks of a source run that takes \(ChaosTests.sourceLimit)") }
    }
    let rows = try await connection.query("SELECT task_id, state = 'completed' AS is_completed FROM queue.task")
    var (completed, others) = (Set<Int64>(), Set<Int64>())
    for row in rows {
      let task: Int64 = try row.decode("task_id")
      if try row.decode("is_completed") { completed.insert(task) } else { others.insert(task) }
    }
    // One that is gone was pruned: its publication is looked for in the end.
    let lost = acknowledged.withLock { known in
      defer { known.formUnion(completed) }
      return known.intersection(others)
    }
    for task in lost {
      _ = problems.withLock { $0.insert("task \(task) was completed, and no longer is") }
    }
  }
}
