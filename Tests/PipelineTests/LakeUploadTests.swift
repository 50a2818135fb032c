import Settings
import Engine
import FoundationEssentials
import HTTP
import Lake
import Logging
import Pipeline
import Postgres
import S3
import Testing
import TestSupport

/// What killed workers had sent to S3 in part.
@Suite("Incomplete uploads", .database)
struct LakeUploadTests {
  private static let root = "a/b/data_lake/"
  private static let mark = " (incomplete upload)"

  private static func partition(_ year: Int) -> String { "jobs/as_of=2024-06/data_year=\(year)/jobs.parquet" }

  private func withLake(_ body: (any LakeStore, ObjectStore, String) async throws -> Void) async throws {
    let directory = "/tmp/aker-uploads-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try await ObjectStore.running(bucket: "lake") { store in
      try await body(try store.lake(directory), store, directory)
    }
  }

  private func publish(_ year: Int, state: String, _ lake: any LakeStore, _ connection: PostgresConnection) async throws
  {
    try await connection.execute(
      """
      WITH made AS (
        INSERT INTO lineage.publication (task_id, lease_token, row_count, byte_count, started_at, data_year, dataset, as_of,
          outcome, definition_hash, output_sha256, lake_path, worker_id, host, code_version, engine_version)
        VALUES ($1::int, $1::int, 1, 1, now(), $1::int, 'jobs', '2024-06', 'published', repeat('a', 64), repeat('0', 64), $2,
          '1', 'h', 'v', 'e') RETURNING publication_id)
      INSERT INTO lake.manifest (publication_id, row_count, byte_count, data_year, dataset, as_of, definition_hash, sha256,
        path, staged_path, lake, state)
      SELECT publication_id, 1, 1, $1::int, 'jobs', '2024-06', repeat('a', 64), repeat('0', 64), $2, '.staging/x/jobs.parquet',
        $3, $4 FROM made
      """, [year, Self.partition(year), lake.location, state])
  }

  @Test("they are aborted when their attempt is over, and never one of an attempt that lives")
  func abortsWhatIsOver() async throws {
    let connection = try await TestDatabase.current.connect()
    try await connection.execute(
      "INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql) VALUES (repeat('a', 64), 'jobs', '', '')"
    )
    try await withLake { lake, store, directory in
      try await LakeIdentity(lake).require(connection)
      try await publish(2020, state: "in_place", lake, connection)
      try await publish(2021, state: "committed", lake, connection)
      // As claimed by a worker that lives.
      try await connection.execute(
        """
        INSERT INTO queue.lease (lease_token, task_id, started_at, deadline_at, worker_id, lane_id, data_year, attempt_count,
          lost_count, throttle_count) VALUES (7, 3, now(), now() + interval '1 hour', 1, 1, 2022, 1, 0, 0)
        """)
      let kept = [".staging/3-7/jobs.parquet", Self.partition(2021)].map { Self.root + $0 }
      // The lease of an earlier attempt of the same task is no more.
      let over = [".staging/3-6/jobs & more.parquet", Self.partition(2020)]
      let nobodys = Self.partition(1999)
      for key in kept + (over + [nobodys]).map({ Self.root + $0 }) + ["a/b/data_lakes/x.parquet"] {
        try await store.beginUpload(key)
      }

      var report = LakeRepair.Report()
      try await LakeRepair(lake).abortUploads(connection, &report)
      #expect(Set(report.removed) == Set(over.map { $0 + Self.mark }))
      #expect(report.orphans == [nobodys + Self.mark])
      #expect(try await store.uploadKeys() == Set(kept + [Self.root + nobodys, "a/b/data_lakes/x.parquet"]))

      report = LakeRepair.Report()
      try await LakeRepair(lake).abortUploads(connection, removingOrphans: true, &report)
      #expect(report.removed == [] && report.orphans == [nobodys + Self.mark])
      #expect(try await store.uploadKeys() == Set(kept + ["a/b/data_lakes/x.parquet"]))

      // The attempt that lived is over: its worker's successor finds it, and so does the whole repair.
      try await connection.execute("DELETE FROM queue.lease")
      var variables = store.environment.merging(
        ["AKER_CACHE_PATH": "s3://lake/a/b", "AKER_HOME": directory, "AKER_MIGRATIONS_PATH": PackageRoot.migrations]
      ) { $1 }
      variables["AKER_DUCKDB"] = try await Workshop.duckdb.path
      variables["AKER_POSTGIS_DSN"] = TestDatabase.current.dsn
      let environment = try await PipelineEnvironment.make(
        AkerConfiguration(environment: variables), database: TestDatabase.current.configuration, slots: 1,
        clientName: "test", logger: Logger(label: "test"))
      // Its file is lost for good, and that is another matter.
      try await connection.execute("UPDATE lake.manifest SET state = 'in_place'")
      try await environment.repairAtStart(Logger(label: "test"))
      #expect(try await store.uploadKeys() == ["a/b/data_lakes/x.parquet"])
      await (try environment.pool).close()
    }
  }

  @Test("a server that does not list them, or not for us, is said and stops no repair", arguments: [403, 501])
  func unlisted(_ status: Int) async throws {
    let connection = try await TestDatabase.current.connect()
    try await S3Answers.running(status: status, pages: ["<Error><Code>No</Code></Error>"]) { client, directory in
      let lake = S3Lake(client, prefix: "data_lake", scratch: directory)
      var report = LakeRepair.Report()
      try await LakeRepair(lake).abortUploads(connection, removingOrphans: true, &report)
      #expect(report.isClean)
      #expect(report.notes.count == 1)
      #expect(report.notes.first?.contains("S3 answered \(status) No") == true, "\(report.notes)")
      #expect(report.notes.first?.contains("s3:ListBucketMultipartUploads") == true)
    }
  }

  @Test("listings of many pages are whole")
  func pages() async throws {
    func page(_ keys: ClosedRange<Int>, next: String) -> String {
      "<ListMultipartUploadsResult>"
        + keys.map { "<Upload><Key>data_lake/\($0) &amp; more</Key><UploadId>u\($0)</UploadId></Upload>" }.joined()
        + next + "</ListMultipartUploadsResult>"
    }
    let more =
      "<IsTruncated>true</IsTruncated><NextKeyMarker>data_lake/2 &amp; more</NextKeyMarker><NextUploadIdMarker>u2</NextUploadIdMarker>"
    let pages = [page(1...2, next: more), page(3...3, next: "<IsTruncated>false</IsTruncated>")]
    try await S3Answers.running(status: 200, pages: pages) { client, _ in
      let uploads = try await client.uploads("data_lake/")
      #expect(uploads == (1...3).map { S3Client.Upload(key: "data_lake/\($0) & more", id: "u\($0)") })
    }
  }
}

