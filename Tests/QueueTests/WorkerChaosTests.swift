import Glibc
import Postgres
import Queue
import TestSupport
import Testing

/// Real workers that are killed, suspended, cut off and drained in the middle of their work. Each task's effect is one row, written
/// behind the fence in the transaction that completes it: so whoever counts the rows sees what was lost or done twice.
@Suite(.database, .serialized)
struct WorkerChaosTests {
  @Test func aKilledWorkersTasksRunElsewhereWithoutWaitingForItsLeases() async throws {
    let scene = try await ChaosScene.make(tasks: 300)
    // By its silence alone it would be missed in an hour; by its session, which the server ends, at once.
    try await scene.fixture.run("UPDATE queue.setting SET lease_interval = '1 hour'")
    // In the first seconds of a server its sessions are all new, and a missing lock proves nothing.
    try await eventually(within: .seconds(20), "the server is old enough") {
      try await scene.fixture.value("SELECT pg_postmaster_start_time() < clock_timestamp() - interval '16 seconds'")
    }
    let (victim, survivor) = (
      try await scene.worker("victim", milliseconds: 100), try await scene.worker("survivor", milliseconds: 100)
    )
    try await eventually(within: .seconds(60), "the victim has work in hand") {
      try await scene.fixture.value(
        "SELECT count(*) > 0 FROM queue.lease JOIN queue.worker w USING (worker_id) WHERE w.name = 'victim'")
    }
    let victimID = try await scene.fixture.value(
      "SELECT worker_id FROM queue.worker WHERE name = 'victim'", as: Int.self)
    victim.send(SIGKILL)
    var orphans = try await scene.fixture.values(
      "SELECT task_id FROM queue.lease WHERE worker_id = $1", [victimID], as: Int64.self)
    try await eventually(within: .seconds(60), "its tasks are running elsewhere, or done") {
      orphans = try await scene.fixture.values(
        "SELECT task_id FROM queue.lease WHERE worker_id = $1", [victimID], as: Int64.self)
      return orphans.isEmpty
    }
    #expect(try await victim.wait().signal == SIGKILL)
    try await scene.expectEachEffectOnce()
    #expect(
      try await scene.fixture.value("SELECT state FROM queue.worker WHERE name = 'victim'", as: String.self) == "lost")
    #expect(try await survivor.wait().exitCode == 0)
  }

  @Test func aSuspendedWorkerChangesNothingWhenItWakes() async throws {
    let scene = try await ChaosScene.make(tasks: 150)
    try await scene.fixture.run("UPDATE queue.setting SET lease_interval = '3 seconds'")
    // Alone at first, so that it has work in hand when it is stopped, however slow the machine.
    let sleeper = try await scene.worker("sleeper", milliseconds: 200)
    try await scene.wait(forEffects: 20)
    sleeper.send(SIGSTOP)
    let other = try await scene.worker("other", milliseconds: 50)
    try await eventually(within: .seconds(60), "the sleeper is given up") {
      try await scene.fixture.value("SELECT state = 'lost' FROM queue.worker WHERE name = 'sleeper'")
    }
    try await scene.expectEachEffectOnce()
    sleeper.send(SIGCONT)
    let result = try await sleeper.wait()
    #expect(result.exitCode == 0, "\(result)")
    #expect(
      result.errorOutput.contains("given up by the queue") || result.errorOutput.contains("fenced off"), "\(result)")
    try await scene.expectEachEffectOnce()
    #expect(try await other.wait().exitCode == 0)
  }

  @Test func cuttingEverySessionLosesAndDoublesNothing() async throws {
    let scene = try await ChaosScene.make(tasks: 200)
    let workers = [try await scene.worker("w1", milliseconds: 20), try await scene.worker("w2", milliseconds: 20)]
    for effects in [20, 60, 100] {
      try await scene.wait(forEffects: effects)
      try await scene.fixture.run(
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'aker-worker' AND datname = current_database()
        """)
    }
    try await scene.expectEachEffectOnce()
    for worker in workers { #expect(try await worker.wait().exitCode == 0) }
  }

  @Test(arguments: [TestCluster.StopMode.fast, .immediate])
  func aRestartOfTheServerLosesAndDoublesNothing(mode: TestCluster.StopMode) async throws {
    let cluster = try await TestCluster.start(durability: .full)
    try await TestDatabase.makeTemplate(on: cluster)
    let database = try await TestDatabase.create(on: cluster, name: "restart")
    var scene = try await ChaosScene.make(tasks: 150, on: database)
    let workers = [try await scene.worker("w1", milliseconds: 20), try await scene.worker("w2", milliseconds: 20)]
    try await scene.wait(forEffects: 30)
    await scene.fixture.connection.close()
    try await cluster.restartServer(mode)
    scene.fixture = QueueFixture(database: database, connection: try await database.connect())
    try await scene.expectEachEffectOnce()
    for worker in workers {
      let result = try await worker.wait()
      #expect(result.exitCode == 0, "\(result)")
    }
    await scene.fixture.connection.close()
    try await cluster.stopServer()
  }

  @Test func cancellingStopsARunningTaskLongBeforeItsEnd() async throws {
    let scene = try await ChaosScene.make(tasks: 0)
    let long = try await scene.fixture.enqueue(years: 2001...2002).backfillID
    let worker = try await scene.worker("w", slots: 1, milliseconds: 600_000, untilEmpty: false, drainTimeout: 0)
    try await eventually("it runs") {
      try await scene.fixture.value("SELECT running = 1 FROM queue.backfill_progress WHERE backfill_id = $1", [long])
    }
    try await scene.fixture.run("SELECT queue.cancel_backfill($1)", [long])
    // Its one slot is free again only when the handler has ended, which by itself takes ten minutes.
    let next = try await scene.fixture.enqueue(years: 2011...2011).backfillID
    try await eventually(within: .seconds(60), "the next task runs") {
      try await scene.fixture.value("SELECT running = 1 FROM queue.backfill_progress WHERE backfill_id = $1", [next])
    }
    worker.send(SIGTERM)
    _ = try await worker.wait()
    #expect(try await scene.effectCount() == 0)
  }

  @Test func aDrainingWorkerFinishesWhatItCan() async throws {
    let scene = try await ChaosScene.make(tasks: 10)
    let worker = try await scene.worker("w", slots: 2, milliseconds: 500, untilEmpty: false)
    try await eventually("both slots are busy") {
      try await scene.fixture.value("SELECT count(*) = 2 FROM queue.lease")
    }
    worker.send(SIGTERM)
    let result = try await worker.wait()
    #expect(result.exitCode == 0)
    #expect(result.errorOutput.contains("draining") && result.errorOutput.contains("finished"))
    #expect(try await scene.effectCount() == 2)
    #expect(try await scene.fixture.value("SELECT count(*) FROM queue.lease", as: Int.self) == 0)
    #expect(try await scene.fixture.value("SELECT state FROM queue.worker", as: String.self) == "stopped")
  }

  @Test func aDrainingWorkerReleasesWhatItCannotFinishAndSaysWhich() async throws {
    let scene = try await ChaosScene.make(tasks: 10)
    let worker = try await scene.worker("w", slots: 2, milliseconds: 600_000, untilEmpty: false, drainTimeout: 0)
    try await eventually("both slots are busy") {
      try await scene.fixture.value("SELECT count(*) = 2 FROM queue.lease")
    }
    worker.send(SIGTERM)
    let result = try await worker.wait()
    #expect(result.exitCode == 0)
    #expect(result.errorOutput.split(separator: "released").count >= 3, "\(result)")
    #expect(result.errorOutput.contains("tiles 20"))
    #expect(
      try await scene.fixture.value("SELECT count(*) FROM queue.ready WHERE attempt_count = 0", as: Int.self) == 10)
  }

  @Test("behind a pooler in session mode, a death shows at once, as without one")
  func aDeathBehindPgbouncerInSessionMode() async throws {
    let scene = try await ChaosScene.make(tasks: 0)
    let bouncer = try await Pgbouncer.start(before: scene.fixture.database, mode: .session)
    try await scene.fixture.enqueue(years: 2081...2084)
    let victim = try await scene.worker("victim", slots: 4, milliseconds: 600_000, dsn: bouncer.dsn)
    try await eventually { try await scene.fixture.value("SELECT count(*) = 4 FROM queue.lease") }
    #expect(try await scene.fixture.value("SELECT session_lock FROM queue.worker", as: Bool.self))
    // Its lease would hide it for an hour.
    try await scene.fixture.run("UPDATE queue.setting SET lease_interval = '1 hour'")
    victim.send(SIGKILL)
    let heir = try await scene.worker("heir", milliseconds: 10, dsn: bouncer.dsn)
    try await scene.expectEachEffectOnce(within: .seconds(60))
    let result = try await heir.wait()
    #expect(result.exitCode == 0 && result.errorOutput.contains("notifications"), "\(result)")
    try await bouncer.stop()
  }

  @Test func itWorksBehindPgbouncerInTransactionMode() async throws {
    let scene = try await ChaosScene.make(tasks: 60)
    let bouncer = try await Pgbouncer.start(before: scene.fixture.database)
    let workers = [
      try await scene.worker("w1", milliseconds: 10, dsn: bouncer.dsn),
      try await scene.worker("w2", milliseconds: 10, dsn: bouncer.dsn),
    ]
    try await scene.expectEachEffectOnce()
    for worker in workers {
      let result = try await worker.wait()
      #expect(result.exitCode == 0, "\(result)")
      #expect(result.errorOutput.contains("polling (behind a pooler)"))
    }
    #expect(try await scene.fixture.value("SELECT bool_and(NOT session_lock) FROM queue.worker", as: Bool.self))
    // Its death shows when its lease ends, since there is no session of its own to see the end of.
    try await scene.fixture.run("UPDATE queue.setting SET lease_interval = '2 seconds'")
    try await scene.fixture.enqueue(years: 2081...2084)
    let victim = try await scene.worker("victim", slots: 4, milliseconds: 600_000, dsn: bouncer.dsn)
    try await eventually { try await scene.fixture.value("SELECT count(*) = 4 FROM queue.lease") }
    victim.send(SIGKILL)
    let heir = try await scene.worker("heir", milliseconds: 10, dsn: bouncer.dsn)
    try await scene.expectEachEffectOnce(within: .seconds(15))
    #expect(try await heir.wait().exitCode == 0)
    try await bouncer.stop()
  }
}
