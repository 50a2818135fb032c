import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

/// A fresh home with the recorded Census, whose answers have faults, and one attempt for each task.
struct FaultyCensus {
  let home: OperatorHome
  let connection: PostgresConnection

  @discardableResult
  func aker(_ line: String, exits code: Int32 = 0) async throws -> String {
    let result = try await Program.run(
      Executable.aker, line.split(separator: " ").map(String.init), environment: home.environment)
    #expect(result.exitCode == code, "aker \(line): \(result)")
    return result.output + result.errorOutput
  }

  func work() async throws {
    let result = try await Program.run(Executable.worker, ["--until-empty"], environment: home.environment)
    #expect(result.exitCode == 0, "\(result)")
  }

  /// With a worker, which is killed in the end.
  func working(_ body: () async throws -> Void) async throws {
    let worker = try await Program.start(Executable.worker, ["--slots", "1"], environment: home.environment)
    do {
      try await body()
    } catch {
      worker.send(SIGKILL)
      _ = try await worker.wait()
      throw error
    }
    worker.send(SIGKILL)
    _ = try await worker.wait()
  }

  func clearFaults() async throws {
    let endpoint = (home.environment["AKER_SOURCE_CENSUS_ACS5_ENDPOINT"] ?? "").dropLast("census_acs5".count)
    #expect(try await Program.run("curl", ["-sSf", "-X", "DELETE", endpoint + "_faults"]).exitCode == 0)
  }

  func texts(_ sql: String) async throws -> [String] { try await connection.query(sql).map { $0.text(0) ?? "" } }

  func published() async throws -> [String] {
    try await texts("SELECT dataset || ' ' || data_year FROM lake.manifest ORDER BY 1")
  }

  /// - Parameter faults: of the simulator, as JSON.
  static func with(faults: String, _ body: (FaultyCensus) async throws -> Void) async throws {
    let file = "/tmp/aker-faults-\(UUID().uuidString.prefix(8)).json"
    try Data(faults.utf8).write(to: URL(filePath: file))
    defer { try? FileManager.default.removeItem(atPath: file) }
    try await OperatorHome.with(dsn: TestDatabase.current.dsn, simulator: ["--faults", file]) { home in
      var home = home
      home.environment["AKER_CATALOG_PATH"] = try home.copyOfCatalog()
      let migrated = try await Program.run(Executable.aker, ["migrate"], environment: home.environment)
      #expect(migrated.exitCode == 0)
      let connection = try await TestDatabase.current.connect()
      try await connection.execute("UPDATE queue.setting SET max_attempts = 1")
      try await body(FaultyCensus(home: home, connection: connection))
      await connection.close()
    }
  }
}
