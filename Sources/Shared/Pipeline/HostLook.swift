internal import Base
internal import Catalog
internal import Engine
internal import Fetch
internal import FoundationEssentials
internal import Glibc
internal import Lake
internal import Synchronization

/// Looks at what every task needs of this host: its folders, room on its disks, memory, DuckDB, the lake, and a way out.
package final class HostLook: Sendable {
  private let engine: Engine
  private let lake: any LakeStore
  /// The id of the lake that the worker began with.
  private let lakeID: String?
  private let fetcher: Fetcher?
  private let state: Mutex<State>

  private struct State {
    var folders: [WatchedFolder]
    /// A look that hangs keeps its thread: there is no use in more of them.
    var isUnderWay = false
  }

  /// - Parameters:
  ///   - folders: made where they are not there.
  ///   - fetcher: knows which sources have answered.
  init(engine: Engine, lake: any LakeStore, lakeID: String?, folders: [String], fetcher: Fetcher?) {
    self.engine = engine
    self.lake = lake
    self.lakeID = lakeID
    self.fetcher = fetcher
    state = Mutex(State(folders: folders.map(WatchedFolder.init)))
  }

  /// 256 MiB, or a twentieth of a small disk: with less, the next attempt fails half-way.
  private static let leastRoom = (bytes: UInt64(268_435_456), part: UInt64(20))
  private static let roomAdvice = "Free space there (aker cache prune), or set AKER_CACHE_PATH to another disk."
  private static let writableAdvice =
    "Make it writable for the worker's user, or set AKER_CACHE_PATH to a folder that is."
  /// 64 MiB: below this the kernel begins to end processes.
  private static let leastMemoryKibibytes = 65_536

  /// Remembers what there is, so that what vanishes is noticed. Where there is trouble already, the first task meets it.
  package func remember() async {
    _ = try? await lookAtFolders()
  }

  /// - Parameter errors: what made somebody look.
  /// - Returns: what was put right.
  /// - Throws: a `ClassifiedError` that says what is wrong.
  package func look(after errors: [any Error]) async throws -> [String] {
    // First, so that no folder is made where a lake should be mounted.
    try await lookAtLake()
    let mended = try await lookAtFolders()
    try lookAtMemory()
    try await lookAtDuckDB()
    if errors.contains(where: Self.isTransfer) { try await lookAtSources() }
    return mended
  }

  // MARK: Folders and disks

  private func lookAtFolders() async throws -> [String] {
    let folders = try state.withLock { state in
      guard !state.isUnderWay else { throw HostTrouble("a look at its folders has not come back yet") }
      state.isUnderWay = true
      return state.folders
    }
    defer { state.withLock { $0.isUnderWay = false } }
    let (seen, mended): ([WatchedFolder], [String]) = try await BlockingWork.run { _ in
      var seen = folders
      var mended: [String] = []
      do {
        for index in seen.indices where try seen[index].look() { mended.append(seen[index].path) }
        for path in Set(seen.map(\.path) + ["/tmp"]).sorted() { try Self.requireRoom(path) }
      } catch let error as FileError {
        throw HostTrouble(error.summary, advice: error.isHosts ? Self.roomAdvice : Self.writableAdvice)
      }
      return (seen, mended)
    }
    state.withLock { $0.folders = seen }
    return mended.map { "\($0) was gone, and is there again" }
  }

  private static func requireRoom(_ path: String) throws {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { throw FileError(action: "look at the disk of", path: path, code: errno) }
    let unit = UInt64(status.f_frsize)
    let least = min(leastRoom.bytes, UInt64(status.f_blocks) * unit / leastRoom.part)
    let free = UInt64(status.f_bavail) * unit
    if free < least || status.f_files > 0 && status.f_favail == 0 {
      let what = free < least ? "\(free / 1024) KiB" : "no name for another file"
      throw HostTrouble(
        "\(what) free on the disk of \(path), where \(least / 1024) KiB are needed",
        advice: roomAdvice)
    }
  }

  // MARK: Programs

  private func lookAtMemory() throws {
    guard let contents = FileManager.default.contents(atPath: "/proc/meminfo"),
      let line = String(decoding: contents, as: UTF8.self).split(separator: "\n").first(where: {
        $0.hasPrefix("MemAvailable:")
      }), let available = Int(line.filter(\.isNumber)), available < Self.leastMemoryKibibytes
    else { return }
    throw HostTrouble("\(available) KiB of its memory are left", advice: "Run fewer slots here, or end what takes it.")
  }

  private struct Version: Decodable {
    let version: String
  }

  /// Runs it as every attempt does, confined and all.
  private func lookAtDuckDB() async throws {
    var script = EngineScript()
    script.add("look", "SELECT version() AS version;")
    let version: String
    do {
      version = try await engine.forLooking.run(script).rows("look", as: Version.self).first?.version ?? ""
    } catch let error as EngineFailure {
      let isThere = FileManager.default.isExecutableFile(atPath: engine.duckdb.path)
      throw HostTrouble(
        isThere ? "DuckDB does not run: \(error.summary)" : "there is no program \(engine.duckdb.path) any more",
        advice: "Run scripts/setup, or name the program in AKER_DUCKDB.")
    }
    guard version == "v" + engine.duckdb.version else {
      throw HostTrouble(
        "\(engine.duckdb.path) is DuckDB \(version) by now, and was v\(engine.duckdb.version) when the worker started",
        advice: "Start the worker again.")
    }
  }

  // MARK: The lake and the sources

  private func lookAtLake() async throws {
    let found = try await lake.identity()
    guard let lakeID, found != lakeID else { return }
    throw HostTrouble(
      found == nil
        ? "\(lake.location) no longer says which lake it is: is its disk mounted?"
        : "\(lake.location) is another lake than the worker started with",
      advice:
        "Mount the lake there again. If it was removed for good: stop the workers, aker lake adopt, aker lake repair.")
  }

  private static func isTransfer(_ error: any Error) -> Bool {
    if case .transfer = (error as? FetchError)?.reason { true } else { false }
  }

  /// Where all sources that have answered before are silent now, it is this host that is cut off. With one of them alone,
  /// nobody can tell.
  private func lookAtSources() async throws {
    guard let sources = fetcher?.answered(), sources.count > 1 else { return }
    let problems = await withTaskGroup(of: String?.self) { group in
      for source in sources.prefix(Self.askedSources) {
        group.addTask { await EndpointProbe.problem(of: source).map { "\(source.id): \($0)" } }
      }
      var problems: [String] = []
      for await problem in group {
        guard let problem else { return [String]() }
        problems.append(problem)
      }
      return problems
    }
    if problems.isEmpty { return }
    throw HostTrouble(
      "none of the sources that answered before can be reached: \(problems.sorted().joined(separator: "; "))",
      advice: "Check this host's network and its proxy.")
  }

  /// 3: enough to tell one source's outage from a host without a way out.
  private static let askedSources = 3
}
