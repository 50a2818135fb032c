import FoundationEssentials
import Glibc
import Postgres
import Synchronization
import TestSupport
import Testing

/// Workers, and what is done to them, their server, their disk, their source and their queue.
final class ChaosPool: Sendable {
  enum Fault: String, CaseIterable {
    case killWorker, suspendWorker, killEngine
    /// What a worker starts gets no more memory, and is ended by the kernel.
    case starveEngine
    /// Given up by the queue, while they are at work.
    case forgetWorkers, endLeases
    case crashServer, endSessions, lockTable
    case fullDisk, fullServer, emptyCache
    case stallSource
    case cancelTask, cancelBackfill, retry, pause, prioritize, enqueue, applyDefinition, repair, rollBack, stopWorker
    /// All functions of the queue are dropped and made again, while they are in use.
    case migrate
    /// The next publication's COMMIT, or the answer to it, comes to nobody.
    case loseCommit
    /// Connections to the database stay open, and nothing passes, one way or both.
    case halfOpen
    case crashPooler
    case prune
    /// Of the S3 server: 500, a second late, answers cut; or it stands still.
    case sickStore
    /// The standby takes over, in order or after it has lagged.
    case failOver
  }

  /// A worker, which another follows when it ends.
  private final class Place: Sendable {
    let program = Mutex<Program?>(nil)
    let isExpected = Mutex(false)
    /// What the processes that have ended had to say.
    let log = Mutex("")
  }

  let workshop: Workshop
  let servers: ChaosServers
  let watch: ChaosWatch
  let simulator: Simulator
  let disk: SmallDisk?
  let store: ObjectStore?
  let ways: ChaosWays
  /// Where the kernel lets one make it.
  let memory = MemoryGroup.make(byteCount: 1 << 20)
  let counts = Mutex<[String: Int]>([:])
  /// What ended that nobody killed.
  let surprises = Mutex<[String]>([])
  struct CommandCount {
    var asked = 0
    var done = 0
    var lastWords = ""
  }
  let commands = Mutex<[String: CommandCount]>([:])
  private let places = (1...3).map { _ in Place() }
  private let isOver = Mutex(false)
  private let keepers = Mutex<[Task<Void, any Error>]>([])
  /// Of a server that is restarted by one fault at a time.
  private let restarts = Turns(count: 1)

  init(
    workshop: Workshop, servers: ChaosServers, simulator: Simulator, disk: SmallDisk?, store: ObjectStore?,
    ways: ChaosWays
  ) {
    (self.workshop, self.servers, self.simulator, self.disk) = (workshop, servers, simulator, disk)
    (self.store, self.ways, watch) = (store, ways, ChaosWatch(database: workshop.database))
  }

