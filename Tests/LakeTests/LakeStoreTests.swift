import Base
import Settings
import FoundationEssentials
import Glibc
import HTTP
import Lake
import Logging
import Pipeline
import Postgres
import Quality
import S3
import Testing
import TestSupport

/// What both lakes promise: a folder and a bucket alike.
@Suite("Lakes")
struct LakeStoreTests {
  enum Kind: String, CaseIterable, CustomTestStringConvertible {
    case disk
    case s3
    var testDescription: String { rawValue }
  }

  private static let path = "jobs/as_of=2024-06/data_year=2021/region=oh/jobs.parquet"
  private static let reports = "jobs/as_of=2024-06/data_year=2021/region=oh/_validation"

  private func withLake(_ kind: Kind, _ body: (any LakeStore, String) async throws -> Void) async throws {
    let directory = "/tmp/aker-lake-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    switch kind {
    case .disk: try await body(DiskLake(directory: directory + "/data_lake"), directory)
    case .s3:
      try await ObjectStore.running(bucket: "lake") { store in
        try await ObjectStore.$current.withValue(store) { try await body(try Self.lake(store, directory), directory) }
      }
    }
  }

  static func lake(_ store: ObjectStore, _ directory: String) throws -> any LakeStore {
    let variables = store.environment.merging(
      ["AKER_CACHE_PATH": "s3://lake/a/b", "AKER_HOME": directory, "AKER_MIGRATIONS_PATH": PackageRoot.migrations]
    ) { $1 }
    return try AkerConfiguration(environment: variables).lake()
  }

  private func stage(_ lake: any LakeStore, _ staging: String, _ bytes: Data) async throws {
    let folder = try await lake.prepareStaging(staging)
    try bytes.write(to: URL(filePath: folder + "/jobs.parquet"))
    try Data("{}".utf8).write(to: URL(filePath: folder + "/validation.json"))
    try FileManager.default.createDirectory(atPath: folder + "/spill", withIntermediateDirectories: true)
    try await lake.stage(staging)
  }

  private func bytes(_ lake: any LakeStore, _ path: String, _ directory: String) async throws -> Data? {
    let scratch = directory + "/scratch"
    try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
    return try await lake.localFile(path, scratch: scratch).flatMap { FileManager.default.contents(atPath: $0) }
  }

  @Test(
    "what is staged is nobody's until it is placed; then it is there whole, with its reports", arguments: Kind.allCases)
  func places(_ kind: Kind) async throws {
    try await withLake(kind) { lake, directory in
      let first = Data("PAR1 first PAR1".utf8)
      try await stage(lake, ".staging/1-1", first)
      #expect(try await lake.files() == [])
      #expect(try await lake.byteCount(Self.path) == nil)
      #expect(try await lake.sha256(Self.path) == nil)
      #expect(try await bytes(lake, Self.path, directory) == nil)
      #expect(try await lake.stagingNames() == ["1-1"])

      #expect(try await lake.place(".staging/1-1", at: Self.path))
      #expect(try await lake.files() == [Self.path])
      #expect(try await lake.byteCount(Self.path) == first.count)
      #expect(try await lake.sha256(Self.path) == SHA256.hash("PAR1 first PAR1"))
      #expect(try await bytes(lake, Self.path, directory) == first)
      #expect(try await lake.byteCount(Self.reports + "/validation.json") == 2)
      #expect(try await lake.stagingNames() == [])
      // As after a crash that came just behind the placing.
      #expect(try await !lake.place(".staging/1-1", at: Self.path))

      // Another takes its place.
      try await stage(lake, ".staging/2-7", Data("PAR1 second, and longer PAR1".utf8))
      #expect(try await bytes(lake, Self.path, directory) == first)
      let beingRead = try #require(await lake.localFile(Self.path, scratch: directory + "/reader"))
      #expect(beingRead.hasSuffix(Self.path))
      #expect(try await lake.place(".staging/2-7", at: Self.path))
      #expect(FileManager.default.contents(atPath: beingRead) == first)
      #expect(try await bytes(lake, Self.path, directory) == Data("PAR1 second, and longer PAR1".utf8))
      #expect(try await lake.files() == [Self.path])

      try await lake.remove(Self.path)
      try await lake.remove(Self.path)
      #expect(try await lake.files() == [])
      #expect(try await lake.byteCount(Self.reports + "/validation.json") == nil)
    }
  }

  @Test(
    "a second attempt begins with an empty folder, and what an attempt left is found and removed",
    arguments: Kind.allCases)
  func abandons(_ kind: Kind) async throws {
    try await withLake(kind) { lake, _ in
      try await stage(lake, ".staging/1-1", Data("half".utf8))
      let folder = try await lake.prepareStaging(".staging/1-1")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
      #expect(try await !lake.place(".staging/1-1", at: Self.path))
      try await stage(lake, ".staging/3-9", Data("dead".utf8))
      _ = try await lake.prepareStaging(".staging/4-2")
      #expect(try await lake.stagingNames() == ["1-1", "3-9", "4-2"])
      for name in try await lake.stagingNames() { try await lake.removeStaging(".staging/" + name) }
      try await lake.removeStaging(".staging/never-was")
      #expect(try await lake.stagingNames() == [])
      #expect(try await lake.files() == [])
    }
  }

  @Test("a reader gets the file before or the file after, never a part of one", arguments: Kind.allCases)
  func readsWhole(_ kind: Kind) async throws {
    try await withLake(kind) { lake, directory in
      // Larger than a part of an upload to S3.
      func content(_ number: Int) -> Data { Data(repeating: UInt8(number), count: (number == 1 ? 17 : 2) << 20) }
      try await stage(lake, ".staging/1-1", content(1))
      #expect(try await lake.place(".staging/1-1", at: Self.path))
      let whole = Set(try (1...4).map { number in try Self.hash(content(number)) })
      let reading = Task {
        var seen: Set<String> = []
        while !Task.isCancelled {
          do {
            seen.insert(try await lake.sha256(Self.path) ?? "none")
          } catch is CancellationError { break }
        }
        return seen
      }
      for number in 2...4 {
        try await stage(lake, ".staging/1-\(number)", content(number))
        #expect(try await lake.place(".staging/1-\(number)", at: Self.path))
      }
      reading.cancel()
      let seen = try await reading.value
      #expect(seen.isSubset(of: whole), "\(seen)")
      #expect(try await lake.sha256(Self.path) == Self.hash(content(4)))
    }
  }

  private static func hash(_ data: Data) throws -> String {
    var hash = SHA256()
    data.withUnsafeBytes { hash.update($0) }
    return hash.finish()
  }

  @Test(
    "a lake that cannot be written is a transient error that says what is wrong and what to do",
    arguments: Kind.allCases)
  func cannotWrite(_ kind: Kind) async throws {
    let directory = "/tmp/aker-lake-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let error: LakeError?
    switch kind {
    case .disk:
      // Not even root may make a folder there.
      let lake = DiskLake(directory: "/proc/aker")
      error = await #expect(throws: LakeError.self) { _ = try await lake.prepareStaging(".staging/1-1") }
      #expect(error?.summary.contains("/proc") == true)
    case .s3:
      var refused: LakeError?
      try await ObjectStore.running(bucket: "another") { store in
        let lake = try Self.lake(store, directory)
        refused = await #expect(throws: LakeError.self) { try await stage(lake, ".staging/1-1", Data("x".utf8)) }
      }
      error = refused
      #expect(error?.summary.contains("S3 answered 404 NoSuchBucket") == true, "\(error?.summary ?? "")")
      #expect(error?.advice?.contains("AKER_CACHE_PATH") == true)
    }
    #expect(error?.errorClass == .transient)
  }

  /// S3 takes 5 GiB in one request at most, and no part below 5 MiB but the last.
  @Test("who places what another is placing finds it done, and fails for nothing", arguments: Kind.allCases)
  func placedTwice(_ kind: Kind) async throws {
    try await withLake(kind) { lake, _ in
      for number in 1...10 {
        let staging = ".staging/1-\(number)-a"
        let text = "file \(number)"
        try await stage(lake, staging, Data(text.utf8))
        let placed = try await withThrowingTaskGroup(of: Bool.self) { group in
          for _ in 1...4 { group.addTask { try await lake.place(staging, at: Self.path) } }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(placed.contains(true))
        #expect(try await lake.sha256(Self.path) == SHA256.hash(text))
      }
    }
  }

  @Test("a file that is too large for one request is put and copied in parts, whole or not at all")
  func largeFile() async throws {
    let directory = "/tmp/aker-lake-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try await ObjectStore.running(bucket: "lake") { store in
      let client = S3Client(
        bucket: "lake", endpoint: store.endpoint,
        signature: S3Signature(
          accessKey: ObjectStore.accessKey, secretKey: ObjectStore.secretKey, region: "us-east-1"),
        scratch: directory + "/s3", allowsPrivateAddress: true, partByteCount: 5 << 20, copyPartByteCount: 6 << 20)
      let lake = S3Lake(client, prefix: "a b/data_lake", scratch: directory + "/s3")
      let key = "a b/data_lake/" + Self.path
      var bytes = Data(count: 17 << 20)
      for index in stride(from: 0, to: bytes.count, by: 997) { bytes[index] = UInt8(truncatingIfNeeded: index &* 31) }
      try await stage(lake, ".staging/1-1", bytes)
      #expect(try await lake.place(".staging/1-1", at: Self.path))
      #expect(try await lake.sha256(Self.path) == Self.hash(bytes))
      #expect(try await lake.stagingNames() == [])
      // An ETag says of how many parts an object was made.
      let tag = try await store.inspect("print(s3.head_object(Bucket='lake', Key='\(key)')['ETag'])")
      #expect(tag == "\"\(try await store.inspect(Self.partsHash(key, of: 6 << 20)))-3\"")
      let uploads = "print(len(s3.list_multipart_uploads(Bucket='lake').get('Uploads', [])))"
      #expect(try await store.inspect(uploads) == "0")

      // A part that cannot be copied: what was there stays, and nothing is left that costs.
      let error = await #expect(throws: S3Client.Failure.self) {
        try await client.copy(.init(key: "gone", byteCount: 13 << 20), to: key)
      }
      guard case .refused(404, _, _) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(try await store.inspect(uploads) == "0")
      #expect(try await lake.sha256(Self.path) == Self.hash(bytes))

      // Cancelled on the way.
      let copying = Task {
        while true { try await client.copy(.init(key: key, byteCount: 17 << 20), to: "copy") }
      }
      try await eventually("a copy is under way") { try await store.inspect(uploads) == "1" }
      copying.cancel()
      await #expect(throws: CancellationError.self) { try await copying.value }
      #expect(try await store.inspect(uploads) == "0")
    }
  }

  /// Prints the MD5 of the MD5s of an object's parts.
  private static func partsHash(_ key: String, of byteCount: Int) -> String {
    """
    import hashlib
    body = s3.get_object(Bucket='lake', Key='\(key)')['Body'].read()
    parts = [body[at:at + \(byteCount)] for at in range(0, len(body), \(byteCount))]
    print(hashlib.md5(b''.join(hashlib.md5(part).digest() for part in parts)).hexdigest())
    """
  }

  @Test("a file that was sent in part is no file of the lake, and can be found and forgotten", arguments: Kind.allCases)
  func unfinishedUploads(_ kind: Kind) async throws {
    try await withLake(kind) { lake, _ in
      #expect(try await lake.unfinishedUploads() == [])
      guard let store = ObjectStore.current else { return }
      try await store.beginUpload("a/b/data_lake/.staging/1-1/jobs & more.parquet")
      try await store.beginUpload("a/b/data_lakes/.staging/1-1/jobs.parquet")
      let upload = try #require(try await lake.unfinishedUploads().first)
      #expect(upload.path == ".staging/1-1/jobs & more.parquet")
      #expect(try await lake.files() == [])
      #expect(try await lake.stagingNames() == [])
      try await lake.abort(upload)
      #expect(try await lake.unfinishedUploads() == [])
      // Completed, or aborted by another, meanwhile.
      try await lake.abort(upload)
      #expect(try await store.uploadKeys() == ["a/b/data_lakes/.staging/1-1/jobs.parquet"])
    }
  }

  @Test("an S3 server that is gone is transient, and says so")
  func goneServer() async throws {
    let directory = "/tmp/aker-lake-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let variables = [
      "AKER_CACHE_PATH": "s3://lake", "AKER_HOME": directory, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s",
      "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    ]
    let lake = try AkerConfiguration(environment: variables).lake()
    #expect(lake.location == "s3://lake/data_lake")
    let error = await #expect(throws: LakeError.self) { _ = try await lake.files() }
    #expect(error?.errorClass == .transient)
    #expect(error?.summary.hasPrefix("cannot list s3://lake/data_lake/") == true)
    for missing in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
      let configuration = try AkerConfiguration(environment: variables.filter { $0.key != missing })
      #expect(throws: ConfigurationError.missingS3Key(missing)) { try configuration.lake() }
    }
  }
}
