import FoundationEssentials
import Postgres
import Testing
import TestSupport

/// A read-only standby as the database.
struct StandbyTests {
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
