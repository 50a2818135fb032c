import FoundationEssentials
import Postgres
import Queue
import TestSupport
import Testing

/// Tasks to be done, workers to do them, and the table of their effects.
struct ChaosScene {
  var fixture: QueueFixture

  static func make(tasks: Int, on database: TestDatabase = .current) async throws -> ChaosScene {
    let fixture = try await QueueFixture.make(on: database)
    try await fixture.run("CREATE TABLE effect (task_id bigint NOT NULL, lease_token bigint NOT NULL)")
    try await fixture.run("UPDATE queue.setting SET retry_base_interval = '100 milliseconds'")
    let years = 10
    if tasks > 0 {
      try await fixture.declare("tiles", regions: (1...tasks / years).map { "r\($0)" })
      try await fixture.enqueue(["tiles"], years: 2001...2000 + years)
    }
    return ChaosScene(fixture: fixture)
  }

  func worker(
    _ name: String, slots: Int = 4, milliseconds: Int, untilEmpty: Bool = true, drainTimeout: Int = 20,
    dsn: String? = nil
  ) async throws -> Program {
    let arguments = [
      "--slots", "\(slots)", "--name", name, "--no-op-table", "effect", "--no-op-milliseconds", "\(milliseconds)",
      "--drain-timeout", "\(drainTimeout)",
    ]
    return try await Program.start(
      Executable.worker, arguments + (untilEmpty ? ["--until-empty"] : []),
      environment: ["AKER_POSTGIS_DSN": dsn ?? fixture.database.dsn])
  }

  func effectCount() async throws -> Int {
    try await fixture.value("SELECT count(*) FROM effect")
  }

  func wait(forEffects count: Int) async throws {
    try await eventually(within: .seconds(60), "\(count) effects") { try await effectCount() >= count }
  }

  /// Waits until every task has ended, and counts.
  func expectEachEffectOnce(
    within limit: Duration = .seconds(90), sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await eventually(within: limit, "every task completed", sourceLocation: sourceLocation) {
      try await fixture.value("SELECT bool_and(state = 'completed') FROM queue.task")
    }
    let wrong = try await fixture.values(
      """
      SELECT format('task %s: %s effects', t.task_id, count(e.task_id)) FROM queue.task t LEFT JOIN effect e
        ON e.task_id = t.task_id AND e.lease_token = t.lease_token
      GROUP BY t.task_id HAVING count(e.task_id) <> 1
      """, as: String.self)
    #expect(wrong == [], sourceLocation: sourceLocation)
    #expect(
      try await effectCount() == (try await fixture.value("SELECT count(*) FROM queue.task")),
      sourceLocation: sourceLocation)
  }
}
