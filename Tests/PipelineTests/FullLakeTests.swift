import Base
import FoundationEssentials
import Glibc
import Lake
import Postgres
import Testing
import TestSupport

/// The disk below the lake, with room for ever more of what an attempt writes there: members of an archive, the Parquet
/// file, the two reports, and the names that the file gets when it is published.
@Suite("A full lake", .database, .serialized, .whateverHappens)
struct FullLakeTests {
  /// As the source gives the rows: an archive is unpacked beside the Parquet file, and gone when the reports are written.
  enum Document: String, CaseIterable, CustomTestStringConvertible {
    case archive
    case text
    var testDescription: String { rawValue }
    var fields: String { self == .archive ? "path: /rows.zip, member: \"*.csv\"" : "path: /rows.csv" }
  }

  private static let dataset = "small_disk"

  private static func datasetYAML(_ document: Document) -> String {
    """
    name: small_disk
    title: Rows on a small disk
    partitions: {years: 2010-}
    requests:
      - {name: rows, source: test_files, \(document.fields), format: csv, columns: [id, name]}
    columns:
      - {name: id, type: text, description: Number.}
      - {name: length, type: bigint, description: Letters of the name.}
    key: [id]
    checks:
      - expect_table_row_count_to_be_between: {min_value: 1}
    """
  }

  private static let transformSQL = "SELECT id, length(name) AS length FROM raw.rows"
  private static let pageByteCount = 4096

