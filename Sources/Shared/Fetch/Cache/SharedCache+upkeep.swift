internal import FoundationEssentials
internal import Glibc
internal import HTTP
internal import S3

/// What an operator asks of the bucket that `RawCache` answers of a host's folder.
extension SharedCache {
  /// What the bucket holds, by source. Reads every answer's record: a request for each, several at a time.
  ///
  /// - Parameter scratch: a folder of this host for what is on its way.
  package func usage(scratch: String) async throws -> [String: RawCache.Usage] {
    let kept = Set(try await objects().map(\.sha256))
    var usage: [String: RawCache.Usage] = [:]
    try await forEachRecord(scratch) { _, input in
      guard let sha256 = input.sha256, kept.contains(sha256) else { return }
      usage[input.sourceID, default: .init()].add(input)
    }
    return usage
  }

  /// Removes the documents that were stored longest ago until the others fit: a bucket does not know when they were used.
  ///
  /// - Throws: `RawCache.Failure` when the bucket refuses.
  package func prune(
    toBytes limit: Int64, scratch: String, keepingStoredWithin grace: Duration = .seconds(3600)
  ) async throws -> RawCache.Pruned {
    let objects = try await objects().sorted { ($0.storedAt, $0.sha256) < ($1.storedAt, $1.sha256) }
    let oldestKept = Date().addingTimeInterval(-(grace / .seconds(1)))
    var pruned = RawCache.Pruned(keptCount: objects.count, keptBytes: objects.reduce(0) { $0 + $1.byteCount })
    var removed: Set<String> = []
    for object in objects where pruned.keptBytes > limit && object.storedAt < oldestKept {
      try await asking { try await client.remove(object.key) }
      removed.insert(object.sha256)
      pruned.keptCount -= 1
      pruned.keptBytes -= object.byteCount
      pruned.removedCount += 1
      pruned.removedBytes += object.byteCount
    }
    guard !removed.isEmpty else { return pruned }
    // A record without its document answers nothing.
    var orphans: [String] = []
    try await forEachRecord(scratch) { key, input in
      if let sha256 = input.sha256, removed.contains(sha256) { orphans.append(key) }
    }
    for key in orphans { try await asking { try await client.remove(key) } }
    return pruned
  }

  /// Forgets that documents of a source answer their requests; the documents stay.
  ///
  /// - Returns: how many were forgotten.
  package func forget(sourceID: String, urlContaining part: String? = nil, scratch: String) async throws -> Int {
    var forgotten: [String] = []
    try await forEachRecord(scratch) { key, input in
      if input.sourceID == sourceID, part.map(input.url.contains) ?? true { forgotten.append(key) }
    }
    for key in forgotten { try await asking { try await client.remove(key) } }
    return forgotten.count
  }

  private struct StoredObject {
    var key: String
    var sha256: String
    var byteCount: Int64
    var storedAt: Date
  }

  private func objects() async throws -> [StoredObject] {
    try await asking { try await client.list("\(prefix)/objects/") }.map { object in
      StoredObject(
        key: object.key, sha256: String(object.key.split(separator: "/").last ?? ""), byteCount: object.byteCount,
        // One of which it is not known is as good as new.
        storedAt: object.modifiedAt ?? Date())
    }
  }

  /// Requests at a time: each is a round trip and little else.
  private static let concurrency = 16

  private func forEachRecord(_ scratch: String, _ body: (_ key: String, FetchedInput) -> Void) async throws {
    let keys = try await asking { try await client.list("\(prefix)/index/") }.map(\.key)
    try await withThrowingTaskGroup(of: (String, FetchedInput?).self) { group in
      var remaining = keys[...]
      func startNext() {
        guard let key = remaining.popFirst() else { return }
        group.addTask { (key, try await record(key, scratch)) }
      }
      for _ in 0..<Self.concurrency { startNext() }
      while let (key, input) = try await group.next() {
        if let input { body(key, input) }
        startNext()
      }
    }
  }

  /// Nil where it is gone meanwhile, or is no record.
  private func record(_ key: String, _ scratch: String) async throws -> FetchedInput? {
    let file = "\(scratch)/record-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    defer { unlink(file) }
    guard try await asking({ try await client.get(key, to: file) }),
      let contents = FileManager.default.contents(atPath: file)
    else { return nil }
    return try? RawCache.decoder().decode(FetchedInput.self, from: contents)
  }
}
