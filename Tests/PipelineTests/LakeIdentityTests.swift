import FoundationEssentials
import Lake
import Pipeline
import Postgres
import Testing
import TestSupport

/// A database knows its lake again after a fail-over that forgot it.
@Suite("A lake's identity", .serialized, .whateverHappens)
struct LakeIdentityTests {
  private func withFolder(_ body: (String) async throws -> Void) async throws {
    let directory = "/tmp/aker-identity-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try await body(directory)
  }

  /// What a worker whose publication was lost with its server has left in the lake.
  private func leaveFile(in lake: any LakeStore) async throws {
    let folder = try await lake.prepareStaging(".staging/1-1")
    try Data("PAR1".utf8).write(to: URL(filePath: folder + "/jobs.parquet"))
    try await lake.stage(".staging/1-1")
    #expect(try await lake.place(".staging/1-1", at: "jobs/as_of=2024-06/data_year=2020/jobs.parquet"))
  }

  private func refusal(_ lake: any LakeStore, _ connection: PostgresConnection) async -> LakeIdentityError.Reason? {
    await #expect(throws: LakeIdentityError.self) { try await LakeIdentity(lake).require(connection) }?.reason
  }

  @Test("it outlives the server that it was written on")
  func failover() async throws {
    let first = try await TestCluster.start(durability: .none)
    try await TestDatabase.makeTemplate(on: first)
    let database = try await TestDatabase.create(on: first, name: "ours")
    let standby = try await first.standby()
    try await standby.waitForReplay(of: first)
    try await standby.cutOff()
    try await withFolder { directory in
      try await ObjectStore.running(bucket: "lake") { store in
        let lake = try store.lake(directory)
        // What only the first server hears of.
        let before = try await database.connect()
        try await LakeIdentity(lake).require(before)
        try await leaveFile(in: lake)
        let id = try #require(try await lake.identity())
        await before.close()
        try await first.stopServer(.immediate)
        try await standby.promote()

        let after = try await PostgresConnection.connect(standby.configuration(database: "ours"))
        #expect(try await after.query("SELECT FROM lake.identity").isEmpty)
        try await LakeIdentity(lake).require(after)
        let known = try await after.query("SELECT lake_id::text AS id FROM lake.identity")
        #expect(try known.map { try $0.decode("id", as: String.self) } == [id])
        #expect(try await lake.identity() == id)
        await after.close()

        // Neither a copy of that database nor another one takes it for its own.
        for other in ["copied", "other"] {
          let server = try await PostgresConnection.connect(standby.configuration(database: "postgres"))
          try await server.execute("CREATE DATABASE \(other) TEMPLATE \(other == "copied" ? "ours" : "aker_template")")
          await server.close()
          let stranger = try await PostgresConnection.connect(standby.configuration(database: other))
          // As a copy that was made before anybody used the lake.
          try await stranger.execute("DELETE FROM lake.identity")
          #expect(await refusal(lake, stranger) == .foreign)
          await stranger.close()
        }
      }
    }
  }

  @Test("two hosts that make it, with the server lost in between, give it the same id", .database)
  func madeTwice() async throws {
    try await withFolder { directory in
      let lake = DiskLake(directory: directory + "/data_lake")
      let connection = try await TestDatabase.current.connect()
      func made() async throws -> String {
        try await connection.query("SELECT lake_id::text AS id FROM lake.establish($1, NULL, 'h')", [lake.location])[0]
          .decode("id")
      }
      let first = try await made()
      try await connection.execute("DELETE FROM lake.identity")
      #expect(try await made() == first)
      // Adopted once, by a person, it is another one: folders that were used before are no longer it.
      try await LakeIdentity(lake).adopt(connection)
      #expect(try await lake.identity() != first)
      try await lake.setIdentity(first)
      #expect(await refusal(lake, connection) == .foreign)
      await connection.close()
    }
  }
}
