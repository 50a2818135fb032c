import FoundationEssentials
import Glibc
import Lake
import Pipeline
import Postgres
import TestSupport
import Testing

/// What a partition reads of what was published, when other partitions are published meanwhile.
@Suite("Published upstreams", .database, .whateverHappens)
struct UpstreamTests {
  private func withDatasets(
    _ definitions: [(name: String, fields: String, transform: String)],
    _ body: (Workshop, PostgresConnection) async throws -> Void
  ) async throws {
    let place: (String, String) throws -> Void = { try Data("a\n1\n".utf8).write(to: URL(filePath: $1)) }
    try await Workshop.serving(["rows.csv"], place) { workshop, connection in
      for (name, fields, transform) in definitions { try define(workshop, name, fields, transform) }
      try await workshop.apply(connection)
      try await body(workshop, connection)
    }
  }

  private static let request =
    "requests: [{name: rows, source: test_files, path: /rows.csv, format: csv, columns: [a]}]"

  private func define(_ workshop: Workshop, _ name: String, _ fields: String, _ transform: String) throws {
    try workshop.define(
      name,
      """
      name: \(name)
      title: \(name)
      partitions: {years: 2010-}
      \(fields)
      columns:
        - {name: id, type: text, description: Number.}
        - {name: figure, type: bigint, description: Figure.}
      key: [id]
      """, transform)
  }

  @Test("partitions of a dataset that reads itself run one at a time, and each sees what the one before published")
  func readsItself() async throws {
    let transform = "SELECT '1' AS id, (SELECT count(*) FROM published.chain) AS figure"
    try await withDatasets([("chain", Self.request, transform)]) { workshop, connection in
      try await workshop.enqueue("chain", 2010...2015, asOf: "2024-06", connection)
      // In a backfill of its own, and a worker of its own, too.
      try await workshop.enqueue("chain", 2016...2019, asOf: "2024-06", connection)
      async let other = Program.run(
        Executable.worker, ["--slots", "3", "--until-empty", "--source", "test_files"],
        environment: try await workshop.workerEnvironment([:]), directory: workshop.directory)
      let result = try await workshop.work(slots: 3)
      #expect(result.exitCode == 0, "\(result)")
      #expect(try await other.exitCode == 0)
      try await workshop.requireExactlyOnce("chain", partitions: 10, connection)
      let rows = try await connection.query("SELECT figure FROM chain ORDER BY 1")
      #expect(try rows.map { try $0.decode("figure", as: Int.self) } == Array(0..<10))
      let failed = try await connection.query("SELECT FROM queue.attempt WHERE error_class IS NOT NULL")
      #expect(failed.isEmpty)
    }
  }

  @Test("an upstream whose worker hangs between its commit and its file's name is read as it was committed")
  func hangsBeforeTheName() async throws {
    func transform(_ figure: Int) -> String { "SELECT '1' AS id, \(figure) AS figure" }
    try await withDatasets([
      ("up", Self.request, transform(1)),
      ("down", "depends_on: [up]", "SELECT id, figure FROM published.up"),
    ]) { workshop, connection in
      // It repairs the lake as it starts, and so does not know of what comes then.
      let reader = try await Program.start(
        Executable.worker, ["--slots", "1", "--dataset", "down"],
        environment: try await workshop.workerEnvironment([:]), directory: workshop.directory)
      try await eventually(within: .seconds(60), "the reader waits for tasks") {
        try await !connection.query("SELECT FROM queue.worker WHERE state = 'running'").isEmpty
      }
      for figure in 1...2 {
        try define(workshop, "up", Self.request, transform(figure))
        try await workshop.apply(connection)
        try await connection.execute(
          """
          SELECT * FROM queue.enqueue_backfill(ARRAY['up', 'down'], ARRAY[2010], as_of => '2024-06', mode => 'all',
            backfill_key => gen_random_uuid()::text)
          """)
        let writer = try await Program.start(
          Executable.worker, ["--slots", "1", "--until-empty", "--dataset", "up"],
          environment: try await workshop.workerEnvironment(["AKER_SUSPEND_AT": StepBoundary.committed.rawValue]),
          directory: workshop.directory)
        try await eventually(within: .seconds(60), "the reader has published what it read") {
          try await connection.query("SELECT FROM queue.task WHERE dataset = 'down' AND state <> 'completed'").isEmpty
        }
        let shown = try await connection.query("SELECT figure FROM down")
        #expect(try shown.map { try $0.decode("figure", as: Int.self) } == [figure])
        let read = try await connection.query(
          """
          SELECT i.input_publication_id = m.publication_id AS is_newest
          FROM lineage.input i JOIN lineage.publication p USING (publication_id)
          JOIN lake.manifest m ON m.dataset = 'up' AND m.data_year = 2010
          WHERE p.dataset = 'down' ORDER BY p.publication_id DESC LIMIT 1
          """)
        #expect(try read.first?.decode("is_newest", as: Bool.self) == true)
        writer.send(SIGCONT)
        #expect(try await writer.wait().exitCode == 0)
      }
      reader.send(SIGTERM)
      #expect(try await reader.wait().exitCode == 0)
      let failed = try await connection.query("SELECT FROM queue.attempt WHERE error_class IS NOT NULL")
      #expect(failed.isEmpty)
      let report = try await LakeRepair(workshop.lake).run(connection, removingOrphans: false, verifyingHashes: true)
      #expect(report.isClean, "\(report)")
    }
  }

