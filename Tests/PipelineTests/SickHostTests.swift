import Engine
import FoundationEssentials
import Glibc
import Lake
import Postgres
import TestSupport
import Testing

/// One host's trouble is not the pool's: real workers whose folders, programs or ways out are taken from them.
@Suite("A sick host", .database, .whateverHappens)
struct SickHostTests {
  private static let datasetYAML = """
    name: sick
    title: Rows
    partitions: {years: 1990-}
    requests:
      - {name: rows, source: drop, path: "/{data_year}.csv", format: csv, columns: [a, b]}
    columns:
      - {name: a, type: text, description: A.}
      - {name: b, type: text, description: B.}
    key: [a]
    checks:
      - expect_table_row_count_to_be_between: {min_value: 1}
    """

  private func withWorkshop(_ body: (Workshop, PostgresConnection) async throws -> Void) async throws {
    try await Workshop.open { workshop, connection in
      let drop = workshop.directory + "/drop"
      try FileManager.default.createDirectory(atPath: drop, withIntermediateDirectories: true)
      for year in 1990...2029 { try Data("a,b\n\(year),2\n".utf8).write(to: URL(filePath: "\(drop)/\(year).csv")) }
      try Data("sources:\n  - {id: drop, name: Drop, endpoint: \"file://\(drop)\"}\n".utf8)
        .write(to: URL(filePath: workshop.catalog + "/sources_supplement.yml"))
      try workshop.define("sick", Self.datasetYAML, "SELECT a, b FROM raw.rows")
      try await workshop.apply(connection)
      try await body(workshop, connection)
    }
  }

  /// A worker that stays until it is told to go.
  private func withWorker(
    _ name: String, of workshop: Workshop, environment extra: [String: String] = [:],
    _ connection: PostgresConnection, _ body: (Program) async throws -> Void
  ) async throws {
    let worker = try await Program.start(
      Executable.worker, ["--slots", "2", "--name", name],
      environment: try await workshop.workerEnvironment(extra), directory: workshop.directory)
    do {
      try await eventually(within: .seconds(60), "\(name) is there") {
        try await connection.query("SELECT FROM queue.workers WHERE state = 'running' AND name = $1", [name]).count == 1
      }
      try await body(worker)
    } catch {
      worker.send(SIGKILL)
      let result = try await worker.wait()
      throw TestFailure("\(error): \(result)")
    }
    worker.send(SIGTERM)
    let result = try await worker.wait()
    #expect(result.exitCode == 0, "\(result)")
  }

  private func text(_ sql: String, _ connection: PostgresConnection) async throws -> String? {
    try await connection.query(sql).first?.text("text")
  }

  private func isDone(_ count: Int, _ connection: PostgresConnection) async throws -> Bool {
    try await connection.query("SELECT count(*) AS n FROM queue.task WHERE state = 'completed'")[0].decode("n") == count
  }

  /// No attempt was spent, and no task failed.
  private func requireNothingSpent(_ connection: PostgresConnection) async throws {
    let spent = try await connection.query(
      """
      SELECT kind || ' ' || attempt_number || ': ' || coalesce(reason, '') AS text FROM queue.outcome
      WHERE kind IN ('retried', 'failed', 'worker_lost') OR attempt_number > 1
      """
    ).map { try $0.text("text") }
    #expect(spent.isEmpty, "\(spent)")
  }

  @Test("a cache folder that became a file keeps its worker from claiming, and costs the tasks nothing")
  func cacheFolder() async throws {
    try await withWorkshop { workshop, connection in
      let lake = workshop.cache + "/data_lake"
      try FileManager.default.createDirectory(atPath: lake, withIntermediateDirectories: true)
      let other = workshop.directory + "/other"
      try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(atPath: other + "/data_lake", withDestinationPath: lake)
      try await withWorker("healthy", of: workshop, connection) { _ in
        try await withWorker("sick", of: workshop, environment: ["AKER_CACHE_PATH": other], connection) { _ in
          try FileManager.default.removeItem(atPath: other + "/raw")
          try Data().write(to: URL(filePath: other + "/raw"))
          try await workshop.enqueue("sick", 1990...2019, asOf: "2024-06", connection)
          try await eventually(within: .seconds(120), "all is done") { try await isDone(30, connection) }
          try await eventually("it is told") {
            try await text("SELECT host_trouble AS text FROM queue.workers WHERE name = 'sick'", connection)?
              .contains(other + "/raw") == true
          }
          let environment = try await workshop.workerEnvironment([:])
          let list = try await Program.run(Executable.aker, ["workers"], environment: environment)
          #expect(list.output.contains("not well") && list.output.contains(other + "/raw"), "\(list)")
          let doctor = try await Program.run(Executable.aker, ["doctor", "--offline"], environment: environment)
          #expect(doctor.exitCode == 1 && doctor.output.contains("1 of 2 not well: sick on "), "\(doctor)")
          // As many as it had slots: what it had claimed before it looked.
          let given = try await connection.query(
            """
            SELECT coalesce(o.detail ->> 'advice', '') AS text FROM queue.outcome o JOIN queue.worker w USING (worker_id)
            WHERE o.kind = 'released' AND w.name = 'sick'
            """
          ).map { try $0.text("text") ?? "" }
          #expect((1...2).contains(given.count) && given.allSatisfy { $0.contains("AKER_CACHE_PATH") }, "\(given)")
          try await requireNothingSpent(connection)

          unlink(other + "/raw")
          try await eventually(within: .seconds(60), "it is well again") {
            try await connection.query("SELECT FROM queue.workers WHERE host_trouble IS NULL").count == 2
          }
        }
      }
      try await workshop.requireExactlyOnce("sick", partitions: 30, connection)
    }
  }

