import Base
import Postgres
import TestSupport
import Testing

@Suite(.database)
struct ActTests {
  @Test func aDoubleClickIsOneAct() async throws {
    try await ServiceScene.serving { scene in
      try await scene.enqueue()
      let before = try await scene.count("queue.event WHERE kind = 'paused'")
      let body = #"{"backfill": 1, "reason": "lunch"}"#
      let answers = try await withThrowingTaskGroup(of: ServiceScene.Answer.self) { group in
        for _ in 0..<6 {
          group.addTask { try await scene.post("/api/v1/pause", body, token: nil, "Idempotency-Key: k1") }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(answers.allSatisfy { $0.status == 200 && $0.body == answers[0].body }, "\(answers)")
      #expect(answers.count { $0.headers["idempotency-replayed"] == "true" } == 5)
      #expect(try await scene.count("queue.event WHERE kind = 'paused'") == before + 1)
      #expect(try await scene.count("service.audit WHERE outcome = 'done'") == 1)
      // The same key for something else is a mistake.
      let other = try await scene.post("/api/v1/pause", #"{"queue": true}"#, token: nil, "Idempotency-Key: k1")
      #expect(other.status == 409, "\(other)")
      for key in ["", String(repeating: "k", count: 201)] {
        let header = key.isEmpty ? "Idempotency-Key;" : "Idempotency-Key: \(key)"
        let refused = try await scene.post("/api/v1/pause", body, token: nil, header)
        #expect(refused.status == 422, "\(refused)")
      }
      // What was refused was not done, and may be tried again.
      let refused = try await scene.post("/api/v1/retry", #"{"task": 1}"#, token: nil, "Idempotency-Key: k2")
      #expect(refused.status == 409, "\(refused)")
      #expect(try await scene.count("service.idempotency") == 1)
    }
  }

  @Test func whatMakesNoSenseIsRefusedWithAHint() async throws {
    try await ServiceScene.serving { scene in
      try await scene.enqueue()
      let cases: [(String, String?, Int)] = [
        ("/api/v1/pause", #"{"queue": true, "backfill": 1}"#, 422), ("/api/v1/pause", #"{"quue": true}"#, 422),
        ("/api/v1/pause", "{", 400), ("/api/v1/pause", #"{"backfill": "x"}"#, 422),
        ("/api/v1/pause", #"{"backfill": 99}"#, 404),
        ("/api/v1/pause", #"{"queue": false}"#, 422),
        ("/api/v1/cancel", #"{"task": -101022679483261400945256300544}"#, 422),
        ("/api/v1/cancel", #"{"task": 9223372036854775807}"#, 404),
        ("/api/v1/retry", #"{"backfill": 1, "definition": "00000000"}"#, 422),
        ("/api/v1/cancel", #"{"task": 99}"#, 404),
        ("/api/v1/pause", #"{"dataset": "a\u0000b"}"#, 422),
        ("/api/v1/backfills", #"{"datasets": ["market_income"]}"#, 422),
        ("/api/v1/backfills", #"{"datasets": ["nope"], "years": "2012"}"#, 404),
        ("/api/v1/flows/nope/trigger", nil, 404), ("/api/v1/flows/nope/pause", "{}", 404),
        ("/api/v1/batches", #"{"act": "retry", "selection": {}}"#, 422),
      ]
      for (path, body, status) in cases {
        let answer = try await scene.post(path, body)
        #expect(answer.status == status, "\(path) \(body ?? ""): \(answer)")
        #expect(answer.headers["content-type"] == "application/problem+json", "\(path)")
      }
      for (path, status) in [
        ("/api/v1/tasks?state=broken", 422), ("/api/v1/tasks?nope=1", 422), ("/api/v1/tasks?limit=0", 422),
        ("/api/v1/tasks?cursor=x", 422), ("/api/v1/tasks?cursor=c1", 200), ("/api/v1/tasks/x", 404),
        ("/api/v1/tasks/99", 404),
        ("/api/v1/tasks/99999999999999999999", 404), ("/api/v1/backfills/99", 404), ("/api/v1/nope", 404),
        ("/api/v1/sources/nope", 404), ("/api/v1/lineage/nope/2012", 404), ("/api/v1/tasks?dataset=%00", 422),
        ("/api/v1/tasks?error_class=rate+limited", 422), ("/api/v1/tasks?backfill=+1", 422),
        ("/api/v1/tasks?backfill=1.5", 422), ("/api/v1/tasks?year=0x7d1", 422), ("/api/v1/tasks?year=2001", 200),
      ] {
        #expect(try await scene.get(path).status == status, "\(path)")
      }
      #expect(try await scene.ask("QUERY", "/api/v1/tasks/1").status == 405)
      let method = try await scene.ask("DELETE", "/api/v1/tasks")
      #expect(method.status == 405 && method.headers["allow"] == "GET", "\(method)")
    }
  }

  @Test func pagesAreWholeThoughTasksComeBetween() async throws {
    try await ServiceScene.serving { scene in
      try await scene.enqueue(years: 2001...2025)
      var found: [Int64] = []
      var path = "/api/v1/tasks?limit=10&state=ready"
      while true {
        let page = try await scene.get(path)
        guard case .array(let tasks) = page.json else { throw TestFailure("\(page)") }
        found += tasks.compactMap { if case .integer(let id)? = $0.at("task_id") { id } else { nil } }
        try await scene.enqueue("jobs\(found.count)", years: 2001...2002)
        guard let link = page.headers["link"], let end = link.firstIndex(of: ">") else { break }
        path = String(link[link.index(after: link.startIndex)..<end])
      }
      #expect(Set(found).count == found.count)
      #expect(Set(1...25).isSubset(of: Set(found)))
    }
  }

  @Test func whatHasNotChangedIsNotSentAgain() async throws {
    try await ServiceScene.serving { scene in
      try await scene.enqueue()
      for path in ["/api/v1/status", "/api/v1/tasks", "/api/v1/backfills/1"] {
        let first = try await scene.get(path)
        let tag = try #require(first.headers["etag"], "\(first)")
        let again = try await scene.get(path, token: nil, "If-None-Match: \(tag)")
        #expect(again.status == 304 && again.body.isEmpty, "\(path): \(again)")
      }
      let tag = try #require(try await scene.get("/api/v1/tasks").headers["etag"])
      _ = try await scene.post("/api/v1/cancel", #"{"task": 1}"#)
      #expect(try await scene.get("/api/v1/tasks", token: nil, "If-None-Match: \(tag)").status == 200)
    }
  }

  @Test func theSameJSONAsOnTheCommandLine() async throws {
    try await ServiceScene.serving(prefix: "/aker") { scene in
      try await scene.enqueue()
      try await scene.failAll()
      let environment = ["AKER_POSTGIS_DSN": TestDatabase.current.dsn]
      for (path, command) in [
        ("/api/v1/tasks", ["tasks"]), ("/api/v1/backfills", ["backfills"]), ("/api/v1/tasks/1", ["task", "1"]),
        ("/api/v1/status", ["status"]), ("/api/v1/alerts", ["alert", "ls"]), ("/api/v1/lake", ["lake", "ls"]),
        ("/api/v1/tasks/1/why", ["why", "1"]), ("/api/v1/warnings", ["warnings"]),
      ] {
        let said = try await Program.run(Executable.aker, command + ["--json"], environment: environment)
        #expect(said.exitCode == 0, "\(command): \(said)")
        let answered = try await scene.get(path)
        #expect(answered.json == JSONValue(parsing: said.output), "\(path): \(answered)\n\(said.output)")
      }
    }
  }
}
