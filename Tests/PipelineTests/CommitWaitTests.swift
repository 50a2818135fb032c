import Glibc
import Pipeline
import Postgres
import TestSupport
import Testing

/// A publication whose COMMIT takes long, as it does under synchronous replication: the server is in the middle of it, and a
/// cancellation would reach it there.
@Suite("A COMMIT that takes long", .database, .serialized, .whateverHappens)
struct CommitWaitTests {
  /// What would end any other statement.
  enum Ending: String, CaseIterable, CustomTestStringConvertible {
    case deadline = "the task's deadline"
    case drained = "SIGTERM to a worker, whose time to drain is over"
    case interrupted = "Ctrl-C to aker run"
    case cancelled = "aker cancel"
    var testDescription: String { rawValue }
  }

  /// Held while a COMMIT is to take longer.
  private static let gate = 47_110_815

  /// A constraint that is looked at by COMMIT itself, and waits until the gate is open.
  private static let gateSQL = """
    CREATE FUNCTION public.wait_at_gate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock_shared(\(gate));
      RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON lineage.publication DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION public.wait_at_gate();
    SELECT pg_advisory_lock(\(gate));
    """

  @Test("is waited for, and is never cancelled", arguments: Ending.allCases)
  func isWaitedFor(_ ending: Ending) async throws {
    try await Simulator.running { simulator in
      try await Workshop.open(
        datasets: ["market_income"], endpoints: ["census_acs5": simulator.endpoint + "/census_acs5"]
      ) { workshop, connection in
        let keeper = try await workshop.database.connectAsSuperuser()
        try await keeper.executeScript(Self.gateSQL)
        if ending == .deadline {
          // Longer than an attempt takes to its COMMIT, on a slow machine as well.
          try await connection.execute("UPDATE queue.setting SET task_timeout_interval = '25 seconds'")
        }
        let program = try await start(ending, workshop, connection)
        try await eventually(within: .seconds(60), "the server is in the middle of COMMIT") {
          try await isInCommit(keeper)
        }
        let heardAt = try await heartbeat(keeper)
        switch ending {
        case .deadline: break
        case .drained: program.send(SIGTERM)
        case .interrupted: program.send(SIGINT)
        case .cancelled:
          // It ends at once: what is being published is.
          let cancel = try await Program.run(
            Executable.aker, ["cancel", "--backfill", "1", "--yes"], environment: workshop.workerEnvironment([:]))
          #expect(cancel.exitCode == 0 && cancel.output.contains("0 tasks cancelled"), "\(cancel)")
        }
        try await eventually(within: .seconds(60), "it was told to stop, some ticks ago") {
          try await isToStop(ending, since: heardAt, keeper)
        }
        #expect(try await isInCommit(keeper))
        try await keeper.execute("SELECT pg_advisory_unlock(\(Self.gate))")
        let result = try await program.wait()
        #expect(result.exitCode == 0, "\(result)")
        // It ended as soon as the COMMIT had: the file may be left to the next one's repair.
        if ending == .drained { try await workshop.work() }
        await keeper.close()
        try await workshop.requireExactlyOnce("market_income", partitions: 1, connection)
        let ends = try await connection.query("SELECT state::text AS state FROM queue.attempt")
        #expect(try ends.map { try $0.decode("state", as: String.self) } == ["completed"], "\(result)")
      }
    }
  }

  private func start(_ ending: Ending, _ workshop: Workshop, _ connection: PostgresConnection) async throws -> Program {
    if ending == .interrupted {
      return try await Program.start(
        Executable.aker, ["run", "market_income", "--year", "2011", "--as-of", "2024-06"],
        environment: workshop.workerEnvironment([:]))
    }
    try await workshop.enqueue("market_income", 2011...2011, asOf: "2024-06", connection)
    return try await Program.start(
      Executable.worker, ["--slots", "1", "--until-empty", "--drain-timeout", "1"],
      environment: workshop.workerEnvironment([:]), directory: workshop.directory)
  }

  private func isInCommit(_ connection: PostgresConnection) async throws -> Bool {
    try await !connection.query(
      """
      SELECT FROM pg_stat_activity WHERE datname = current_database() AND query = 'COMMIT' AND state = 'active'
        AND wait_event_type = 'Lock'
      """
    ).isEmpty
  }

  private func heartbeat(_ connection: PostgresConnection) async throws -> Double {
    try await connection.one("SELECT extract(epoch FROM max(heartbeat_at))::float8 AS at FROM queue.worker").decode(
      "at")
  }

  /// Each tells in its own way that it was to stop: some heartbeats later, long past the deadline, or since it says goodbye
  /// and waits for the COMMIT to do so.
  private func isToStop(_ ending: Ending, since: Double, _ connection: PostgresConnection) async throws -> Bool {
    switch ending {
    case .interrupted, .cancelled: return try await heartbeat(connection) > since + 3
    case .deadline:
      let over = "SELECT FROM queue.lease WHERE deadline_at < now() - interval '3 seconds'"
      return try await !connection.query(over).isEmpty
    case .drained:
      return try await !connection.query(
        """
        SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
          AND query LIKE '%queue.stop_worker%'
        """
      ).isEmpty
    }
  }
}
