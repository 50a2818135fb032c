import Catalog
import FoundationEssentials
import Glibc
import Lake
import Logging
import Pipeline
import Postgres
import Telemetry
import Testing
import TestSupport

/// Cancelling reaches what a worker is in the middle of: its DuckDB process and its download.
@Suite("Cancelled tasks", .database)
struct CancelTests {
  private static let datasetYAML = """
    name: cancel_test
    title: States, for ever
    partitions: {years: 2012-}
    requests:
      - name: state
        source: census_acs5
        path: "/data/{data_year}/acs/acs5"
        query: {get: "NAME,B19013_001E,B01003_001E", for: "state:*"}
        format: json_table
        columns: [NAME, B19013_001E, B01003_001E, state]
    columns:
      - {name: state, type: text, description: State.}
      - {name: n, type: bigint, description: A count that takes longer than anyone waits.}
    key: [state]
    """

  private static let plainSQL = "SELECT state, 1 AS n FROM raw.state"
  /// Hours of work.
  private static let endlessSQL = """
    SELECT state, (SELECT count(*) FROM range(10000000000) a, range(10000000000) b WHERE hash(a, b, state) = 1) AS n
    FROM raw.state
    """

  @Test("a cancelled task's DuckDB process is killed, and nothing of it stays")
  func killsDuckDB() async throws {
    try await cancelling(transformSQL: Self.endlessSQL, faults: "[]") { worker, _ in
      Processes.below(worker.processID).contains { $0.name.hasPrefix("duckdb") }
    }
  }

  @Test("a cancelled task's download ends, and nothing of it stays")
  func endsDownload() async throws {
    let faults = #"[{"fault": "stall", "after_bytes": 100}]"#
    try await cancelling(transformSQL: Self.plainSQL, faults: faults) { _, simulator in
      try await Self.requestsUnderWay(simulator) == 1
    }
  }

  @Test("a task that is cancelled once it has published still puts its file in place")
  func placesWhatIsPublished() async throws {
    try await Simulator.running { simulator in
      let endpoint = simulator.endpoint + "/census_acs5"
      try await Workshop.open(endpoints: ["census_acs5": endpoint]) { workshop, connection in
        try workshop.define("cancel_test", Self.datasetYAML, Self.plainSQL)
        try await workshop.apply(connection)
        let run = PartitionRun(
          in: try await workshop.pipeline(), database: workshop.database.configuration, version: "test",
          redaction: Redaction(secrets: []), logger: Logger(label: "tests"))
        // In a task of its own, which is the one that is cancelled.
        try await Task {
          _ = try await run.run(
            Partition(dataset: "cancel_test", dataYear: 2012, region: "", asOf: "2024-01"), note: "test",
            observer: { event in
              if event.step == .publish, event.phase == .ended { withUnsafeCurrentTask { $0?.cancel() } }
            })
        }.value
        let files = try await connection.query("SELECT path, state FROM lake.manifest")
        #expect(try files.map { try $0.decode("state", as: String.self) } == ["in_place"])
        #expect(try await workshop.lake.files() == files.map { try $0.decode("path", as: String.self) })
        #expect(try await workshop.lake.stagingNames() == [])
      }
    }
  }

  /// Starts a worker on one task, waits until it `isBusy`, cancels the backfill, and looks at what is left of it.
  private func cancelling(
    transformSQL: String, faults: String, isBusy: @escaping (Program, Simulator) async throws -> Bool
  ) async throws {
    let faultFile = "/tmp/aker-faults-\(UUID().uuidString).json"
    try Data(faults.utf8).write(to: URL(filePath: faultFile))
    defer { try? FileManager.default.removeItem(atPath: faultFile) }
    try await Simulator.running(arguments: ["--faults", faultFile]) { simulator in
      let endpoint = simulator.endpoint + "/census_acs5"
      try await Workshop.open(endpoints: ["census_acs5": endpoint]) { workshop, connection in
        try workshop.define("cancel_test", Self.datasetYAML, transformSQL)
        try await workshop.apply(connection)
        try await workshop.enqueue("cancel_test", 2012...2012, asOf: "2024-01", connection)
        let worker = try await workshop.start()
        try await eventually(within: .seconds(120), "the task is being worked on") {
          try await isBusy(worker, simulator)
        }
        let children = Processes.below(worker.processID)

        try await connection.execute("SELECT queue.cancel_backfill(backfill_id, 'not wanted') FROM queue.backfill")
        let ending = try await worker.wait()

        #expect(ending.exitCode == 0, "\(ending)")
        try await eventually(within: .seconds(30), "the source is rid of the client") {
          try await Self.requestsUnderWay(simulator) == 0
        }
        for child in children { #expect(!Processes.isRunning(child.id), "\(child)") }
        let task = try await connection.query("SELECT state, reason FROM queue.task")
        #expect(try task.map { try $0.decode("state", as: String.self) } == ["cancelled"])
        #expect(try await connection.query("SELECT FROM lineage.publication").isEmpty)
        #expect(try await connection.query("SELECT FROM cancel_test").isEmpty)
        #expect(try await workshop.lake.stagingNames() == [])
        #expect(try await workshop.lake.files() == [])
        let partial = workshop.cache + "/raw/partial"
        // But for the mark by which a worker knows the folder again.
        let left = (try? FileManager.default.contentsOfDirectory(atPath: partial)) ?? []
        #expect(left.filter { $0 != ".aker-here" } == [])
      }
    }
  }

  /// How many answers the simulator is in the middle of.
  private static func requestsUnderWay(_ simulator: Simulator) async throws -> Int {
    struct Log: Decodable {
      struct Source: Decodable { var under_way: Int }
      var sources: [String: Source]
    }
    let result = try await Program.run("curl", ["-sf", simulator.endpoint + "/_log"])
    let log = try JSONDecoder().decode(Log.self, from: Data(result.output.utf8))
    return log.sources.values.reduce(0) { $0 + $1.under_way }
  }
}

/// What the kernel says of processes.
private enum Processes {
  struct Child {
    var id: Int32
    var name: String
  }

  /// All descendants.
  static func below(_ processID: Int32) -> [Child] {
    let ids = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    let all = ids.compactMap { Int32($0) }.compactMap { id in status(id).map { (id, $0.name, $0.parent) } }
    var found: [Child] = []
    var parents: Set<Int32> = [processID]
    while true {
      let next = all.filter { parents.contains($0.2) }
      if next.isEmpty { return found }
      found += next.map { Child(id: $0.0, name: $0.1) }
      parents = Set(next.map(\.0))
    }
  }

  static func isRunning(_ processID: Int32) -> Bool {
    status(processID).map { $0.state != "Z" } ?? false
  }

  private static func status(_ processID: Int32) -> (name: String, state: Substring, parent: Int32)? {
    // `12 (name) S 1 …`; a name may hold blanks.
    let line = text("/proc/\(processID)/stat")
    guard let open = line.firstIndex(of: "("), let close = line.lastIndex(of: ")") else { return nil }
    let rest = line[line.index(after: close)...].split(separator: " ")
    guard rest.count > 1, let parent = Int32(rest[1]) else { return nil }
    return (String(line[line.index(after: open)..<close]), rest[0], parent)
  }

  private static func text(_ path: String) -> String {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}
