import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

@Suite(.database)
struct EventTests {
  /// A listener whose messages go to a file.
  private struct Listener {
    let program: Program
    let file: String

    static func start(_ scene: ServiceScene, after id: String? = nil) async throws -> Listener {
      let file = "/tmp/aker-events-\(UUID().uuidString)"
      let header = id.map { ["-H", "Last-Event-ID: \($0)"] } ?? []
      let program = try await Program.start(
        "curl", ["-s", "-N", "--max-time", "120"] + header + ["-o", file, scene.url + "/api/v1/events"])
      return Listener(program: program, file: file)
    }

    var text: String { String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self) }
    var lastID: String? {
      text.split(separator: "\n").last { $0.hasPrefix("id: ") }.map { String($0.dropFirst("id: ".count)) }
    }

    func stop() async throws {
      program.send(SIGTERM)
      _ = try await program.wait()
      try? FileManager.default.removeItem(atPath: file)
    }
  }

  @Test func whoListensHearsOfChangesAndResumes() async throws {
    try await ServiceScene.serving { scene in
      try await scene.enqueue()
      let first = try await Listener.start(scene)
      let second = try await Listener.start(scene)
      try await eventually("both are there") {
        try await scene.get("/metrics").body.contains("aker_event_listeners 2")
      }
      // Until the first look, nothing is known that could change.
      var pauses = 0
      try await eventually("a change is told to both") {
        pauses += 1
        _ = try await scene.connection.query("SELECT queue.pause_backfill(1, 'lunch \(pauses)')")
        try await Task.sleep(for: .milliseconds(200))
        return [first, second].allSatisfy { $0.text.contains("event: event") && $0.text.contains("lunch") }
      }
      let last = try #require(first.lastID)
      try await first.stop()
      _ = try await scene.connection.query("SELECT queue.cancel_task(1, 'meanwhile')")
      try await eventually("the other hears of it") { second.text.contains("\"cancelled\"") }
      let resumed = try await Listener.start(scene, after: last)
      try await eventually("what was missed is told") { resumed.text.contains("event: cell") }
      #expect(!resumed.text.contains("event: reset"))
      // Nothing twice.
      let ids = resumed.text.split(separator: "\n").filter { $0.hasPrefix("id: ") }
      #expect(Set(ids).count == ids.count && !ids.contains("id: \(last)"))
      try await resumed.stop()
      try await second.stop()
      let stranger = try await Listener.start(scene, after: "00000000-7")
      try await eventually("who comes from another life reads everything again") {
        stranger.text.contains("event: reset")
      }
      try await stranger.stop()
    }
  }

  /// What the database reads and sends each second is what changed, however much there is.
  @Test(arguments: [(2, 3), (30, 3), (2, 40)])
  func onlyWhatChangedIsSent(datasets: Int, years: Int) async throws {
    try await ServiceScene.serving { scene in
      for number in 1...datasets { try await scene.enqueue("d\(number)", years: 1901...(1900 + years)) }
      let connection = scene.connection
      var (snapshot, running): (String?, [(lane: Int, year: Int, count: Int)]) = (nil, [])
      func cells() async throws -> [String] {
        let rows = try await connection.query(
          "SELECT kind, key, data FROM service.changes(NULL, $1, $2, $3, $4) ORDER BY key",
          [snapshot, running.map(\.lane), running.map(\.year), running.map(\.count)])
        running = []
        var cells: [String] = []
        for row in rows {
          let (kind, key) = (try row.decode("kind", as: String.self), try row.decode("key", as: String.self))
          let parts = key.split(separator: " ").compactMap { Int($0) }
          switch kind {
          case "snapshot": snapshot = key
          case "running": running.append((parts[0], parts[1], Int(try row.decode("data", as: String.self)) ?? 0))
          case "cell": cells.append(key)
          default: break
          }
        }
        return cells
      }
      func names(_ task: String) async throws -> [String] {
        try await connection.query(
          "SELECT concat_ws(' ', backfill_id, dataset, data_year) AS n FROM queue.task WHERE task_id = \(task)"
        ).map { try $0.decode("n") }
      }
      #expect(try await cells() == [], "the first look is where it begins")
      #expect(try await cells() == [])
      _ = try await connection.query("SELECT queue.cancel_task(1, 'one')")
      let name1 = try await names("1")
      #expect(try await cells() == name1)
      #expect(try await cells() == [])
      // What runs is no count, and is told when it begins and ends.
      let worker: Int = try await connection.one("SELECT queue.register_worker('w', 'h', 1, 'v', 2) AS w").decode("w")
      _ = try await connection.query("CREATE TEMPORARY TABLE c AS SELECT * FROM queue.claim($1, 2)", [worker])
      #expect(try await cells().count == 2)
      #expect(try await cells() == [])
      _ = try await connection.query("SELECT queue.fail(task_id, lease_token, 'transient', 'x') FROM c")
      #expect(try await cells().count == 2)
      #expect(try await cells() == [])
      // Begun before a look and committed after it.
      let other = try await TestDatabase.current.connect()
      try await other.execute("BEGIN")
      _ = try await other.query("SELECT queue.cancel_task(3, 'late')")
      #expect(try await cells() == [])
      try await other.execute("COMMIT")
      await other.close()
      let name3 = try await names("3")
      #expect(try await cells() == name3)
    }
  }

  /// However many listen, the database is asked once a second, and for all of them together.
  @Test func listenersShareOneQuery() async throws {
    try await ServiceScene.serving { scene in
      try await scene.enqueue()
      try await scene.countLooks()
      for count in [1, 200] { try await listen(scene, count) }
    }
  }

  /// Counts what is asked of the database in four rounds with so many listeners.
  private func listen(_ scene: ServiceScene, _ count: Int) async throws {
    let folder = "/tmp/aker-events-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let streams = (1...count).flatMap { ["-o", "\(folder)/\($0)", scene.url + "/api/v1/events"] }
    let program = try await Program.start(
      "curl",
      ["-sN", "--max-time", "120", "--parallel", "--parallel-immediate", "--parallel-max", "\(count)"] + streams)
    try await eventually("all are listened to") {
      let files = try FileManager.default.contentsOfDirectory(atPath: folder)
      return files.count { FileManager.default.contents(atPath: "\(folder)/\($0)")?.isEmpty == false } == count
    }
    let began = ContinuousClock.now
    let (first, firstRound) = (try await transactions(), try await rounds(scene))
    var looks = 1
    try await eventually("it is asked again") {
      looks += 1
      return try await rounds(scene) >= firstRound + 4
    }
    let (asked, passed) = (try await rounds(scene) - firstRound, try await transactions() - first)
    #expect(Double(asked) <= (.now - began) / .seconds(1) + 1, "\(count) listeners")
    // What else is counted late is of before, and is not a question for each of them.
    #expect(
      passed - looks <= asked + 20, "\(count): \(passed) transactions, \(looks) of the test's, in \(asked) rounds")
    program.send(SIGTERM)
    _ = try await program.wait()
    try await eventually("nobody listens") {
      try await scene.get("/metrics").body.contains("aker_event_listeners 0")
    }
  }

  private func rounds(_ scene: ServiceScene) async throws -> Int {
    try await scene.connection.one("SELECT last_value AS n FROM asked").decode("n")
  }

  /// Of the test's database, seen from another, so that looking does not count.
  private func transactions() async throws -> Int {
    let counter = try await TestDatabase.current.cluster.connect()
    let count: Int = try await counter.one(
      "SELECT xact_commit + xact_rollback AS n FROM pg_stat_database WHERE datname = $1", [TestDatabase.current.name]
    ).decode("n")
    await counter.close()
    return count
  }
}
