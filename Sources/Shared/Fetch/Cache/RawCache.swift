internal import Base
internal import FoundationEssentials
internal import Glibc

/// Documents as they came, by content: `raw/objects/ab/abcdef...`, and an index of which request they answered:
/// `raw/index/<hash of the request>.json`. Files appear by rename, so that a reader never sees half of one.
package struct RawCache: Sendable {
  let directory: String
  /// What all hosts share, where the cache is in a bucket.
  let shared: SharedCache?

  /// - Parameter directory: the folder `raw` of the cache; created when absent.
  /// - Throws: `RawCache.Failure` when it cannot be created or written.
  package init(directory: String, shared: SharedCache? = nil) throws {
    self.directory = directory
    self.shared = shared
    for folder in folders {
      do {
        try Folders.make(folder)
      } catch let error as FileError {
        throw Failure(description: error.summary)
      }
    }
    guard access(directory + "/partial", W_OK) == 0 else {
      throw Failure(description: "\(directory) cannot be written: \(String(cString: strerror(errno)))")
    }
  }

  /// Whoever needs one of them makes it again when it is gone: a cache may be emptied at any time.
  package var folders: [String] { ["objects", "index", "partial"].map { directory + "/" + $0 } }

  package struct Failure: Error, CustomStringConvertible {
    package var description: String
  }

  /// What answered a request last, if its bytes are still there.
  func entry(_ key: String) -> FetchedInput? {
    guard let contents = FileManager.default.contents(atPath: indexPath(key)),
      var input = try? Self.decoder().decode(FetchedInput.self, from: contents)
    else { return nil }
    guard let sha256 = input.sha256 else { return input }
    let path = objectPath(sha256)
    var status = stat()
    guard stat(path, &status) == 0, Int64(status.st_size) == input.byteCount else { return nil }
    input.path = path
    return input
  }

  /// A new file for a transfer, on the same file system as the objects.
  func partialPath() -> String {
    "\(directory)/partial/\(UUID().uuidString)"
  }

  /// Puts a finished transfer in its place and records what it answered.
  ///
  /// - Returns: the input, with its path.
  func store(_ input: FetchedInput, partial: String?, key: String) async throws -> FetchedInput {
    var input = input
    if let partial, let sha256 = input.sha256 {
      input.path = try await keep(partial, sha256)
    }
    try record(input, key: key)
    return input
  }

  /// Records an answer whose bytes are already there.
  func record(_ input: FetchedInput, key: String) throws {
    let partial = partialPath()
    try make(directory + "/partial")
    guard FileManager.default.createFile(atPath: partial, contents: try Self.encoded(input)) else {
      throw Failure(description: "\(partial): \(String(cString: strerror(errno)))")
    }
    do {
      try place(partial, at: indexPath(key))
    } catch {
      unlink(partial)
      throw error
    }
  }

  /// As the index keeps it.
  static func encoded(_ input: FetchedInput) throws -> Data {
    let encoder = JSONEncoder()
    encoder.dateEncodingStrategy = .secondsSince1970
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var stored = input
    stored.path = nil  // where the cache is may change; what it holds does not
    stored.cacheHit = false
    return try encoder.encode(stored)
  }

  /// Puts a document's bytes where they belong. Those that are there already (the same answer under another address, or
  /// another worker's) stay the file that they are: a confined DuckDB that was allowed to read it may be about to, and what
  /// takes its place would be denied to it.
  ///
  /// - Parameter partial: is gone afterwards.
  /// - Returns: where they are.
  func keep(_ partial: String, _ sha256: String) async throws -> String {
    let path = objectPath(sha256)
    if try place(partial, at: path, replacing: false) { return path }
    if (try? await SHA256.hash(ofFile: path))?.sha256 == sha256 {
      utimensat(AT_FDCWD, path, nil, 0)
      unlink(partial)
    } else {
      // A disk kept something else than was written, or it went meanwhile.
      try place(partial, at: path)
    }
    return path
  }

  /// Gives a finished file its name.
  ///
  /// - Returns: false, and nothing was done, where there is a file of that name that is not to be replaced.
  @discardableResult
  func place(_ partial: String, at path: String, replacing: Bool = true) throws -> Bool {
    try make(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
    if !replacing {
      if link(partial, path) == 0 {
        unlink(partial)
        return true
      }
      // Some file systems have no second names: what comes between this look and the renaming is theirs.
      if access(path, F_OK) == 0 { return false }
    }
    guard rename(partial, path) == 0 else {
      throw Failure(description: "\(path): \(String(cString: strerror(errno)))")
    }
    return true
  }

  /// Lets one process of this host at a time work on a request; the others find its answer in the cache afterwards.
  ///
  /// They wait for as long as the first shows that it is at work, and no longer: one that is suspended would hold up all
  /// others for ever, and asking the source twice costs less.
  func withSingleFlight<Result: Sendable>(_ key: String, _ body: () async throws -> Result) async throws -> Result {
    let path = "\(directory)/index/\(key).lock"
    let descriptor = Folders.openMaking(path, O_CREAT | O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure(description: "\(path): \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    // Polled, so that waiting blocks no thread of the cooperative pool and can be cancelled.
    let start = ContinuousClock.now
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      if ContinuousClock.now - start > Self.holderPatience, Self.age(descriptor) > Self.holderPatience {
        return try await body()
      }
      try await Task.sleep(for: .milliseconds(20))
    }
    let heartbeat = Task {
      while !Task.isCancelled {
        utimensat(AT_FDCWD, path, nil, 0)
        try? await Task.sleep(for: Self.heartbeatInterval)
      }
    }
    do {
      let result = try await body()
      heartbeat.cancel()
      await heartbeat.value
      return result
    } catch {
      heartbeat.cancel()
      await heartbeat.value
      throw error
    }
  }

  private static let heartbeatInterval = Duration.seconds(2)
  /// Five heartbeats: a host that is merely slow does not miss them all.
  private static let holderPatience = Duration.seconds(10)

  /// Since the file was last touched.
  private static func age(_ descriptor: Int32) -> Duration {
    var status = stat()
    var now = timespec()
    guard fstat(descriptor, &status) == 0, clock_gettime(CLOCK_REALTIME, &now) == 0 else { return .zero }
    return .seconds(now.tv_sec - status.st_mtim.tv_sec)
  }

  /// Marks an object as used now: pruning takes those that were not used for longest.
  func touch(_ input: FetchedInput) {
    if let path = input.path { utimensat(AT_FDCWD, path, nil, 0) }
  }

  /// Where a document's bytes are on this host, if they are.
  package func objectPath(_ sha256: String) -> String {
    "\(directory)/objects/\(sha256.prefix(2))/\(sha256)"
  }

  private func indexPath(_ key: String) -> String {
    "\(directory)/index/\(key).json"
  }

  private func make(_ folder: String) throws {
    do {
      try Folders.make(folder)
    } catch let error as FileError {
      throw Failure(description: error.summary)
    }
  }

  static func decoder() -> JSONDecoder {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .secondsSince1970
    return decoder
  }
}
