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

  /// However many listen, the database is asked once a second.
  @Test func listenersShareOneQuery() async throws {
    try await ServiceScene.serving { scene in
      try await scene.connection.executeScript(
        """
        CREATE SEQUENCE asked;
        ALTER FUNCTION service.changes RENAME TO real_changes;
        CREATE FUNCTION service.changes(after_event bigint DEFAULT NULL) RETURNS TABLE (kind text, key text, data text)
        LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('public.asked'); RETURN QUERY SELECT * FROM service.real_changes($1); END $$;
        """)
      var listeners: [Listener] = []
      for _ in 0..<20 { listeners.append(try await Listener.start(scene)) }
      try await eventually("all are there") {
        try await scene.get("/metrics").body.contains("aker_event_listeners 20")
      }
      let began = ContinuousClock.now
      let before: Int = try await scene.connection.one("SELECT last_value FROM asked").decode("last_value")
      try await eventually("it is asked again") {
        try await scene.connection.one("SELECT last_value FROM asked").decode("last_value") >= before + 2
      }
      let asked: Int = try await scene.connection.one("SELECT last_value FROM asked").decode("last_value") - before
      #expect(Double(asked) <= (.now - began) / .seconds(1) + 1)
      for listener in listeners { try await listener.stop() }
    }
  }
}
