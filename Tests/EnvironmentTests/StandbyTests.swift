import Base
import FoundationEssentials
import Postgres
import Testing
import TestSupport

/// A read-only standby as the database.
struct StandbyTests {
  @Test("commands that look may ask a standby, and say how far it lags; all others go to the primary, wherever it is")
  func reading() async throws {
    let primary = try await TestCluster.start(durability: .none)
    try await TestDatabase.makeTemplate(on: primary)
    let standby = try await primary.standby()
    try await standby.waitForReplay(of: primary)
    // Two hosts, the standby first: what acts finds the primary behind it.
    let both = "host=\(standby.directory),\(primary.directory) user=aker dbname=aker_template"
    try await Place.with(dsn: both) { place in
      let environment = place.environment.merging([
        "AKER_READ_DSN": standby.configuration(database: "aker_template").dsn
      ]) { $1 }
      func aker(_ arguments: String...) async throws -> Program.Result {
        try await Program.run(Executable.aker, arguments, environment: environment)
      }
      let pause = try await aker("pause", "--queue", "--reason", "a test")
      #expect(pause.exitCode == 0, "\(pause)")
      try await standby.waitForReplay(of: primary)
      for arguments in [["status"], ["workers"], ["tasks"], ["lake", "ls"], ["sources"]] {
        let result = try await Program.run(Executable.aker, arguments, environment: environment)
        #expect(result.exitCode == 0, "\(arguments): \(result)")
      }
      let near = try await aker("status")
      #expect(near.output.contains("a test") && near.errorOutput.contains("up to date with its primary"), "\(near)")
      try await standby.cutOff()
      #expect(try await aker("resume", "--queue").exitCode == 0)
      let far = try await aker("status")
      #expect(far.output.contains("a test") && far.errorOutput.contains("s or less behind its primary"), "\(far)")
      let plain = try await Program.run(Executable.aker, ["status"], environment: place.environment)
      #expect(plain.exitCode == 0 && !plain.output.contains("a test"), "\(plain)")
    }
    try await standby.stopServer(.immediate)
    try await primary.stopServer()
  }

  @Test("watch, reproduce, sources, flows and reviews only look, too")
  func looking() async throws {
    let primary = try await TestCluster.start(durability: .none)
    try await TestDatabase.makeTemplate(on: primary)
    let standby = try await primary.standby()
    try await Place.with(dsn: primary.configuration(database: "aker_template").dsn) { place in
      try await place.withCensus { place in
        let run = try await place.aker("run", "market_income", "--year", "2012")
        #expect(run.exitCode == 0, "\(run)")
      }
      #expect(try await place.aker("pause", "--source", "census_acs5", "--reason", "a test").exitCode == 0)
      try await standby.waitForReplay(of: primary)
      try await standby.cutOff()
      #expect(try await place.aker("resume", "--source", "census_acs5").exitCode == 0)
      let environment = place.environment.merging([
        "AKER_READ_DSN": standby.configuration(database: "aker_template").dsn
      ]) { $1 }
      for arguments in [
        ["watch", "1"], ["reproduce", "market_income", "2012"], ["review", "ls"], ["review", "decisions"],
        ["lineage", "export", "--openlineage"], ["plan", "market_income", "--years", "2012"],
      ] {
        let result = try await Program.run(Executable.aker, arguments, environment: environment)
        #expect(result.exitCode == 0, "\(arguments): \(result)")
        #expect(result.errorOutput.contains("read-only standby"), "\(arguments): \(result)")
      }
      let sources = try await Program.run(Executable.aker, ["sources", "census_acs5"], environment: environment)
      #expect(sources.exitCode == 0 && sources.output.contains("a test"), "\(sources)")
      let flows = try await Program.run(Executable.aker, ["flow", "ls"], environment: environment)
      #expect(flows.exitCode == 0, "\(flows)")
    }
    try await standby.stopServer(.immediate)
    try await primary.stopServer()
  }

  @Test("what a worker is told by a standby is the server's trouble, and no task's fault")
  func workersCalls() async throws {
    let primary = try await TestCluster.start(durability: .none)
    try await TestDatabase.makeTemplate(on: primary)
    let standby = try await primary.standby()
    try await standby.waitForReplay(of: primary)
    for call in [
      "queue.register_worker('w', 'h', 1, 'v', 1)", "queue.tick(1)", "queue.claim(1, 1)", "queue.claim_task(1, 1)",
      "queue.fence(1, 1)", "service.refresh_cells()",
    ] {
      // A session of its own, which has not looked yet which life this is; a pooler asks no server whether it may be written.
      var configuration = standby.configuration(database: "aker_template")
      configuration.access = .any
      let connection = try await PostgresConnection.connect(configuration)
      do {
        _ = try await connection.query("SELECT \(call)")
        Issue.record("\(call) was done")
      } catch let error as PostgresError {
        #expect(error.isConnectionFailure && error.errorClass == .transient, "\(call): \(error)")
      }
      await connection.close()
    }
    try await standby.stopServer(.immediate)
    try await primary.stopServer()
  }

  @Test func itIsToldByTheDoctorAndByEveryCommand() async throws {
    let cluster = try await TestCluster.start(durability: .none)
    try await TestDatabase.makeTemplate(on: cluster)
    try await cluster.stopServer()
    let signal = cluster.directory + "/data/standby.signal"
    try Data().write(to: URL(filePath: signal))
    _ = try await Program.run("chown", ["--reference", cluster.directory + "/data", signal])
    try await cluster.startServer()
    try await Place.with(dsn: cluster.configuration(database: "aker_template").dsn) { place in
      let doctor = try await place.aker("doctor", "--offline")
      #expect(doctor.exitCode == 1 && doctor.output.contains("read-only standby"), "\(doctor)")
      let status = try await place.aker("status")
      #expect(status.exitCode == 0 && status.errorOutput.contains("read-only standby"), "\(status)")
      let acting = [
        ["pause", "--queue", "--reason", "x"], ["backfill", "market_income", "--years", "2012"], ["migrate"],
        ["catalog", "apply"],
      ]
      for arguments in acting {
        let result = try await Program.run(Executable.aker, arguments, environment: place.environment)
        #expect(
          result.exitCode == 69 && result.errorOutput.contains("target_session_attrs=read-write"),
          "\(arguments): \(result)")
      }
    }
    try await cluster.stopServer()
  }
}
