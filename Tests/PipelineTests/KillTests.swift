import Base
import FoundationEssentials
import Glibc
import Lake
import Pipeline
import Postgres
import Testing
import TestSupport

/// Workers die by SIGKILL, at every step boundary and anywhere between, while readers look on.
@Suite("Killed workers", .database, .serialized)
struct KillTests {
  static let regions = (1...12).map { $0 < 10 ? "r0\($0)" : "r\($0)" }
  static let years = 2009...2012
  static var partitionCount: Int { regions.count * years.count }
  static let rowCount = 52

  /// One way of getting rows into the warehouse: a dataset, and what counts as large in it.
  struct Round {
    var dataset: String
    var asOf: String
    var largeRowCount: Int

    var isSplit: Bool { dataset == "kill_test" }
    var partitionCount: Int { isSplit ? KillTests.partitionCount : KillTests.years.count }

    static let all = [
      // Moved into the table that all years share; then into one that each year has; then whole years swapped.
      Round(dataset: "kill_test", asOf: "2024-01", largeRowCount: 1_000_000),
      Round(dataset: "kill_test", asOf: "2024-02", largeRowCount: 10),
      Round(dataset: "kill_whole", asOf: "2024-02", largeRowCount: 10),
    ]
  }

  static func datasetYAML(_ name: String, isSplit: Bool) -> String {
    """
    name: \(name)
    title: States, again and again
    partitions: {years: 2009-2012\(isSplit ? ", regions: [\(regions.joined(separator: ", "))]" : "")}
    requests:
      - name: state
        source: census_acs5
        path: "/data/{data_year}/acs/acs5"
        query: {get: "NAME,B19013_001E,B01003_001E", for: "state:*"}
        format: json_table
        columns: [NAME, B19013_001E, B01003_001E, state]
    columns:
      - {name: state, type: text, description: State.}
      - {name: income, type: bigint, unit: USD, description: Income.}
    key: [state]
    checks:
      - expect_table_row_count_to_equal: {value: 52}
    """
  }

  /// Each vintage has other figures, so that it replaces the one before.
  static let transformSQL = """
    SELECT state, CAST("B19013_001E" AS BIGINT) + CAST(replace(getvariable('as_of'), '-', '') AS BIGINT) AS income
    FROM raw.state
    """

  @Test("each partition is published exactly once, however often and wherever its workers are killed")
  func killsEverywhere() async throws {
    try await Simulator.running { simulator in
      try await Workshop.open(endpoints: ["census_acs5": simulator.endpoint + "/census_acs5"]) { workshop, connection in
        for name in ["kill_test", "kill_whole"] {
          try workshop.define(name, Self.datasetYAML(name, isSplit: name == "kill_test"), Self.transformSQL)
        }
        try await workshop.apply(connection)

        var killCount = 0
        for kind in Round.all {
          try await workshop.enqueue(kind.dataset, Self.years, asOf: kind.asOf, connection)
          let settings = ["AKER_SWAP_ROW_COUNT": "\(kind.largeRowCount)"]
          try await PublicationReader.watching(
            kind.dataset, isSplit: kind.isSplit, of: workshop, minimumReads: 20
          ) {
            var deaths: [StepBoundary: Int] = [:]
            var round = 0
            // Four deaths at each boundary, the publication unfinished or finished before.
            while true {
              // Each boundary in turn, so that early and late deaths mix.
              let waiting = StepBoundary.allCases.filter { deaths[$0, default: 0] < 4 }
              if waiting.isEmpty { break }
              let next = waiting[round % waiting.count]
              round += 1
              try #require(round < 400, "boundaries that are not reached: \(waiting)")
              let result = try await workshop.work(settings.merging(["AKER_CRASH_AT": next.rawValue]) { $1 })
              if result.signal == SIGKILL {
                deaths[next, default: 0] += 1
                killCount += 1
              } else {
                #expect(result.exitCode == 0, "\(result)")
                try await again(workshop, kind, connection)
              }
            }
            // And at random moments of a run.
            let target = killCount + 20
            while killCount < target {
              let worker = try await workshop.start(settings)
              try await Task.sleep(for: .milliseconds(Int.random(in: 30...350)))
              worker.send(SIGKILL)
              let result = try await worker.wait()
              if result.signal == SIGKILL {
                killCount += 1
              } else {
                #expect(result.exitCode == 0, "\(result)")
                try await again(workshop, kind, connection)
              }
            }
            try await finish(workshop, settings, connection)
          }
          try await requirePublished(workshop, kind, connection)
          let leaves = try await connection.query(
            "SELECT FROM warehouse.year_leaf WHERE dataset = $1 AND table_name NOT LIKE '%\\_y%'", [kind.dataset])
          print("\(leaves.count) of \(Self.years.count) years of \(kind.dataset) were swapped in")
          // Some were swapped in under the readers' eyes; where they held on, rows were moved.
          #expect(kind.isSplit ? leaves.isEmpty : !leaves.isEmpty)
        }
        print("killed \(killCount) workers")
        #expect(killCount >= 200)
      }
    }
  }

