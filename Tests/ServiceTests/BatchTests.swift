import Base
import Console
import Logging
import Postgres
import TestSupport
import Testing
import WebService

@Suite(.database)
struct BatchTests {
  private func running(_ body: () async throws -> Void) async throws {
    let runner = BatchRunner(
      database: TestDatabase.current.configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let task = Task { try await runner.run() }
    do {
      try await body()
    } catch {
      task.cancel()
      throw error
    }
    task.cancel()
    _ = try await task.value
  }

  @Test func aPreviewSaysWhichAndWhyNotAndDoesNothing() async throws {
    try await ServiceScene.serving { scene in
      try await scene.enqueue(years: 2001...2020)
      try await scene.failAll("data")
      let preview = try await scene.post(
        "/api/v1/batches/preview", #"{"act": "retry", "selection": {"dataset": "income", "years": [2001, 2002]}}"#)
      #expect(preview.json.at("tasks") == .integer(2), "\(preview)")
      #expect(try await scene.count("service.audit") == 0)
      #expect(try await scene.count("service.batch") == 0)
      #expect(try await scene.count("queue.task WHERE state = 'failed'") == 20)
    }
  }

  @Test func manyTasksAreDoneToOneByOneAndEachTellsWhatBecameOfIt() async throws {
    try await ServiceScene.serving { scene in
      try await scene.enqueue(years: 1901...2025)
      try await scene.failAll()
      let made = try await scene.post(
        "/api/v1/batches", #"{"act": "retry", "selection": {"dataset": "income"}, "reason": "mended"}"#)
      #expect(made.status == 202, "\(made)")
      // One of them is taken along before its turn comes.
      _ = try await scene.connection.query("SELECT queue.retry_task(1)")
      try await running {
        try await eventually("the batch ends") {
          try await scene.get("/api/v1/batches/1").json.at("state")?.text == "finished"
        }
      }
      let batch = try await scene.get("/api/v1/batches/1").json
      #expect(batch.at("done") == .integer(124) && batch.at("left_alone") == .integer(1), "\(batch)")
      #expect(try await scene.count("queue.ready") == 125)
      guard case .array(let left) = try await scene.get("/api/v1/batches/1/tasks?result=left_alone").json else {
        return
      }
      #expect(left.count == 1 && left[0].at("reason")?.text?.isEmpty == false, "\(left)")
      #expect(try await scene.count("service.audit") == 1)
      let actor: String = try await scene.connection.one(
        "SELECT actor FROM queue.event WHERE kind = 'retried' ORDER BY event_id DESC LIMIT 1"
      ).decode("actor")
      #expect(actor.hasPrefix("anonymous by "), "\(actor)")
    }
  }

  @Test func whatACrashLeavesUndoneTheNextGoesOnWith() async throws {
    try await ServiceScene.serving { scene in
      try await scene.enqueue(years: 1901...2025)
      try await scene.failAll()
      _ = try await scene.post("/api/v1/batches", #"{"act": "retry", "selection": {"backfill": 1}}"#)
      // A piece that is rolled back, as of a coordinator that dies in the middle; then one that is kept.
      try await scene.connection.executeScript(
        "BEGIN; SELECT service.work_batches(50); ROLLBACK; BEGIN; SELECT service.work_batches(30); COMMIT")
      #expect(try await scene.get("/api/v1/batches/1").json.at("done") == .integer(30))
      let cancelled = try await scene.post("/api/v1/batches/1/cancel")
      #expect(cancelled.json.at("state")?.text == "cancelled", "\(cancelled)")
      try await running {}
      #expect(try await scene.count("queue.ready") == 30)
      #expect(try await scene.count("service.batch_task WHERE result = 'cancelled'") == 95)
      #expect(try await scene.post("/api/v1/batches/1/cancel").status == 409)
    }
  }
}