  /// A published partition that is to be replaced, in a lake on a small disk, while readers look on.
  private func withSmallLake(
    _ document: Document, _ body: (Workshop, SmallDisk, PostgresConnection) async throws -> Void
  ) async throws {
    let directory = "/tmp/aker-lake-full-\(UUID().uuidString)"
    let files = directory + "-files"
    try FileManager.default.createDirectory(atPath: files, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: files) }
    let made = try await Program.run(
      "python3",
      [
        "-c",
        """
        import zipfile, sys
        text = 'id,name\\n' + ''.join('%05d,%s\\n' % (n, 'x' * (n * 7919 % 13)) for n in range(800))
        open(sys.argv[1] + '/rows.csv', 'w').write(text)
        with zipfile.ZipFile(sys.argv[1] + '/rows.zip', 'w', zipfile.ZIP_DEFLATED) as z: z.writestr('rows.csv', text)
        """, files,
      ])
    try #require(made.exitCode == 0, "\(made)")
    try await Workshop.serving(
      ["rows.csv", "rows.zip"], { try FileManager.default.copyItem(atPath: files + "/" + $0, toPath: $1) }
    ) { workshop, connection in
      // So small that the worker's own look, which wants a twentieth of it to be free, is content for as long as may be.
      try await SmallDisk.mounted(at: workshop.cache + "/data_lake", byteCount: 1 << 18) { disk in
        try workshop.define(Self.dataset, Self.datasetYAML(document), Self.transformSQL)
        try await workshop.apply(connection)
        try await workshop.enqueue(Self.dataset, 2010...2010, asOf: "2024-06", connection)
        try await workshop.work()
        try await workshop.requireExactlyOnce(Self.dataset, partitions: 1, connection)
        // A task ends with its first failure, and its worker with it.
        try await connection.execute("UPDATE queue.setting SET max_attempts = 1")
        try await PublicationReader.watching(Self.dataset, of: workshop) {
          try await body(workshop, disk, connection)
        }
      }
    }
  }

  private struct Failure {
    var errorClass: String
    var reason: String
    var advice: String?
  }

  /// One attempt at the partition: of the task that failed before, or of a new one.
  /// - Returns: how it failed; nil when it was published.
  private func attempt(
    asOf: String = "2024-06", _ workshop: Workshop, _ connection: PostgresConnection
  ) async throws -> Failure? {
    let open = try await connection.query("SELECT task_id FROM queue.task WHERE state = 'failed'")
    for row in open {
      _ = try await connection.query("SELECT queue.retry_task($1)", [try row.decode("task_id", as: Int64.self)])
    }
    if try await connection.query("SELECT FROM queue.ready").isEmpty {
      try await workshop.makeStale(Self.dataset, "length", connection)
      try await workshop.enqueue(Self.dataset, 2010...2010, asOf: asOf, mode: "all", connection)
    }
    let last = try await connection.query("SELECT coalesce(max(attempt_id), 0) AS n FROM queue.attempt")
    let worker = try await workshop.start()
    let ending = "FROM queue.attempt WHERE attempt_id > $1 AND state <> 'running'"
    let lastID: Int64 = try last[0].decode("n")
    try await eventually(within: .seconds(60), "an attempt has ended") {
      try await connection.query("SELECT \(ending) LIMIT 1", [lastID]).isEmpty == false
    }
    // A host whose disk is full gives the task back, and waits for room.
    worker.send(SIGTERM)
    let ended = try await worker.wait()
    #expect(ended.exitCode == 0, "\(ended)")
    let rows = try await connection.query(
      "SELECT coalesce(error_class, 'transient') AS error_class, reason, detail ->> 'advice' AS advice \(ending) AND state <> 'completed'",
      [lastID])
    return try rows.first.map {
      Failure(
        errorClass: try $0.decode("error_class"), reason: try $0.decode("reason"), advice: try $0.decode("advice"))
    }
  }

  /// The same, until the task itself meets the disk: a worker that looks at its host may find it full before its task does.
  private func meeting(
    asOf: String = "2024-06", _ workshop: Workshop, _ connection: PostgresConnection
  ) async throws -> Failure? {
    for _ in 0..<20 {
      guard let failure = try await attempt(asOf: asOf, workshop, connection) else { return nil }
      let isOwnLooks = failure.reason.hasPrefix("worker ")
      try await require(failure, isOwnLooks ? "is not well" : "No space left on device", workshop, connection)
      if !isOwnLooks { return failure }
    }
    Issue.record("the worker's own look came first twenty times")
    return nil
  }

  /// Clear, transient, and without a trace.
  private func require(
    _ failure: Failure, _ words: String, _ workshop: Workshop, _ connection: PostgresConnection
  ) async throws {
    #expect(failure.errorClass == "transient", "\(failure)")
    #expect(failure.reason.contains(words), "\(failure)")
    #expect(failure.reason.contains(workshop.lake.location), "\(failure)")
    #expect(failure.advice?.contains("AKER_CACHE_PATH") == true, "\(failure)")
    // Nothing was committed, so that nothing has to wait for repair.
    #expect(try await connection.query("SELECT FROM lake.manifest WHERE state <> 'in_place'").isEmpty)
    #expect(try await workshop.lake.stagingNames() == [], "\(failure)")
  }

  @Test(
    "whatever meets the full disk says so, leaves nothing, and the same task goes through when there is room",
    arguments: Document.allCases)
  func bytes(_ document: Document) async throws {
    try await withSmallLake(document) { workshop, disk, connection in
      var met: [String] = []
      for pageCount in 0... {
        try #require(pageCount < 100)
        try disk.fill(leaving: pageCount * Self.pageByteCount)
        guard let failure = try await meeting(workshop, connection) else { break }
        met.append(failure.reason)
      }
      let expected =
        document == .archive
        ? ["/prepared/", "/small_disk.parquet"] : ["/small_disk.parquet", "/validation.json", "/validation.html"]
      for name in expected { #expect(met.contains { $0.contains(name) }, "\(name) never met it: \(met)") }
      disk.empty()
      try await workshop.work()
      try await workshop.requireExactlyOnce(Self.dataset, partitions: 1, connection)
    }
  }

  @Test(
    "the same where the disk has no more names; a published file that cannot get its own gets it from repair",
    arguments: Document.allCases)
  func names(_ document: Document) async throws {
    try await withSmallLake(document) { workshop, disk, connection in
      var met: [String] = []
      // A new vintage needs folders of its own, once it is published.
      for nameCount in 0... {
        try #require(nameCount < 100)
        try await disk.limitNames(leaving: nameCount)
        guard let failure = try await meeting(asOf: "2024-07", workshop, connection) else { break }
        met.append(failure.reason)
      }
      // A worker that looks at its host takes a name for a moment, so that of two folders one after the other either may be
      // what met the end.
      let expected =
        document == .archive
        ? ["/prepared", "/rows.csv", "/small_disk.parquet"]
        : ["cannot create \(workshop.lake.location)/.staging/", "/prepared:", "/small_disk.parquet"]
      for name in expected { #expect(met.contains { $0.contains(name) }, "\(name) never met it: \(met)") }
      // Readers of the warehouse have it, and the lake has it where nobody looks.
      let path = "small_disk/as_of=2024-07/data_year=2010/small_disk.parquet"
      func state() async throws -> String? {
        try await connection.query("SELECT state FROM lake.manifest WHERE path = $1", [path]).first?.decode("state")
      }
      if document == .text {
        #expect(try await state() == "committed")
        #expect(try await !workshop.lake.files().contains(path))
        #expect(try await workshop.lake.stagingNames().count == 1)
      }
      try await disk.unlimitNames()
      try await workshop.work()
      #expect(try await state() == "in_place")
      #expect(try await workshop.lake.files().contains(path))
      #expect(try await workshop.lake.stagingNames() == [])
      let shown = try await connection.query("SELECT as_of, count(*) AS n FROM small_disk GROUP BY 1")
      #expect(try shown.map { try $0.decode("as_of", as: String.self) } == ["2024-07"])
      #expect(try shown.map { try $0.decode("n", as: Int.self) } == [800])
      let published = try await connection.query("SELECT FROM lineage.publication WHERE as_of = '2024-07'")
      #expect(published.count == 1)
    }
  }

  @Test("a lake that has become read-only is transient, says so, and is used again when it can be written")
  func readOnly() async throws {
    try await withSmallLake(.text) { workshop, disk, connection in
      try await disk.remount("ro")
      let failure = try #require(try await attempt(workshop, connection))
      try await require(failure, "Read-only file system", workshop, connection)
      #expect(failure.advice?.contains("writable") == true, "\(failure)")
      try await disk.remount("rw")
      #expect(try await attempt(workshop, connection) == nil)
      try await workshop.requireExactlyOnce(Self.dataset, partitions: 1, connection)
    }
  }
}