  private static let upAndDown: [(name: String, fields: String, transform: String)] = [
    ("up", request, "SELECT '1' AS id, 1 AS figure"),
    ("down", "depends_on: [up]", "SELECT id, figure FROM published.up"),
  ]

  /// What is there by the file's name, as on a host with a lake on a disk of its own.
  @Test("what is read of an upstream is what was published, or nothing is built", arguments: [nil, Data("other".utf8)])
  func anotherFileThere(content: Data?) async throws {
    try await withDatasets(Self.upAndDown) { workshop, connection in
      try await connection.execute("UPDATE queue.setting SET max_attempts = 2")
      try await workshop.enqueue("up", 2010...2010, asOf: "2024-06", connection)
      #expect(try await workshop.work().exitCode == 0)
      let path: String = try await connection.query("SELECT path FROM lake.manifest")[0].decode("path")
      let file = URL(filePath: workshop.lake.location + "/" + path)
      let published = try Data(contentsOf: file)
      try FileManager.default.removeItem(at: file)
      try content?.write(to: file)
      try await workshop.enqueue("down", 2010...2010, asOf: "2024-06", connection)
      _ = try await workshop.work()
      let task = try await connection.one(
        """
        SELECT t.state, a.reason, a.error_class FROM queue.task t JOIN queue.attempt a USING (task_id)
        WHERE t.dataset = 'down' ORDER BY a.attempt_number DESC LIMIT 1
        """)
      #expect(try task.decode("state", as: String.self) == "failed")
      let reason: String = try task.decode("reason")
      let expected = content == nil ? "was published, and is not there" : "is not what was published"
      #expect(reason.contains(path) && reason.contains(expected), "\(reason)")
      #expect(try await connection.query("SELECT FROM lake.manifest WHERE dataset = 'down'").isEmpty)

      try published.write(to: file)
      _ = try await connection.query("SELECT queue.retry_task(task_id) FROM queue.task WHERE dataset = 'down'")
      #expect(try await workshop.work().exitCode == 0)
      let shown = try await connection.query("SELECT figure FROM down")
      #expect(try shown.map { try $0.decode("figure", as: Int.self) } == [1])
    }
  }

  /// Two hosts with a folder of the same name, each on its own disk: the second is refused before anything was published,
  /// and afterwards, and by `aker doctor`.
  @Test("a host whose lake is a disk of its own is refused by name", .enabled(if: geteuid() == 0))
  func ownDisk() async throws {
    try await withDatasets(Self.upAndDown) { workshop, connection in
      func onHost(_ program: [String]) async throws -> Program.Result {
        try FileManager.default.createDirectory(atPath: workshop.cache, withIntermediateDirectories: true)
        return try await Program.run(
          "unshare",
          [
            "--mount", "--uts", "sh", "-ec",
            "hostname host-b; mount --make-rprivate /; mount -t tmpfs none \(workshop.cache); exec \"$@\"", "sh",
          ] + program,
          environment: try await workshop.workerEnvironment(["AKER_MIGRATIONS_PATH": PackageRoot.migrations]),
          directory: workshop.directory)
      }
      let worker = [Executable.worker, "--until-empty"]
      #expect(try await workshop.work().exitCode == 0)
      for published in [false, true] {
        if published {
          try await workshop.enqueue("up", 2010...2010, asOf: "2024-06", connection)
          #expect(try await workshop.work().exitCode == 0)
        }
        let refused = try await onHost(worker)
        #expect(refused.exitCode == 78, "\(refused)")
        #expect(refused.errorOutput.contains("host-b") && refused.errorOutput.contains("mount the folder of"))
      }
      let doctor = try await onHost([Executable.aker, "doctor", "--offline"])
      #expect(doctor.output.contains("on this host (host-b) is not the database's lake"), "\(doctor)")
      // A folder that is shared is no other lake, whatever the host is called.
      let shared = try await Program.run(
        "unshare", ["--uts", "sh", "-ec", "hostname host-b; exec \"$@\"", "sh"] + worker,
        environment: try await workshop.workerEnvironment([:]), directory: workshop.directory)
      #expect(shared.exitCode == 0, "\(shared)")
    }
  }
}
