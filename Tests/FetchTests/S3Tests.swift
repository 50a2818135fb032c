import Base
import Fetch
import FoundationEssentials
import Glibc
import HTTP
import S3
import Testing
import TestSupport

/// Against a server that speaks S3 (moto's), which checks signatures where a test says so.
struct S3Tests {
  private static let bucket = "lake"
  /// The smallest part that S3 takes.
  private static let partByteCount: Int64 = 5 << 20

  private func with(
    settings: [String: String] = [:], _ body: (ObjectStore, String) async throws -> Void
  ) async throws {
    let folder = "/tmp/aker-s3-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await ObjectStore.running(bucket: Self.bucket, settings: settings) { try await body($0, folder) }
  }

  private func client(
    _ store: ObjectStore, _ folder: String, bucket: String = bucket, endpoint: String? = nil,
    addressing: S3Client.Addressing? = nil, key: (String, String) = (ObjectStore.accessKey, ObjectStore.secretKey)
  ) -> S3Client {
    S3Client(
      bucket: bucket, endpoint: endpoint ?? store.endpoint, addressing: addressing,
      signature: S3Signature(accessKey: key.0, secretKey: key.1, region: "us-east-1"), scratch: folder,
      allowsPrivateAddress: true, partByteCount: Self.partByteCount)
  }

  private func write(_ byteCount: Int, _ path: String) throws {
    var bytes = Data(count: byteCount)
    for index in stride(from: 0, to: byteCount, by: 997) { bytes[index] = UInt8(truncatingIfNeeded: index &* 31) }
    try bytes.write(to: URL(filePath: path))
  }

  private func contents(_ path: String) -> Data? { FileManager.default.contents(atPath: path) }

  /// A key of a user who may do everything, after which every request must be signed by one.
  private func strict(_ store: ObjectStore) async throws -> (String, String) {
    let made = try await store.inspect(
      """
      iam.create_user(UserName='u')
      iam.put_user_policy(UserName='u', PolicyName='p', PolicyDocument='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}')
      key = iam.create_access_key(UserName='u')['AccessKey']
      print(key['AccessKeyId'], key['SecretAccessKey'])
      """)
    let words = made.split(separator: " ").map(String.init)
    try #require(words.count == 2)
    let switched = try await Program.run(
      "curl", ["-sf", "-H", "Content-Type: text/plain", "-d", "0", "\(store.endpoint)/moto-api/reset-auth"])
    try #require(switched.exitCode == 0, "\(switched)")
    return (words[0], words[1])
  }

