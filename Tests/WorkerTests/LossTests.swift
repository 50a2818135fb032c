import Postgres
import Queue
import TestSupport
import Testing

@testable import Worker

/// Losing one's worker to our own database trouble counts toward no task's quarantine.
@Suite(.database, .whateverHappens)
struct LossTests {
  /// The database refuses a worker for so long that the reaper gives it up, three times over: the third time was the end
  /// of a healthy task once. Three seconds are more than two ticks: the worker meets the error before it is given up.
  @Test(arguments: ["53100", "53300"])
  func threeEpisodesOfTheDatabaseQuarantineNothing(sqlState: String) async throws {
    let scene = try await WorkerScene.make(years: 2001...2001)
    try await scene.connection.execute("UPDATE queue.setting SET lease_interval = '3 seconds'")
    let goOn = Turnstile()
    let handler = ScriptedHandler { _, _ in
      while !goOn.isOpen { try await Task.sleep(for: .milliseconds(20)) }
      return .completed(result: nil)
    }
    try await scene.withWorker(handler) {
      for episode in 1...3 {
        try await eventually(within: .seconds(30), "its task runs") {
          try await scene.count("SELECT count(*) AS n FROM queue.lease") == 1
        }
        let injected = try await InjectedErrors.put([sqlState], before: "tick", forever: true, scene.connection)
        try await eventually(within: .seconds(30), "the reaper has taken it away") {
          try await scene.connection.execute("SELECT set_config('aker.lease_scan_at', '', false), queue.reap()")
          return try await scene.count("SELECT count(*) AS n FROM queue.outcome WHERE kind = 'worker_lost' OR final")
            == episode
        }
        try await injected.takeAway()
        try await eventually(within: .seconds(30), "its process has said that it lives") {
          try await scene.count("SELECT count(*) AS n FROM queue.worker WHERE loss_excused_at IS NOT NULL") == episode
        }
      }
      goOn.open()
      try await eventually(within: .seconds(30), "it is done") { try await scene.completedCount() == 1 }
    }
    #expect(try await scene.count("SELECT count(*) AS n FROM queue.outcome WHERE kind = 'worker_lost'") == 3)
    #expect(try await scene.count("SELECT count(*) AS n FROM queue.event WHERE kind = 'loss_excused'") == 3)
    #expect(try await scene.count("SELECT count(*) AS n FROM queue.outcome WHERE kind = 'failed'") == 0)
  }

  @Test func aQuarantineThatTheDatabaseCausedIsUndone() async throws {
    let scene = try await WorkerScene.make(years: 2001...2002)
    try await scene.connection.execute("UPDATE queue.setting SET max_lost_workers = 1, lease_interval = '1 second'")
    let worker = try await scene.count("SELECT queue.register_worker('w9', 'h', 1, 'v', 2) AS n")
    #expect(try await scene.connection.query("SELECT FROM queue.claim($1, 1)", [worker]).count == 1)
    try await eventually("the reaper has given it up") {
      try await scene.connection.execute("SELECT set_config('aker.lease_scan_at', '', false), queue.reap()")
      return try await scene.count("SELECT count(*) AS n FROM queue.outcome WHERE kind = 'failed' AND final") == 1
    }
    #expect(try await scene.count("SELECT queue.excuse_loss(\(worker), 'disk full') AS n") == 1)
    #expect(try await scene.count("SELECT count(*) AS n FROM queue.ready WHERE lost_count = 0") == 2)
    // Once.
    #expect(try await scene.count("SELECT queue.excuse_loss(\(worker), 'disk full') AS n") == 0)
  }

  @Test(arguments: [TestCluster.StopMode.fast, .immediate])
  func aServerThatBeganAnewMeanwhileIsToBlame(mode: TestCluster.StopMode) async throws {
    let cluster = try await TestCluster.start()
    try await TestDatabase.makeTemplate(on: cluster)
    let database = try await TestDatabase.create(on: cluster, name: "anew")
    let scene = try await WorkerScene.make(years: 2001...2001, on: database)
    try await scene.connection.execute("UPDATE queue.setting SET max_lost_workers = 1, lease_interval = '1 second'")
    let worker = try await scene.count("SELECT queue.register_worker('w9', 'h', 1, 'v', 1) AS n")
    #expect(try await scene.connection.query("SELECT FROM queue.claim($1, 1)", [worker]).count == 1)
    await scene.connection.close()
    try await cluster.restartServer(mode)
    let connection = try await database.connect()
    try await eventually("the reaper has given it up") {
      try await connection.execute("SELECT set_config('aker.lease_scan_at', '', false), queue.reap()")
      return try await connection.query("SELECT FROM queue.lease").isEmpty
    }
    let outcome = try await connection.query("SELECT kind::text AS kind, reason FROM queue.outcome")
    #expect(try outcome[0].decode("kind") == "released")
    #expect(try outcome[0].decode("reason", as: String.self).contains("the database server began anew"))
    await connection.close()
    try await cluster.stopServer()
  }

  /// One of the server's processes crashes, and it initialises anew: no restart, and all sessions are gone.
  @Test func aServerThatCrashedIsToBlame() async throws {
    let cluster = try await TestCluster.start()
    try await TestDatabase.makeTemplate(on: cluster)
    let database = try await TestDatabase.create(on: cluster, name: "crashed")
    let scene = try await WorkerScene.make(years: 2001...2001, on: database)
    let before = try await scene.text("SELECT queue._server_began_at()::text AS text")
    let pid: Int32 = try await scene.connection.query("SELECT pg_backend_pid() AS pid")[0].decode("pid")
    _ = try await Program.run("kill", ["-9", "\(pid)"])
    try await eventually(within: .seconds(60), "it serves again, and says that it began anew") {
      guard let connection = try? await database.connect() else { return false }
      let rows = try await connection.query("SELECT queue._server_began_at()::text AS text")
      let now: String? = try rows.first?.decode("text")
      await connection.close()
      return now != nil && now != before
    }
    try await cluster.stopServer()
  }
}
