import FoundationEssentials
import Glibc
import Testing
import TestSupport

/// Makes the incidents of docs/runbook.md happen, and their causes go away.
struct RunbookIncidents {
  let home: OperatorHome
  let recordings: String
  /// Below the cache; nil where no file system may be mounted.
  let disk: SmallDisk?

  private var cache: String { home.path + "/cache" }

  /// What has happened before the reader opens the page there.
  func begin(_ section: String) async throws {
    switch section {
    case "When the lake cannot be written, or lost a file":
      // Published, and its host lost power before the file had its name.
      try await aker("backfill", "market_income", "--years", "2018", "--detach")
      try await dyingWorker(at: "committed")
      let month = String(Date().formatted(.iso8601.year().month()).prefix(7))
      try FileManager.default.removeItem(
        atPath: "\(cache)/data_lake/market_income/as_of=\(month)/data_year=2012/market_income.parquet")
      try await spoilLake()
    case "When a task is stuck, or keeps killing workers":
      // Its three workers die; the fourth takes it back from the last of them, and lives.
      try await aker("backfill", "market_income", "--years", "2011", "--as-of", "2024-05", "--detach")
      for _ in 1...3 { try await dyingWorker(at: "fetched") }
      try await worker()
      // Nobody is there for these.
      try await aker("backfill", "market_income", "--years", "2009", "--as-of", "2024-05", "--detach")
    case "When a host is lost":
      try await aker("backfill", "market_income", "--years", "2019", "--as-of", "2024-05", "--detach")
      try await simulator("POST", #"{"path": "/census_acs5/data/2019", "fault": "stall"}"#)
      let lost = try await Program.start(Executable.worker, ["--name", "lost-host"], environment: home.environment)
      try await eventually(within: .seconds(60), "the worker has the task") {
        try await home.aker("tasks", "--state", "running").output.contains("market_income 2019")
      }
      lost.send(SIGKILL)
      _ = try await lost.wait()
      try await simulator("DELETE", "")
    case "When a disk is full":
      if let disk { try disk.fill(leaving: 0) } else { try await spoilLake() }
    case "When a publication was bad":
      try await aker("run", "market_income", "--year", "2017")
      // The source goes wrong in a way that no check notices.
      try home.replace("\"71810\"", by: "\"17810\"", in: recordings + "/census_acs5/2017/county.json")
      try await aker("cache", "forget", "census_acs5", "--url", "/2017/")
      try await aker("run", "market_income", "--year", "2017")
    default: break
    }
  }

  /// What somebody has done between two commands.
  ///
  /// - Parameter times: how often the command was given in that section before.
  func before(_ section: String, _ command: String, times: Int) async throws {
    switch (section, command, times) {
    case ("When the lake cannot be written, or lost a file", "aker lake repair --verify", 0): try await mendLake()
    case ("When a disk is full", "aker run market_income --year 2020", 1):
      if let disk { disk.empty() } else { try await mendLake() }
    default: break
    }
  }

  // MARK: The disk

  private func spoilLake() async throws {
    if let disk { return try await disk.remount("ro") }
    // A file where a folder should be stops everybody, root too.
    try FileManager.default.moveItem(atPath: cache + "/data_lake", toPath: cache + "/aside")
    try Data().write(to: URL(filePath: cache + "/data_lake"))
  }

  private func mendLake() async throws {
    if let disk { return try await disk.remount("rw") }
    guard FileManager.default.fileExists(atPath: cache + "/aside") else { return }
    try FileManager.default.removeItem(atPath: cache + "/data_lake")
    try FileManager.default.moveItem(atPath: cache + "/aside", toPath: cache + "/data_lake")
  }

  // MARK: Programs

  private func aker(_ arguments: String...) async throws {
    let result = try await Program.run(Executable.aker, arguments, environment: home.environment)
    #expect(result.exitCode == 0, "\(arguments): \(result)")
  }

  private func worker() async throws {
    let result = try await Program.run(Executable.worker, ["--until-empty"], environment: home.environment)
    #expect(result.exitCode == 0, "\(result)")
  }

  /// A worker that ends as by a power cut when its task comes there.
  private func dyingWorker(at boundary: String) async throws {
    let result = try await Program.run(
      Executable.worker, ["--until-empty"], environment: home.environment.merging(["AKER_CRASH_AT": boundary]) { $1 })
    #expect(result.signal == SIGKILL, "\(boundary): \(result)")
  }

  private func simulator(_ method: String, _ body: String) async throws {
    let endpoint = try #require(home.environment["AKER_SOURCE_CENSUS_ACS5_ENDPOINT"]).dropLast("/census_acs5".count)
    let result = try await Program.run(
      "curl", ["-sSf", "-X", method, "--data", body, endpoint + "/_faults"])
    #expect(result.exitCode == 0, "\(result)")
  }
}
