import Base
import Catalog
import CatalogTools
import Settings
import Console
import Engine
import FoundationEssentials
import Glibc
import Postgres

/// What a host needs by itself: folders, room on its disks, the programs.
struct HostChecks {
  let configuration: AkerConfiguration

  /// A partition is staged, sorted and kept: with less than this, the next large one may fail half-way.
  private static let leastFreeBytes: Int64 = 2_000_000_000

  func findings() async -> [Finding] {
    var findings = [settings, folder("home", configuration.home, variable: "AKER_HOME")]
    let cache = configuration.cachePath
    if cache.contains("://") {
      findings.append(.note("host", "cache", "\(cache): a bucket, which is not looked at from here"))
    } else {
      findings.append(folder("cache", cache, variable: "AKER_CACHE_PATH"))
    }
    findings.append(catalog)
    findings.append(await duckdb())
    findings.append(budget)
    findings.append(await confinement())
    return findings
  }

  private var settings: Finding {
    let files = configuration.values.values.compactMap { value in
      if case .file(let path) = value.origin { return path }
      return nil
    }
    return .ok(
      "host", "settings", files.first.map { "\($0) and the environment; see aker config" } ?? "see aker config")
  }

  private func folder(_ name: String, _ path: String, variable: String) -> Finding {
    let (isWritable, existing) = Self.look(path)
    guard isWritable else {
      return .problem(
        "host", name, "\(path) cannot be written",
        advice: "Make it writable for this user, or set \(variable) to a folder that is.")
    }
    let isThere = existing == path ? "" : "; made when it is needed"
    guard let free = Self.freeBytes(existing) else { return .ok("host", name, "\(path), writable\(isThere)") }
    guard free >= Self.leastFreeBytes else {
      return .problem(
        "host", name, "\(path): only \(ByteCount(free).text) free on its disk",
        advice: "Make room: aker cache prune --to 10GB; or move it, with \(variable).")
    }
    return .ok("host", name, "\(path), writable, \(ByteCount(free).text) free\(isThere)")
  }

  /// The folder, or the nearest one above it that is there, and whether it can be written: a file is, for a moment.
  private static func look(_ path: String) -> (isWritable: Bool, existing: String) {
    var folder = path
    while !FileManager.default.fileExists(atPath: folder), folder != "/", !folder.isEmpty {
      folder = URL(filePath: folder).deletingLastPathComponent().path
    }
    let probe = "\(folder)/.aker-doctor-\(UUID().uuidString)"
    do {
      try Data().write(to: URL(filePath: probe))
      try FileManager.default.removeItem(atPath: probe)
      return (true, folder)
    } catch {
      return (false, folder)
    }
  }

  private static func freeBytes(_ path: String) -> Int64? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    return Int64(status.f_bavail) * Int64(status.f_frsize)
  }

  private var catalog: Finding {
    let folder = CatalogFolder(directory: configuration.catalogPath)
    guard folder.errors.isEmpty else {
      return .problem(
        "host", "catalog",
        "\(folder.errors.count.counted("mistake")) in \(configuration.catalogPath), the first: \(folder.errors[0])",
        advice: "Correct the files, then: aker catalog check")
    }
    do {
      _ = try RegionChoice(configuration, folder)
    } catch {
      let failure = error as? Failure
      return .problem(
        "host", "catalog", failure?.message ?? "\(error)", advice: failure?.advice ?? "Correct the setting regions.")
    }
    return .ok("host", "catalog", "\(folder.datasets.count.counted("dataset")) in \(configuration.catalogPath)")
  }

  /// What all workers of this host may use together.
  private var budget: Finding {
    do {
      let memory = try configuration.hostMemoryBytes() / 1_048_576
      let threads = try configuration.hostThreads().counted("thread")
      let whole = "\(memory) MiB and \(threads) for DuckDB"
      guard
        let budget = HostBudget(
          memoryBytes: try configuration.hostMemoryBytes(), threads: try configuration.hostThreads(), slots: 0)
      else {
        return .note(
          "host", "memory", "\(whole), of each worker: \(HostBudget.standardDirectory) is not writable",
          advice: "Make it a folder that every worker of this host may write to, or run one worker here.")
      }
      return .ok("host", "memory", "\(whole), of all workers of this host together (\(budget.directory))")
    } catch {
      let known = error as? any ClassifiedError
      return .problem(
        "host", "memory", known?.summary ?? "\(error)", advice: known?.advice ?? "Correct AKER_HOST_MEMORY.")
    }
  }

  /// What the kernel keeps from definitions' SQL, beside DuckDB's own locks.
  private func confinement() async -> Finding {
    do {
      let missing = try await Confinement.probe().missing
      if missing.isEmpty {
        return .ok("host", "confinement", "queries reach no other files, no network and no processes of this host")
      }
      let reasons = missing.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key.rawValue): \($0.value)" }
      return .note(
        "host", "confinement", "this kernel does not keep queries from everything: \(reasons.joined(separator: "; "))",
        advice: "DuckDB's own locks hold. Linux 5.13 or newer with Landlock and seccomp confines queries besides.")
    } catch {
      let known = error as? any ClassifiedError
      return .problem(
        "host", "confinement", known?.summary ?? "\(error)",
        advice: known?.advice ?? "Install aker, aker-worker and aker-confine of one build into one folder.")
    }
  }

  private func duckdb() async -> Finding {
    do {
      let duckdb = try await DuckDB.locate(explicit: configuration.duckdb, home: configuration.home)
      guard duckdb.spatialExtension != nil else {
        let detail = "\(duckdb.version) at \(duckdb.path), without its spatial extension"
        let needing = CatalogFolder(directory: configuration.catalogPath).datasets.filter(\.hasGeometry).map(\.name)
        guard !needing.isEmpty else { return .note("host", "duckdb", detail, advice: "make setup installs it.") }
        return .problem(
          "host", "duckdb", "\(detail), which \(needing.joined(separator: ", ")) need",
          advice: "make setup installs it.")
      }
      return .ok("host", "duckdb", "\(duckdb.version) with spatial, at \(duckdb.path)")
    } catch {
      let known = error as? any ClassifiedError
      return .problem(
        "host", "duckdb", known?.summary ?? "\(error)", advice: known?.advice ?? "make setup installs it.")
    }
  }
}
