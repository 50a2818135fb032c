import FoundationEssentials
import Glibc
import Postgres
import Testing
import TestSupport

/// `aker backfill --workers` always ends, or says what it waits for.
@Suite(.database)
struct StandstillTests {
  @Test func aPausedDatasetEndsItWithTheReasonAndTheRemedy() async throws {
    try await Place.with(dsn: TestDatabase.current.dsn) { place in
      try await place.withCensus { place in
        #expect(try await place.aker("catalog", "apply").exitCode == 0)
        #expect(
          try await place.aker("pause", "--dataset", "market_income", "--reason", "BLS revises").exitCode == 0)
        let result = try await Program.run(
          "timeout", ["90", Executable.aker, "backfill", "market_income", "--years", "2011-2012", "--workers", "1"],
          environment: place.environment)
        #expect(result.exitCode == 1, "\(result)")
        #expect(result.errorOutput.contains("2 tasks: dataset market_income is paused: BLS revises"), "\(result)")
        #expect(result.errorOutput.contains("aker resume --dataset market_income"), "\(result)")
        #expect(!result.output.contains("left"), "\(result)")
      }
    }
  }

  @Test func workersThatAreKilledAreStartedAgain() async throws {
    try await Place.with(dsn: TestDatabase.current.dsn) { place in
      // The first answers never come, so that there is a worker to kill.
      let stalled = place.home + "/faults.json"
      try Data(#"[{"path": "/census_acs5/data/2012", "fault": "stall", "count": 1}]"#.utf8)
        .write(to: URL(filePath: stalled))
      try await place.withCensus(["--faults", stalled]) { place in
        let backfill = try await Program.start(
          "timeout",
          [
            "120", Executable.aker, "backfill", "market_income", "--years", "2009-2012", "--workers", "1", "--slots",
            "1",
          ],
          environment: place.environment)
        let connection = try await TestDatabase.current.connect()
        try await eventually(within: .seconds(60), "a worker runs a task") {
          try await connection.query("SELECT FROM queue.running").isEmpty == false
        }
        let pid: Int32 = try await connection.query("SELECT pid FROM queue.worker")[0].decode("pid")
        kill(pid, SIGKILL)
        let result = try await backfill.wait()
        #expect(result.exitCode == 0, "\(result)")
        #expect(result.errorOutput.contains("starting them again"), "\(result)")
        await connection.close()
      }
    }
  }

  @Test func aHangupDrainsAWorker() async throws {
    try await Place.with(dsn: TestDatabase.current.dsn) { place in
      let worker = try await Program.start(Executable.worker, ["--no-op"], environment: place.environment)
      let connection = try await TestDatabase.current.connect()
      try await eventually("the worker is there") {
        try await connection.query("SELECT FROM queue.worker WHERE state = 'running'").count == 1
      }
      worker.send(SIGHUP)
      let result = try await worker.wait()
      #expect(result.exitCode == 0, "\(result)")
      let state: String = try await connection.query("SELECT state FROM queue.worker")[0].decode("state")
      #expect(state == "stopped")
      await connection.close()
    }
  }
}
