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

  /// What the database sends each second is what changed, however much there is.
  @Test(arguments: [(2, 3), (30, 3), (2, 40)])
  func onlyWhatChangedIsSent(datasets: Int, years: Int) async throws {
    try await ServiceScene.serving { scene in
      for number in 1...datasets { try await scene.enqueue("d\(number)", years: 1901...(1900 + years)) }
      let connection = scene.connection
      func changes(_ known: [(String, String)]) async throws -> (kinds: [String: Int], lanes: [(String, String)]) {
        let rows = try await connection.query(
          "SELECT kind, key, data FROM service.changes(NULL, $1, $2)", [known.map(\.0), known.map(\.1)])
        var kinds: [String: Int] = [:]
        var lanes: [(String, String)] = []
        for row in rows {
          let kind: String = try row.decode("kind")
          kinds[kind, default: 0] += 1
          if kind == "lane" { lanes.append((try row.decode("key"), try row.decode("data"))) }
        }
        return (kinds, lanes)
      }
      let all = try await changes([])
      #expect(all.kinds["cell"] == datasets * years && all.lanes.count == datasets)
      let same = try await changes(all.lanes)
      #expect(same.kinds["cell"] == nil && same.kinds["lane"] == nil && same.kinds["ended"] == nil, "\(same)")
      _ = try await connection.query("SELECT queue.cancel_task(1, 'one')")
      let one = try await changes(all.lanes)
      #expect(one.kinds["cell"] == years && one.lanes.count == 1 && one.kinds["ended"] == nil, "\(one)")
      let ended = try await changes(all.lanes + [("999 gone", "x")])
      #expect(ended.kinds["ended"] == 1, "\(ended)")
    }
  }

  /// However many listen, the database is asked once a second, and for all of them together.
  @Test func listenersShareOneQuery() async throws {
    try await ServiceScene.serving { scene in
      try await scene.enqueue()
      try await scene.connection.executeScript(
        """
        CREATE SEQUENCE asked;
        ALTER FUNCTION service.changes RENAME TO real_changes;
        CREATE FUNCTION service.changes(after_event bigint, known_lanes text[], known_marks text[])
          RETURNS TABLE (kind text, key text, data text) LANGUAGE plpgsql AS $$ BEGIN
            PERFORM nextval('public.asked'); RETURN QUERY SELECT * FROM service.real_changes($1, $2, $3); END $$;
        """)
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
