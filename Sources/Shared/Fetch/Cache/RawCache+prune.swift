internal import FoundationEssentials
internal import Glibc

extension RawCache {
  /// What pruning did. Bytes are those of the documents' contents.
  package struct Pruned: Sendable, Equatable {
    /// Documents that were removed, and their bytes.
    package var removedCount: Int
    package var removedBytes: Int64
    /// What is left. It is more than was wanted where documents were used too recently to be removed.
    package var keptCount: Int
    package var keptBytes: Int64
    /// Files of transfers that were broken off by the end of their process.
    package var abandonedCount: Int

    package init(
      removedCount: Int = 0, removedBytes: Int64 = 0, keptCount: Int = 0, keptBytes: Int64 = 0, abandonedCount: Int = 0
    ) {
      self.removedCount = removedCount
      self.removedBytes = removedBytes
      self.keptCount = keptCount
      self.keptBytes = keptBytes
      self.abandonedCount = abandonedCount
    }
  }

  private struct StoredFile {
    var path: String
    var byteCount: Int64
    var usedAt: Int64
  }

  /// Removes the documents that were not used for longest until the others fit.
  ///
  /// May run beside workers: what was used within the last hour stays, since a build may be about to read it. A document
  /// that is gone is fetched again when it is needed; partitions made of it cannot be reproduced meanwhile.
  ///
  /// - Parameters:
  ///   - limit: what the contents may take together; 0 removes all that was not used just now.
  ///   - grace: how recently used documents stay whatever the limit.
  /// - Throws: `RawCache.Failure` when a document cannot be removed.
  package func prune(toBytes limit: Int64, keepingUsedWithin grace: Duration = .seconds(3600)) throws -> Pruned {
    var pruned = Pruned()
    let now = Int64(Date().timeIntervalSince1970)
    let oldestKept = now - grace.components.seconds
    let folders = (try? FileManager.default.contentsOfDirectory(atPath: directory + "/objects")) ?? []
    var objects = folders.flatMap { Self.files(in: "\(directory)/objects/\($0)") }
    objects.sort { ($0.usedAt, $0.path) < ($1.usedAt, $1.path) }
    pruned.keptCount = objects.count
    pruned.keptBytes = objects.reduce(0) { $0 + $1.byteCount }
    for object in objects where pruned.keptBytes > limit && object.usedAt < oldestKept {
      try Self.remove(object.path)
      pruned.keptCount -= 1
      pruned.keptBytes -= object.byteCount
      pruned.removedCount += 1
      pruned.removedBytes += object.byteCount
    }
    // An index entry without its document answers nothing; one of an absence has none, and stays.
    if pruned.removedCount > 0 {
      for file in Self.files(in: directory + "/index") where file.path.hasSuffix(".json") {
        let name = file.path.split(separator: "/").last.map { String($0.dropLast(5)) } ?? ""
        if entry(name) == nil { try Self.remove(file.path) }
      }
    }
    for file in Self.files(in: directory + "/partial") where file.usedAt < now - Self.abandonedSeconds {
      try Self.remove(file.path)
      pruned.abandonedCount += 1
    }
    return pruned
  }

  /// A day: no transfer goes for so long without writing a byte.
  private static let abandonedSeconds: Int64 = 86_400

  private static func files(in folder: String) -> [StoredFile] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.compactMap { name in
      let path = folder + "/" + name
      var status = stat()
      guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
      return StoredFile(path: path, byteCount: Int64(status.st_size), usedAt: Int64(status.st_mtim.tv_sec))
    }
  }

  private static func remove(_ path: String) throws {
    // Gone already: another one prunes, too.
    guard unlink(path) == 0 || errno == ENOENT else {
      throw Failure(description: "\(path) cannot be removed: \(String(cString: strerror(errno)))")
    }
  }
}