/// A server that answers as some S3 servers do and moto does not: with a refusal, or in pages.
private enum S3Answers {
  /// The second page goes to whom asks behind the first.
  private static let script = """
    import os, sys
    from http.server import BaseHTTPRequestHandler, HTTPServer
    status, pages = int(sys.argv[2]), sys.argv[3:]
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            asked = 'key-marker=data_lake%2F2%20%26%20more' in self.path and 'upload-id-marker=u2' in self.path
            body = pages[1 if asked else 0].encode()
            self.send_response(status)
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def log_message(self, *_): pass
    server = HTTPServer(('127.0.0.1', 0), Answer)
    with open(sys.argv[1] + '.new', 'w') as file: file.write(str(server.server_port))
    os.rename(sys.argv[1] + '.new', sys.argv[1])
    server.serve_forever()
    """

  static func running(
    status: Int, pages: [String], _ body: (S3Client, String) async throws -> Void
  ) async throws {
    let directory = "/tmp/aker-s3-answers-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let portFile = directory + "/port"
    let program = try await Program.start("python3", ["-c", script, portFile, "\(status)"] + pages)
    var port: String?
    try await eventually("the server listens") {
      port = FileManager.default.contents(atPath: portFile).map { String(decoding: $0, as: UTF8.self) }
      return port != nil
    }
    let client = S3Client(
      bucket: "lake", endpoint: "http://127.0.0.1:\(port ?? "")",
      signature: S3Signature(accessKey: "a", secretKey: "s", region: "us-east-1"), scratch: directory,
      allowsPrivateAddress: true)
    let result: Result<Void, any Error>
    do { result = .success(try await body(client, directory)) } catch { result = .failure(error) }
    program.send(9)
    _ = try await program.wait()
    try result.get()
  }
}
