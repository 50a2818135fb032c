import Glibc
import Lake
import Pipeline
import Postgres
import TestSupport
import Testing

/// The old primary keeps its last commits for itself, and what they published lies in the lake.
@Suite("A fail-over in the middle of publications", .serialized, .whateverHappens)
struct FailoverTests {
  private static let dataset = "kill_test"

  @Test("each partition is published once in the history that survives, and what was lost is built again")
  func everyBoundary() async throws {
    try await failOver(at: StepBoundary.allCases)
  }

  @Test("the same with the lake in S3, at the boundaries that concern it")
  func inS3() async throws {
    try await ObjectStore.running(bucket: "lake") { store in
      try await failOver(at: [.staged, .committed], store)
    }
  }

  private func failOver(at boundaries: [StepBoundary], _ store: ObjectStore? = nil) async throws {
    let primary = try await TestCluster.start(durability: .none)
    try await TestDatabase.makeTemplate(on: primary)
    let database = try await TestDatabase.create(on: primary, name: "failover")
    try await Simulator.running { simulator in
      try await Workshop.open(
        endpoints: ["census_acs5": simulator.endpoint + "/census_acs5"], database: database
      ) { workshop, connection in
        var workshop = workshop
        if let store {
          let home = workshop.directory + "/home"
          workshop.environment = store.environment.merging(
            ["AKER_CACHE_PATH": "s3://lake/a/b", "AKER_HOME": home]
          ) { $1 }
          workshop.objectLake = try store.lake(home) as? S3Lake
        }
        try workshop.define(Self.dataset, KillTests.datasetYAML("kill_test", isSplit: true), KillTests.transformSQL)
        try await workshop.apply(connection)
        // A life that is known: what registers first makes it so.
        try await workshop.work()
        let standby = try await primary.standby()
        try await workshop.enqueue(Self.dataset, 2009...2010, asOf: "2024-06", connection)
        try await standby.waitForReplay(of: primary)
        try await standby.cutOff()
        for boundary in boundaries {
          let result = try await workshop.work(["AKER_CRASH_AT": boundary.rawValue])
          #expect(result.signal == SIGKILL, "\(boundary): \(result)")
        }
        // A backfill that the survivor has never heard of.
        try await workshop.enqueue(Self.dataset, 2011...2011, asOf: "2024-06", connection)
        try await eventually(within: .seconds(120), "the old primary has published it") {
          try await workshop.work(slots: 2)
          let rows = try await connection.query("SELECT FROM lake.manifest WHERE data_year = 2011")
          return rows.count == KillTests.regions.count
        }
        await connection.close()
        try await primary.stopServer(.immediate)
        try await standby.promote()
        try await survive(workshop, on: standby)
      }
    }
  }

  private func survive(_ workshop: Workshop, on standby: TestCluster) async throws {
    let survivor = Workshop(
      database: .named("failover", on: standby), directory: workshop.directory, endpoints: workshop.endpoints,
      environment: workshop.environment, objectLake: workshop.objectLake)
    let connection = try await survivor.database.connect()
    let repair = LakeRepair(survivor.lake, changesNothing: true)
    let before = try await repair.run(connection, removingOrphans: false)
    // What open backfills build again is said to be so; for the rest there is a command.
    let (lost, waiting) = (
      before.unknown.filter { !$0.path.contains("data_year=2011") },
      before.unknown.filter { $0.path.contains("data_year=2011") }
    )
    #expect(!lost.isEmpty && lost.allSatisfy { $0.taskID != nil }, "\(before)")
    #expect(waiting.count == KillTests.regions.count)
    #expect(waiting.allSatisfy { $0.taskID == nil && $0.command.contains("--years 2011") }, "\(waiting)")

    try await eventually(within: .seconds(120), "all that the survivor knows of is published") {
      try await survivor.work(slots: 2)
      return try await connection.query("SELECT FROM queue.task WHERE state <> 'completed' LIMIT 1").isEmpty
    }
    #expect(try await connection.query("SELECT FROM queue.event WHERE kind = 'new_life'").count == 1)
    let after = try await repair.run(connection, removingOrphans: false)
    #expect(after.missing.isEmpty && after.unknown == waiting, "\(after)")
    // What only the old primary was asked for is enqueued here by one word of an operator's.
    var report = after
    let rebuild = try await LakeRepair.rebuild(&report, connection)
    #expect(rebuild.taskCount == KillTests.regions.count && rebuild.backfillIDs.count == 1, "\(rebuild)")
    #expect(report.waiting.isEmpty, "\(report)")
    try await eventually(within: .seconds(120), "it is built again") {
      try await survivor.work(slots: 2)
      return try await connection.query("SELECT FROM queue.task WHERE state <> 'completed' LIMIT 1").isEmpty
    }
    let clean = try await LakeRepair(survivor.lake).run(connection, removingOrphans: false, verifyingHashes: true)
    #expect(clean.missing.isEmpty && clean.orphans.isEmpty, "\(clean)")
    try await requirePublished(survivor, connection)
    await connection.close()
  }

  private func requirePublished(_ survivor: Workshop, _ connection: PostgresConnection) async throws {
    let doubled = try await connection.query(
      "SELECT task_id FROM lineage.publication GROUP BY task_id HAVING count(*) <> 1")
    #expect(doubled.isEmpty)
    let rows = try await connection.query("SELECT FROM public.\"\(Self.dataset)\"")
    #expect(rows.count == 3 * KillTests.regions.count * KillTests.rowCount)
    let manifest = try await connection.query("SELECT path, sha256, state FROM lake.manifest ORDER BY path")
    #expect(manifest.count == 3 * KillTests.regions.count)
    for row in manifest {
      let path: String = try row.decode("path")
      #expect(try row.decode("state", as: String.self) == "in_place", "\(path)")
      #expect(try await survivor.lake.sha256(path) == row.decode("sha256", as: String.self), "\(path)")
    }
    #expect(try await survivor.lake.files().sorted() == manifest.map { try $0.decode("path", as: String.self) })
    #expect(try await survivor.lake.stagingNames() == [])
    #expect(try await connection.query("SELECT FROM warehouse.staging").isEmpty)
  }
}