  @Test("a server that cannot answer for a moment is asked again; one that still cannot is told", arguments: [2, 3])
  func momentary(_ refusals: Int) async throws {
    let folder = "/tmp/aker-s3-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let rule = #"[{"path": "/_generated/10", "fault": "status", "status": 503, "count": \#(refusals)}]"#
    try Data(rule.utf8).write(to: URL(filePath: folder + "/faults.json"))
    try await Simulator.running(arguments: ["--faults", folder + "/faults.json"]) { simulator in
      let client = S3Client(
        bucket: "_generated", endpoint: simulator.endpoint, addressing: .path,
        signature: S3Signature(accessKey: "k", secretKey: "s", region: "us-east-1"), scratch: folder,
        allowsPrivateAddress: true, partByteCount: Self.partByteCount)
      do {
        let isThere = try await client.get("10", to: folder + "/back")
        #expect(isThere && refusals == 2)
      } catch S3Client.Failure.refused(let status, _, _) {
        #expect(refusals == 3 && status == 503)
      }
    }
  }

  @Test(
    "every request is signed as Amazon's own client would, by path and by host name",
    arguments: [S3Client.Addressing.path, .virtualHost])
  func signed(_ addressing: S3Client.Addressing) async throws {
    try await with { store, folder in
      let key = try await strict(store)
      // A bucket's host name below localhost is this host, to libcurl and to moto.
      let endpoint = addressing == .path ? nil : store.endpoint.replacing("127.0.0.1", with: "localhost")
      let client = client(store, folder, endpoint: endpoint, addressing: addressing, key: key)
      try write(1000, folder + "/small")
      try write(12 << 20, folder + "/large")
      let names = ["a/plain.parquet", "a/b c+d=e&f~(1)'ü.csv", "a/as_of=2024-06/data_year=2021/x.parquet"]
      for name in names {
        try await client.put(folder + "/small", at: name)
        #expect(try await client.get(name, to: folder + "/back"))
        #expect(contents(folder + "/back") == contents(folder + "/small"))
      }
      // Three parts.
      try await client.put(folder + "/large", at: "a/large")
      #expect(try await client.byteCount("a/large") == 12 << 20)
      #expect(try await client.get("a/large", to: folder + "/back"))
      #expect(contents(folder + "/back") == contents(folder + "/large"))
      try await client.copy(.init(key: "a/b c+d=e&f~(1)'ü.csv", byteCount: 1000), to: "b/copy ü")
      #expect(
        try await client.list("a/").map(\.key)
          == (names + ["a/large"]).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
      #expect(try await client.list("b/").map { "\($0.key) \($0.byteCount)" } == ["b/copy ü 1000"])
      try await client.remove("b/copy ü")
      try await client.remove("b/copy ü")
      #expect(try await client.byteCount("b/copy ü") == nil)
      #expect(try await client.get("b/copy ü", to: folder + "/none") == false)
      #expect(access(folder + "/none", F_OK) != 0)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["back", "large", "small"])
    }
  }

  @Test func aWrongKeyIsRefusedAndSaysSo() async throws {
    try await with { store, folder in
      let key = try await strict(store)
      try write(10, folder + "/small")
      for (wrong, code) in [
        ((key.0, "not the secret"), "SignatureDoesNotMatch"), (("NOBODY", key.1), "InvalidAccessKeyId"),
      ] {
        let client = client(store, folder, key: wrong)
        let refusals: [() async throws -> Void] = [
          { try await client.put(folder + "/small", at: "x") }, { _ = try await client.get("x", to: folder + "/y") },
          { _ = try await client.list("") },
        ]
        for refused in refusals {
          do {
            try await refused()
            Issue.record("it was let in")
          } catch let failure as S3Client.Failure {
            guard case .refused(403, code, _) = failure else {
              Issue.record("\(failure)")
              continue
            }
          }
        }
      }
    }
  }

  @Test func aBucketThatIsNotThereIsAMistakeAndNoAbsence() async throws {
    try await with { store, folder in
      let client = client(store, folder, bucket: "elsewhere")
      for request in [{ _ = try await client.get("x", to: folder + "/y") }, { _ = try await client.list("") }]
        as [() async throws -> Void]
      {
        do {
          try await request()
          Issue.record("it was answered")
        } catch let failure as S3Client.Failure {
          guard case .refused(404, "NoSuchBucket", _) = failure else {
            Issue.record("\(failure)")
            continue
          }
        }
      }
    }
  }

  @Test func listingsOfManyPagesAreWhole() async throws {
    try await with(settings: ["MOTO_S3_DEFAULT_MAX_KEYS": "7"]) { store, folder in
      _ = try await store.inspect(
        "for n in range(30): s3.put_object(Bucket='lake', Key='many/%03d & more' % n, Body=b'x' * n)")
      let listed = try await client(store, folder).list("many/")
      #expect(listed.map(\.byteCount) == (0..<30).map { Int64($0) })
      #expect(listed.first?.key == "many/000 & more")
    }
  }

  @Test func anUploadThatIsCancelledLeavesNothing() async throws {
    try await with { store, folder in
      let client = client(store, folder)
      try write(200 << 20, folder + "/large")
      let upload = Task { try await client.put(folder + "/large", at: "large") }
      try await eventually("the upload is under way") {
        try await store.inspect("print(len(s3.list_multipart_uploads(Bucket='lake').get('Uploads', [])))") == "1"
      }
      upload.cancel()
      await #expect(throws: CancellationError.self) { try await upload.value }
      #expect(
        try await store.inspect("print(len(s3.list_multipart_uploads(Bucket='lake').get('Uploads', [])))") == "0")
      #expect(try await client.byteCount("large") == nil)
    }
  }

  @Test func whatOneHostFetchedNoOtherAsksFor() async throws {
    try await with { store, folder in
      let shared = SharedCache(client(store, folder), prefix: "cache/raw")
      try await FetchWorld.run(recordings: ["docs/a.json": "[1]", "docs/b.json": "[2]"]) { world in
        func host(_ name: String, days: Int = 1) throws -> Fetcher {
          try world.fetcher("docs", "cache_ttl_days: \(days)", cache: "/\(name)", shared: shared)
        }
        let first = try await host("one").fetch(.get("docs", "/a.json"))
        let absent = try await host("one").fetch(.get("docs", "/c.json", optional: true))
        #expect(!first.cacheHit && absent.path == nil)
        let second = try await host("two").fetch(.get("docs", "/a.json"))
        #expect(second.cacheHit && second.text == "[1]" && second.path != first.path)
        #expect(second.etag == first.etag)
        #expect(try await host("two").fetch(.get("docs", "/c.json", optional: true)).status == 404)
        #expect(try await world.requestCount("docs") == 2)

        // No longer fresh: one host asks whether it changed, and all know.
        #expect(try await host("two", days: 0).fetch(.get("docs", "/a.json")).cacheHit)
        #expect(try await world.log().contains("\"status\":304"))
        #expect(try await world.requestCount("docs") == 3)
        #expect(try await host("three").fetch(.get("docs", "/a.json")).fetchedAt > first.fetchedAt)
        #expect(try await world.requestCount("docs") == 3)

        // Bytes that are not those are not taken.
        let sha256 = try #require(first.sha256)
        _ = try await store.inspect(
          "s3.put_object(Bucket='lake', Key='cache/raw/objects/\(sha256.prefix(2))/\(sha256)', Body=b'[9]')")
        #expect(try await host("four").fetch(.get("docs", "/a.json")).text == "[1]")
        #expect(try await world.requestCount("docs") == 4)
        // A document is there by its hash, also where its request is not known.
        let cache = try RawCache(directory: world.folder + "/five", shared: shared)
        let other = try await host("one").fetch(.get("docs", "/b.json"))
        let path = try await cache.restore(try #require(other.sha256))
        #expect(path.flatMap { FileManager.default.contents(atPath: $0) } == Data("[2]".utf8))
        #expect(try await cache.restore(String(repeating: "0", count: 64)) == nil)
      }
    }
  }

  @Test func aBucketsDocumentsAreCountedCutDownAndForgotten() async throws {
    try await with { store, folder in
      let shared = SharedCache(client(store, folder), prefix: "cache/raw")
      try await FetchWorld.run(recordings: ["docs/a.json": "[1]", "docs/b.json": "[22]", "docs/c.json": "[333]"]) {
        world in
        func host(_ name: String) throws -> Fetcher {
          try world.fetcher("docs", "cache_ttl_days: 30", cache: "/\(name)", shared: shared)
        }
        var documents: [FetchedInput] = []
        for name in ["a", "b", "c"] { documents.append(try await host("one").fetch(.get("docs", "/\(name).json"))) }
        _ = try await host("one").fetch(.get("docs", "/absent.json", optional: true))
        let usage = try await shared.usage(scratch: folder)
        #expect(usage.keys.sorted() == ["docs"] && usage["docs"]?.documentCount == 3 && usage["docs"]?.byteCount == 12)

        // What was stored just now stays; without that, what was stored first goes first, by the second.
        #expect(try await shared.prune(toBytes: 0, scratch: folder).keptCount == 3)
        let sha256 = try #require(documents[1].sha256)
        for document in [documents[0], documents[2]] {
          let other = try #require(document.sha256)
          try await eventually("it is stored in a later second than the document in the middle") {
            try await store.inspect(
              """
              key, middle = ['cache/raw/objects/' + h[:2] + '/' + h for h in ('\(other)', '\(sha256)')]
              s3.put_object(Bucket='lake', Key=key, Body=s3.get_object(Bucket='lake', Key=key)['Body'].read())
              times = [s3.head_object(Bucket='lake', Key=k)['LastModified'].replace(microsecond=0) for k in (key, middle)]
              print(times[0] > times[1])
              """) == "True"
          }
        }
        let pruned = try await shared.prune(toBytes: 8, scratch: folder, keepingStoredWithin: .seconds(-60))
        #expect(pruned == RawCache.Pruned(removedCount: 1, removedBytes: 4, keptCount: 2, keptBytes: 8))
        #expect(
          try await store.inspect(
            "print([o['Key'][-64:] for o in s3.list_objects_v2(Bucket='lake', Prefix='cache/raw/objects')['Contents']].count('\(sha256)'))"
          ) == "0")
        #expect(try await shared.usage(scratch: folder)["docs"]?.documentCount == 2)
        // Its record went along; that of an absence stays.
        #expect(
          try await store.inspect("print(s3.list_objects_v2(Bucket='lake', Prefix='cache/raw/index')['KeyCount'])")
            == "3")

        #expect(try await host("two").fetch(.get("docs", "/a.json")).cacheHit)
        #expect(try await shared.forget(sourceID: "docs", urlContaining: "/a.json", scratch: folder) == 1)
        #expect(!(try await host("three").fetch(.get("docs", "/a.json")).cacheHit))
        #expect(try await shared.forget(sourceID: "other", scratch: folder) == 0)
      }
    }
  }

