import Base
import FoundationEssentials
import Glibc
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
      try await connection.execute("CREATE EXTENSION postgis")
      await connection.close()
      try await cluster.remove()
      #expect(!FileManager.default.fileExists(atPath: folder + "/postgres"))
    }
  }

  @Test(arguments: [
    "it's, a \"test\" \\ $(touch /tmp/aker-was-here) `id` %s", "déjà vu 数据 🦊", String(repeating: "long", count: 50),
    "-D", "a\nb",
  ])
  func anyNameOfAFolderWillDo(_ name: String) async throws {
    try await withFolder { folder in
      let cluster = EmbeddedCluster(directory: "\(folder)/\(name)/postgres")
      let first = try await PostgresConnection.connect(cluster.start())
      try await first.execute("CREATE TABLE kept AS SELECT 42 AS answer")
      await first.close()
      #expect(try await cluster.stop())
      let second = try await PostgresConnection.connect(cluster.start())
      #expect(try await second.query("SELECT answer FROM kept")[0].decode("answer", as: Int.self) == 42)
      #expect(!FileManager.default.fileExists(atPath: "/tmp/aker-was-here"))
      await second.close()
      try await cluster.remove()
    }
  }

  @Test(arguments: ["postgres", String(repeating: "long", count: 50)])
  func aCopyIsAClusterOfItsOwn(_ name: String) async throws {
    try await withFolder { folder in
      let original = EmbeddedCluster(directory: "\(folder)/\(name)")
      let first = try await PostgresConnection.connect(original.start())
      try await first.execute("CREATE TABLE whose AS SELECT 'the original' AS name")
      try await first.execute("CHECKPOINT")
      // Copied while it runs, with its pid file and its socket.
      _ = try await Program.run("cp", ["-a", "\(folder)/\(name)", "\(folder)/\(name)2"])
      let copy = EmbeddedCluster(directory: "\(folder)/\(name)2")
      #expect(try await copy.running() == nil)
      #expect(try await copy.stop() == false)
      let second = try await PostgresConnection.connect(copy.start())
      try await second.execute("UPDATE whose SET name = 'the copy'")
      await second.close()
      #expect(try await first.query("SELECT name FROM whose")[0].decode("name", as: String.self) == "the original")
      // The original is stopped: its commands start it, and do not find the copy's server.
      await first.close()
      #expect(try await original.stop())
      #expect(try await original.running() == nil)
      let third = try await PostgresConnection.connect(original.start())
      #expect(try await third.query("SELECT name FROM whose")[0].decode("name", as: String.self) == "the original")
      try await copy.remove()
      #expect(try await third.query("SELECT name FROM whose")[0].decode("name", as: String.self) == "the original")
      await third.close()
      try await original.remove()
    }
  }

  @Test func aMovedFolderWorksWhetherItRunsOrNot() async throws {
    try await withFolder { folder in
      let first = try await PostgresConnection.connect(EmbeddedCluster(directory: folder + "/postgres").start())
      try await first.execute("CREATE TABLE kept AS SELECT 42 AS answer")
      try FileManager.default.moveItem(atPath: folder + "/postgres", toPath: folder + "/moved")
      let moved = EmbeddedCluster(directory: folder + "/moved")
      let second = try await PostgresConnection.connect(try #require(try await moved.running()))
      #expect(try await second.query("SELECT answer FROM kept")[0].decode("answer", as: Int.self) == 42)
      await second.close()
      #expect(try await moved.stop())
      try FileManager.default.moveItem(atPath: folder + "/moved", toPath: folder + "/again")
      let again = EmbeddedCluster(directory: folder + "/again")
      let third = try await PostgresConnection.connect(again.start())
      #expect(try await third.query("SELECT answer FROM kept")[0].decode("answer", as: Int.self) == 42)
      await third.close()
      try await again.remove()
    }
  }

  @Test(arguments: ["", "1\n/\n1\n5432\n\n\n  1 1\n", "999999999\n", "no number\n"])
  func aPidFileOfAPowerCutIsNoObstacle(_ contents: String) async throws {
    try await withFolder { folder in
      let cluster = EmbeddedCluster(directory: folder + "/postgres")
      _ = try await cluster.start()
      #expect(try await cluster.stop())
      let file = folder + "/postgres/data/postmaster.pid"
      try Data(contents.utf8).write(to: URL(filePath: file))
      _ = try await Program.run("chown", ["--reference", folder + "/postgres/data", file])
      let connection = try await PostgresConnection.connect(cluster.start())
      #expect(try await connection.query("SELECT 1 AS one").count == 1)
      await connection.close()
    }
  }

  @Test func dataOfAnotherVersionAreSaidToBeSo() async throws {
    try await withFolder { folder in
      let cluster = EmbeddedCluster(directory: folder + "/postgres")
      _ = try await cluster.start()
      #expect(try await cluster.stop())
      try Data("9\n".utf8).write(to: URL(filePath: folder + "/postgres/data/PG_VERSION"))
      let error = await #expect(throws: EmbeddedClusterError.self) { try await cluster.start() }
      #expect(error?.summary.contains("made by PostgreSQL 9, and this host has") == true)
      #expect(error?.advice?.contains("postgresql-9-postgis") == true)
    }
  }

  @Test func theVersionOfTheDataIsChosenOverTheOneThatIsNamed() async throws {
    try await withFolder { folder in
      let cluster = EmbeddedCluster(directory: folder + "/postgres")
      _ = try await cluster.start()
      #expect(try await cluster.stop())
      let other = folder + "/other"
      try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
      for program in ["initdb", "postgres"] {
        try Data("#!/bin/sh\necho 'postgres (PostgreSQL) 99.1'\n".utf8).write(to: URL(filePath: "\(other)/\(program)"))
        chmod("\(other)/\(program)", 0o755)
      }
      let connection = try await PostgresConnection.connect(
        EmbeddedCluster(directory: folder + "/postgres", binaries: other).start())
      #expect(try await connection.query("SELECT 1 AS one").count == 1)
      await connection.close()
    }
  }

  @Test func aServerThatDoesNotStartIsShownWithItsLastWords() async throws {
    try await withFolder { folder in
      let cluster = EmbeddedCluster(directory: folder + "/postgres")
      _ = try await cluster.start()
      #expect(try await cluster.stop())
      let settings = folder + "/postgres/data/postgresql.conf"
      let kept = FileManager.default.contents(atPath: settings) ?? Data()
      try (kept + Data("nonsense = on\n".utf8)).write(to: URL(filePath: settings))
      let error = await #expect(throws: EmbeddedClusterError.self) { try await cluster.start() }
      let told = ([error?.summary ?? ""] + (error?.causes ?? [])).joined(separator: "\n")
      #expect(told.contains("nonsense"))
      #expect(error?.advice?.contains(folder + "/postgres/log") == true)
    }
  }

  @Test func whatItDidNotMakeIsNotRemoved() async throws {
    try await withFolder { folder in
      let cluster = EmbeddedCluster(directory: folder + "/postgres")
      _ = try await cluster.start()
      try Data("mine".utf8).write(to: URL(filePath: folder + "/postgres/notes.txt"))
      try await cluster.remove()
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/postgres") == ["notes.txt"])
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