  /// Faults in pairs, for as long as is said. What was done is undone when it returns.
  func suffer(for duration: Duration, seed: UInt64) async throws {
    // With a lake in S3, two of three hosts have a wrong clock.
    for (place, host) in zip(places, zip(ways.dsns, ["+0", "+1h", "-1h"]).enumerated()) {
      keep(place, "w\(host.offset + 1)", host.element.0, clock: host.element.1)
    }
    var random = SeededRandom(seed: seed)
    var faults = Fault.allCases.filter { fault in
      switch fault {
      case .halfOpen, .prune, .sickStore: store != nil
      case .failOver: ChaosSettings.hasStandby
      case .starveEngine: memory != nil
      case .fullServer: servers.primary.disk != nil
      default: true
      }
    }
    // Among two dozen faults it would hardly have its turn in a minute.
    if ChaosSettings.hasStandby { faults += [.failOver, .failOver] }
    if let only = ChaosSettings.faults { faults.removeAll { !only.contains($0.rawValue) } }
    try await operate(.enqueue, 0)
    let end = ContinuousClock.now + duration
    while ContinuousClock.now < end {
      let pair = [faults.randomElement(using: &random), faults.randomElement(using: &random)]
      let acts = try pair.compactMap { fault in try fault.map { try act($0, &random) } }
      let pause = Int.random(in: 100...1_500, using: &random)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for act in acts { group.addTask { try await act() } }
        try await group.waitForAll()
      }
      // A pool that has nothing to do suffers nothing.
      try await operate(.enqueue, pause, where: "(SELECT count(*) < 30 FROM queue.task WHERE finished_at IS NULL)")
      try await Task.sleep(for: .milliseconds(pause))
    }
    await ask("SELECT queue.resume_source('census_acs5')")
  }

  func end() async throws {
    isOver.withLock { $0 = true }
    for place in places { place.program.withLock { $0 }?.send(SIGTERM) }
    for keeper in keepers.withLock({ $0 }) { try await keeper.value }
    memory?.release()
  }

  // MARK: Workers

  private static let fakeTime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
  static let hasWrongClocks = FileManager.default.fileExists(atPath: fakeTime)

  private func keep(_ place: Place, _ name: String, _ dsn: String, clock: String) {
    let clock =
      Self.hasWrongClocks && store != nil
      ? ["LD_PRELOAD": Self.fakeTime, "FAKETIME": clock, "FAKETIME_DONT_FAKE_MONOTONIC": "1"] : [:]
    let keeper = Task { [self] in
      while !isOver.withLock({ $0 }) {
        let worker = try await Program.start(
          Executable.worker, ["--slots", "2", "--name", name, "--drain-timeout", "5"],
          environment: try await workshop.workerEnvironment(
            clock.merging(["AKER_SWAP_ROW_COUNT": "40", "AKER_POSTGIS_DSN": dsn]) { $1 }),
          directory: workshop.directory)
        place.program.withLock { $0 = worker }
        let result = try await worker.wait()
        place.log.withLock {
          $0 += "\(result.errorOutput)── ended: exit \(result.exitCode ?? -1) signal \(result.signal ?? 0)\n"
        }
        let wasExpected = place.isExpected.withLock { expected in
          defer { expected = false }
          return expected
        }
        // One that finds no server, or no room, when it starts says so and ends, for whoever keeps it to start it again. Where the
        // server's farewell is read along with its greeting, libpq prints that itself: nobody can tell it not to by then.
        let words = result.errorOutput.split(separator: "\n").drop { $0.hasPrefix("FATAL:  ") }
        let isRefused = [69, 73, 75].contains(result.exitCode) && words.first?.hasPrefix("error:") == true
        if isRefused { try await Task.sleep(for: .milliseconds(300)) }
        // Told to stop before it had said a word, or could hear it: a process that has only just begun.
        let hadBegun = result.signal != SIGTERM || !(result.output + result.errorOutput).allSatisfy(\.isWhitespace)
        let isFine = result.exitCode == 0 || isRefused || wasExpected && result.signal == SIGKILL || !hadBegun
        if !isFine { surprises.withLock { $0.append("\(name): \(result)") } }
      }
    }
    keepers.withLock { $0.append(keeper) }
  }

  /// - Returns: the file with all that the workers have said so far.
  func keepLogs() throws -> String {
    let path = "/tmp/aker-chaos-\(ChaosSettings.seed).log"
    let logs = places.enumerated().map { index, place in
      let last = place.program.withLock { $0 }?.errorOutputSoFar ?? ""
      return "── w\(index + 1)\n" + place.log.withLock { $0 } + last
    }
    try Data(logs.joined().utf8).write(to: URL(filePath: path))
    return path
  }

  /// What the workers' threads wait for in the kernel, and what the pooler knows.
  func story() async throws -> String {
    var lines: [String] = []
    for (index, place) in places.enumerated() {
      guard let worker = place.program.withLock({ $0 }) else { continue }
      let threads = try await Program.run(
        "sh", ["-c", "cd /proc/\(worker.processID) && grep State: status; head -v task/*/wchan task/*/syscall"])
      lines.append("── w\(index + 1)\n\(threads.output)")
    }
    return lines.joined(separator: "\n") + "── pooler\n" + (try await ways.pooler.story())
  }

  private func send(_ signal: Int32, to place: Place) {
    if signal == SIGKILL { place.isExpected.withLock { $0 = true } }
    place.program.withLock { $0 }?.send(signal)
  }

  // MARK: Faults

  /// What is random is drawn here, in the order of the seed; what comes back does it.
  private func act(
    _ fault: Fault, _ random: inout SeededRandom
  ) throws -> @Sendable () async throws -> Void {
    counts.withLock { $0[fault.rawValue, default: 0] += 1 }
    let place = places[Int.random(in: 0..<places.count, using: &random)]
    let wait = Duration.milliseconds(Int.random(in: 200...6_000, using: &random))
    let brief = Duration.milliseconds(Int.random(in: 100...2_000, using: &random))
    let number = Int.random(in: 0..<1_000_000, using: &random)
    return { [self] in
      switch fault {
      case .killWorker: send(SIGKILL, to: place)
      case .stopWorker: send(SIGTERM, to: place)
      case .suspendWorker:
        send(SIGSTOP, to: place)
        try await Task.sleep(for: wait)
        send(SIGCONT, to: place)
      case .killEngine:
        _ = try await Program.run(
          "pkill", ["-KILL", "-f", workshop.directory + ".*duckdb|duckdb.*" + workshop.directory])
      case .starveEngine:
        let end = ContinuousClock.now + wait
        while ContinuousClock.now < end {
          if let worker = place.program.withLock({ $0 }) { memory?.takeChildren(of: worker.processID) }
          try await Task.sleep(for: .milliseconds(2))
        }
        memory?.release()
      case .fullServer:
        try await restarts.withTurn {
          try await servers.runOutOfRoom(leaving: number % 200_000, for: wait) {
            // The next file of its log, for which there is no room.
            if number % 2 == 0 { await ask("SELECT pg_switch_wal()") }
          }
        }
      case .crashServer:
        try await restarts.withTurn {
          let server = servers.primary
          try await server.stopServer(number % 2 == 0 ? .immediate : .fast)
          try await Task.sleep(for: brief / 2)
          try await server.startServer()
        }
      case .failOver:
        try await restarts.withTurn {
          let host = try await servers.failOver(inOrder: number % 3 == 0, lag: brief, watch)
          // As whoever keeps it would.
          try await ways.pooler.crash(host: host)
        }
      case .forgetWorkers:
        await ask(
          "UPDATE queue.worker SET heartbeat_at = heartbeat_at - interval '1 hour' WHERE ended_at IS NULL; SELECT queue.reap()"
        )
      case .endLeases:
        await ask(
          "UPDATE queue.lease SET deadline_at = started_at; SELECT set_config('aker.lease_scan_at', '', false), queue.reap()"
        )
      case .endSessions:
        await ask(
          """
          SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND application_name LIKE 'aker-worker%' AND random() < 0.5
          """)
      case .lockTable:
        await ask(
          "BEGIN; LOCK TABLE public.chaos, public.chaos_whole IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1); COMMIT")
      case .fullDisk:
        try? disk?.fill(leaving: number % 200_000)
        try await Task.sleep(for: brief)
        disk?.empty()
      case .emptyCache: _ = try await Program.run("rm", ["-rf", workshop.cache + "/raw", workshop.cache + "/tmp"])
      case .stallSource:
        simulator.program.send(SIGSTOP)
        try await Task.sleep(for: brief)
        simulator.program.send(SIGCONT)
      case .halfOpen:
        let proxy = number % 2 == 0 ? ways.answers : ways.requests
        proxy.stopForwarding([[.requests], [.answers], [.requests, .answers]][number % 3])
        try await Task.sleep(for: wait)
        proxy.stopForwarding([])
      case .sickStore:
        guard let store else { return }
        let illnesses = ObjectStore.Illness.allCases
        if let illness = illnesses.dropFirst(number % 4).first {
          store.fallIll(illness)
          try await Task.sleep(for: brief)
          store.recover()
        } else {
          store.program.send(SIGSTOP)
          try await Task.sleep(for: brief)
          store.program.send(SIGCONT)
        }
      case .loseCommit: (number % 2 == 0 ? ways.answers : ways.requests).loseNext()
      case .crashPooler: try await restarts.withTurn { try await ways.pooler.crash() }
      default: try await operate(fault, number)
      }
    }
  }

  /// What an operator does who has gone mad.
  private func operate(_ fault: Fault, _ number: Int, where condition: String = "true") async throws {
    let open = "(SELECT task_id FROM queue.task WHERE finished_at IS NULL ORDER BY random() LIMIT 1)"
    let backfill = "(SELECT backfill_id FROM queue.backfill WHERE finished_at IS NULL ORDER BY random() LIMIT 1)"
    switch fault {
    case .cancelTask: await ask("SELECT queue.cancel_task(t.task_id) FROM \(open) t")
    case .cancelBackfill: await ask("SELECT queue.cancel_backfill(b.backfill_id) FROM \(backfill) b")
    case .retry: await ask("SELECT queue.retry_backfill(b.backfill_id) FROM queue.backfill b ORDER BY random() LIMIT 1")
    case .prune: await ask("SELECT queue.prune('5 seconds', 20), queue.prune('5 seconds', 20)")
    case .prioritize: await ask("SELECT queue.prioritize_task(t.task_id) FROM \(open) t")
    case .pause:
      await ask("SELECT queue.pause_source('census_acs5', 'a mad operator')")
      try await Task.sleep(for: .milliseconds(number % 1_500))
      await ask("SELECT queue.resume_source('census_acs5')")
    case .enqueue:
      let month = "2024-0\(number % 9 + 1)"
      await ask(
        """
        SELECT * FROM queue.enqueue_backfill(
          $1::text::text[], '{2009,2010,2011,2012}', as_of => $2, mode => 'all', backfill_key => gen_random_uuid()::text)
        WHERE \(condition)
        """, ["{\(ChaosTests.datasets.joined(separator: ","))}", month])
    case .applyDefinition:
      for name in ChaosTests.datasets {
        let yaml = KillTests.datasetYAML(name, isSplit: name == "chaos")
        try workshop.define(
          name, yaml, KillTests.transformSQL.replacing("AS BIGINT) AS", with: "AS BIGINT) + \(number % 5) AS"))
      }
      await command(["catalog", "apply"])
    case .migrate where ChaosSettings.hasFence:
      await ask("UPDATE public.aker_migration SET checksum = '' WHERE version = 0")
      await command(["migrate"])
    case .repair: await command(["lake", "repair"])
    case .rollBack: await command(["lake", "rollback", "chaos_whole", "\(2009 + number % 4)", "--yes"])
    default: break
    }
  }

  /// The server may be away, and what is asked for impossible: that is part of it.
  private func ask(_ sql: String, _ parameters: [any PostgresEncodable] = []) async {
    guard let connection = try? await workshop.database.connect() else { return }
    if parameters.isEmpty {
      _ = try? await connection.executeScript(sql)
    } else {
      _ = try? await connection.query(sql, parameters)
    }
    await connection.close()
  }

  /// A command may be refused, by its own words: it may not break.
  @discardableResult
  func command(_ arguments: [String]) async -> Program.Result? {
    do {
      let result = try await Program.run(
        Executable.aker, arguments,
        environment: try await workshop.workerEnvironment(["AKER_MIGRATIONS_PATH": PackageRoot.migrations]),
        directory: workshop.directory)
      commands.withLock {
        let name = arguments.prefix { !$0.hasPrefix("-") }.prefix(2).joined(separator: " ")
        $0[name, default: CommandCount()].asked += 1
        $0[name]?.done += result.exitCode == 0 ? 1 : 0
        if result.exitCode != 0 { $0[name]?.lastWords = result.errorOutput }
      }
      if result.signal != nil || result.exitCode == 70 {
        surprises.withLock { $0.append("aker \(arguments.joined(separator: " ")): \(result)") }
      }
      return result
    } catch {
      surprises.withLock { $0.append("aker \(arguments.joined(separator: " ")): \(error)") }
      return nil
    }
  }
}