  @Test func aBucketIsASource() async throws {
    try await with { store, folder in
      let key = try await strict(store)
      try Data("a,b\n1,2\n".utf8).write(to: URL(filePath: folder + "/drop.csv"))
      try await client(store, folder, key: key).put(folder + "/drop.csv", at: "vendor/2024/drop.csv")
      try await FetchWorld.run { world in
        let s3 = "auth: {in: aws}\nauth_key_name: DROP_KEY\ns3: {server: \"\(store.endpoint)\", region: us-east-1}"
        func fetcher(_ secret: String, _ more: String = "") throws -> Fetcher {
          try world.fetcher("drop", s3 + more, endpoint: "s3://lake/vendor", secrets: ["DROP_KEY": secret])
        }
        let request = FetchRequest.get("drop", "/2024/drop.csv", expect: .text)
        let good = try fetcher("\(key.0):\(key.1)")
        let input = try await good.fetch(request)
        #expect(input.text == "a,b\n1,2\n")
        #expect(input.url == "s3://lake/vendor/2024/drop.csv")
        // Unchanged: the bucket says so, and sends nothing.
        let again = try await good.fetch(request, isForced: true)
        #expect(again.cacheHit)
        var absent = FetchRequest.get("drop", "/2025/drop.csv", expect: .text, optional: true)
        #expect(try await good.fetch(absent).status == 404)
        absent.isOptional = false
        let missing = try await failure { try await good.fetch(absent, isForced: true) }
        #expect(missing.errorClass == .permanent)
        let refused = try await failure {
          try await fetcher("\(key.0):wrong", "\nretry: {max_tries: 1}").fetch(request, isForced: true)
        }
        #expect(refused.errorClass == .permanent)
        #expect(refused.summary.contains("403 SignatureDoesNotMatch: "), "\(refused)")
        #expect(refused.advice == "Check the key in AKER_DROP_KEY.")
        let malformed = try await failure { try await fetcher("only-one-half").fetch(request, isForced: true) }
        #expect(malformed.advice?.contains("the access key, a colon, the secret key") == true)
        for path in try FileManager.default.subpathsOfDirectory(atPath: world.cache) {
          let text = FileManager.default.contents(atPath: world.cache + "/" + path)
          #expect(text.map { !String(decoding: $0, as: UTF8.self).contains(key.1) } ?? true)
        }
      }
    }
  }
}