  @Test("folders that are removed under running workers are made again, and no attempt is spent")
  func vanishing() async throws {
    try await withWorkshop { workshop, connection in
      try await withWorker("one", of: workshop, connection) { _ in
        try await withWorker("two", of: workshop, connection) { _ in
          try await workshop.enqueue("sick", 1990...2029, asOf: "2024-06", connection)
          for round in 1...6 {
            try await eventually(within: .seconds(60), "some are done") {
              try await connection.query("SELECT FROM queue.task WHERE state = 'completed'").count >= round * 5
            }
            for folder in ["raw", "tmp"] {
              _ = try await Program.run("rm", ["-rf", workshop.cache + "/" + folder])
            }
          }
          try await eventually(within: .seconds(120), "all is done") { try await isDone(40, connection) }
          // What is staged between a publication's commit and its rename is the publication: only an idle lake's is nothing.
          _ = try await Program.run("rm", ["-rf", workshop.cache + "/data_lake/.staging"])
          try await workshop.enqueue("sick", 1990...1993, asOf: "2024-07", connection)
          try await eventually(within: .seconds(60), "it is made again") { try await isDone(44, connection) }
        }
      }
      try await requireNothingSpent(connection)
    }
  }

  @Test("a disk that has room again by the time that anybody looks costs the task nothing")
  func fullForAMoment() async throws {
    try await withWorkshop { workshop, connection in
      // Ten MiB of what no compression makes smaller, of which the disk has room for four: it is empty again once the
      // attempt is over, and a look finds what a small disk needs.
      try workshop.define(
        "sick", Self.datasetYAML,
        "SELECT r.a || '-' || i AS a, md5(i::text) || md5('-' || i) AS b FROM raw.rows AS r, range(300000) AS t(i)"
      )
      try await workshop.apply(connection)
      let cache = workshop.directory + "/small"
      try await SmallDisk.mounted(at: cache, byteCount: 67_108_864) { disk in
        try await withWorker("one", of: workshop, environment: ["AKER_CACHE_PATH": cache], connection) { _ in
          try disk.fill(leaving: 4_194_304)
          try await workshop.enqueue("sick", 1990...1990, asOf: "2024-06", connection)
          try await eventually(within: .seconds(60), "it is given back") {
            try await connection.query("SELECT FROM queue.attempt WHERE state = 'released'").isEmpty == false
          }
          disk.empty()
          try await eventually(within: .seconds(60), "it is done") { try await isDone(1, connection) }
          let reason = try await text("SELECT reason AS text FROM queue.attempt WHERE state = 'released'", connection)
          #expect(
            reason?.contains("No space left") == true
              && reason?.hasSuffix("(worker one is well again, and was not for a moment)") == true, "\(reason ?? "")")
        }
        try await requireNothingSpent(connection)
      }
    }
  }

  @Test("without DuckDB a worker claims nothing, says so, and goes on when it is there again")
  func duckdb() async throws {
    try await withWorkshop { workshop, connection in
      let program = workshop.directory + "/duckdb"
      try FileManager.default.createSymbolicLink(
        atPath: program, withDestinationPath: try await Workshop.duckdb.path)
      try await withWorker("one", of: workshop, environment: ["AKER_DUCKDB": program], connection) { _ in
        unlink(program)
        try await workshop.enqueue("sick", 1990...1993, asOf: "2024-06", connection)
        try await eventually(within: .seconds(60), "it is told") {
          try await text("SELECT host_trouble AS text FROM queue.workers", connection)
            == "there is no program \(program) any more"
        }
        #expect(
          try await text("SELECT queue.why(min(task_id)) AS text FROM queue.ready", connection)?
            .contains("no worker's host is well") == true)
        try FileManager.default.createSymbolicLink(
          atPath: program, withDestinationPath: try await Workshop.duckdb.path)
        try await eventually(within: .seconds(90), "all is done") { try await isDone(4, connection) }
      }
      try await requireNothingSpent(connection)
    }
  }

  @Test("a lake that is no longer there, as a disk that is not mounted, is published into by nobody")
  func unmounted() async throws {
    try await withWorkshop { workshop, connection in
      try await withWorker("one", of: workshop, connection) { _ in
        let lake = workshop.cache + "/data_lake"
        try await workshop.enqueue("sick", 1990...1990, asOf: "2024-06", connection)
        try await eventually(within: .seconds(60), "one is done, and its file has its name") {
          try await connection.query("SELECT FROM lake.manifest WHERE state = 'in_place'").count == 1
        }
        guard rename(lake, lake + "-elsewhere") == 0 else { throw TestFailure("it cannot be moved") }
        try Data().write(to: URL(filePath: lake))
        try await workshop.enqueue("sick", 1991...1994, asOf: "2024-06", connection)
        try await eventually(within: .seconds(60), "it is told") {
          try await text("SELECT host_trouble AS text FROM queue.workers", connection)?.contains(lake) == true
        }
        unlink(lake)
        guard rename(lake + "-elsewhere", lake) == 0 else { throw TestFailure("it cannot be moved back") }
        try await eventually(within: .seconds(90), "all is done") { try await isDone(5, connection) }
      }
      try await requireNothingSpent(connection)
      try await workshop.requireExactlyOnce("sick", partitions: 5, connection)
    }
  }
}