  /// Nothing was left to die of: the same partitions once more.
  private func again(_ workshop: Workshop, _ kind: Round, _ connection: PostgresConnection) async throws {
    try await workshop.enqueue(kind.dataset, Self.years, asOf: kind.asOf, mode: "all", connection)
    try await workshop.makeStale(kind.dataset, "income", connection)
  }

  /// Workers that live, until every task is completed.
  private func finish(
    _ workshop: Workshop, _ settings: [String: String], _ connection: PostgresConnection
  ) async throws {
    try await eventually(within: .seconds(60), "all tasks are completed") {
      let result = try await workshop.work(slots: 2, settings)
      #expect(result.exitCode == 0, "\(result)")
      return try await connection.query("SELECT FROM queue.task WHERE state <> 'completed' LIMIT 1").isEmpty
    }
    // What the last deaths left: a worker repairs at its start.
    try await workshop.work(settings)
  }

  private func requirePublished(_ workshop: Workshop, _ kind: Round, _ connection: PostgresConnection) async throws {
    let counts = try await connection.query(
      """
      SELECT data_year\(kind.isSplit ? ", region" : ""), count(*) AS n, min(as_of) AS first, max(as_of) AS last
      FROM \(kind.dataset) GROUP BY data_year\(kind.isSplit ? ", region" : "")
      """)
    #expect(counts.count == kind.partitionCount)
    for row in counts {
      #expect(try row.decode("n", as: Int.self) == Self.rowCount)
      #expect(try row.decode("first", as: String.self) == kind.asOf)
      #expect(try row.decode("last", as: String.self) == kind.asOf)
    }
    // One publication a task, by the attempt that completed it.
    let doubled = try await connection.query(
      "SELECT task_id FROM lineage.publication GROUP BY 1 HAVING count(*) <> 1")
    #expect(doubled.isEmpty)
    let unpublished = try await connection.query(
      "SELECT FROM queue.task t WHERE NOT EXISTS (SELECT FROM lineage.publication p WHERE p.task_id = t.task_id)")
    #expect(unpublished.isEmpty)
    // The lake's files are those of the last publications, and nothing else is there.
    let manifest = try await connection.query(
      """
      SELECT m.path, m.state, m.row_count, p.output_sha256, p.row_count AS published_count
      FROM lake.manifest m JOIN lineage.publication p USING (publication_id) ORDER BY m.path
      """)
    for row in manifest {
      let path: String = try row.decode("path")
      #expect(try row.decode("state", as: String.self) == "in_place", "\(path)")
      let sha256 = try await SHA256.hash(ofFile: workshop.lake.location + "/" + path).sha256
      #expect(try row.decode("output_sha256", as: String.self) == sha256, "\(path)")
      #expect(try row.decode("published_count", as: Int.self) == Self.rowCount)
    }
    try await workshop.requireNothingElse(
      than: manifest.map { try $0.decode("path", as: String.self) }, connection)
  }
}