/// How the workers come to the database: two by a proxy that may lose a COMMIT or its answer, one by a pooler.
struct ChaosWays: Sendable {
  /// One way to each server.
  struct Proxies: Sendable {
    let each: [HeldBackCommit]

    init(to servers: ChaosServers, _ loss: HeldBackCommit.Loss) throws {
      each = try servers.nodes.map { try HeldBackCommit.start(before: $0.directory, count: 0, loss) }
    }

    var dsn: String { "host=\(each.map(\.directory).joined(separator: ",")) user=aker dbname=chaos" }
    var heldCount: Int { each.map(\.heldCount).reduce(0, +) }
    func loseNext() { each.forEach { $0.loseNext() } }
    func stopForwarding(_ direction: HeldBackCommit.Direction) { each.forEach { $0.stopForwarding(direction) } }
    func stop() { each.forEach { $0.stop() } }
  }

  let answers: Proxies
  let requests: Proxies
  let pooler: Pgbouncer
  var dsns: [String] { [answers.dsn, requests.dsn, pooler.dsn] }

  static func running(to servers: ChaosServers, _ body: (ChaosWays) async throws -> Void) async throws {
    let answers = try Proxies(to: servers, .answer)
    defer { answers.stop() }
    let requests = try Proxies(to: servers, .request)
    defer { requests.stop() }
    let pooler = try await Pgbouncer.start(before: .named("chaos", on: servers.primary))
    do {
      try await body(ChaosWays(answers: answers, requests: requests, pooler: pooler))
    } catch {
      try? await pooler.stop()
      throw error
    }
    try await pooler.stop()
  }
}
