import Base
import FoundationEssentials
import Testing
import TestSupport

@testable import Database
import Postgres

struct EmbeddedClusterTests {
  /// A folder of the test's own, removed with the cluster in it.
  private func withFolder(_ permissions: Int = 0o755, _ body: (String) async throws -> Void) async throws {
    let folder = "/tmp/aker-embedded-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: permissions])
    do {
      try await body(folder)
    } catch {
      try? await EmbeddedCluster(directory: folder + "/postgres").remove()
      try? FileManager.default.removeItem(atPath: folder)
      throw error
    }
    try await EmbeddedCluster(directory: folder + "/postgres").remove()
    try FileManager.default.removeItem(atPath: folder)
  }

  @Test func startersAtOnceShareOneCluster() async throws {
    try await withFolder { folder in
      let cluster = EmbeddedCluster(directory: folder + "/postgres")
      let starts = try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<4 {
          group.addTask {
            let connection = try await PostgresConnection.connect(cluster.start())
            return try await connection.query("SELECT pg_postmaster_start_time()::text AS at")[0].decode("at")
          }
        }
        return try await group.reduce(into: Set<String>()) { $0.insert($1) }
      }
      #expect(starts.count == 1)
    }
  }

  @Test func itStopsStartsAgainWithItsDataAndIsRemovedWithoutATrace() async throws {
    try await withFolder { folder in
      let cluster = EmbeddedCluster(directory: folder + "/postgres")
      #expect(try await cluster.running() == nil)
      #expect(try await cluster.stop() == false)
      let first = try await PostgresConnection.connect(cluster.start())
      try await first.execute("CREATE TABLE kept AS SELECT 42 AS answer")
      #expect(try await cluster.stop())
      #expect(try await cluster.running() == nil)
      let second = try await PostgresConnection.connect(cluster.start())
      #expect(try await second.query("SELECT answer FROM kept")[0].decode("answer", as: Int.self) == 42)
      try await cluster.remove()
      #expect(!FileManager.default.fileExists(atPath: folder + "/postgres"))
    }
  }

  @Test func aFolderThatTheServersUserCannotReachIsNoObstacle() async throws {
    // As root, Postgres runs as another user, who may not pass a 0700 folder such as `mktemp -d` makes.
    try await withFolder(0o700) { folder in
      let cluster = EmbeddedCluster(directory: folder + "/postgres")
      let connection = try await PostgresConnection.connect(cluster.start())
      let data: String = try await connection.query("SHOW data_directory")[0].decode("data_directory")
      try await cluster.remove()
      #expect(!FileManager.default.fileExists(atPath: data))
    }
  }

  @Test func aMissingServerIsSaidWithTheRemedy() async throws {
    try await withFolder { folder in
      let cluster = EmbeddedCluster(directory: folder + "/postgres", binaries: nil)
      let error = await #expect(throws: EmbeddedClusterError.self) { try await cluster.start() }
      #expect(error?.summary.contains("no Postgres server") == true)
      #expect(error?.advice?.contains("scripts/setup") == true)
    }
  }
}
