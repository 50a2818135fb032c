internal import FoundationEssentials
internal import Subprocess
internal import SystemPackage

/// The DuckDB program of this host, found and known to be usable.
package struct DuckDB: Sendable, Equatable {
  package let path: String
  package let version: String
  /// The files of the extensions that are installed: they must be of exactly this version.
  package let extensions: [DuckDBExtension: String]

  package var spatialExtension: String? { extensions[.spatial] }

  /// The oldest that writes GeoParquet by itself and has GEOMETRY as a type of its own.
  package static let oldestVersion = "1.5.0"

  /// Of an installation: `<prefix>/lib/aker`, beside `<prefix>/bin/aker`.
  private static let installed = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "lib/aker").path

  /// Looks for the program where `explicit` says (AKER_DUCKDB), then in `<home>/tools`, then where this program is
  /// installed, then in the PATH.
  /// - Throws: `EngineError.notFound`, `.wrongVersion`, `.confinerNotFound`.
  package static func locate(
    explicit: String?, home: String, searchPath: String = ProcessInfo.processInfo.environment["PATH"] ?? ""
  ) async throws -> DuckDB {
    var candidates: [String]
    if let explicit {
      candidates = [explicit]
    } else {
      candidates =
        [home + "/tools/duckdb", installed + "/duckdb"] + searchPath.split(separator: ":").map { "\($0)/duckdb" }
    }
    candidates = candidates.filter { FileManager.default.isExecutableFile(atPath: $0) }
    guard let path = candidates.first else {
      throw EngineError.notFound(tried: explicit.map { [$0] } ?? [home + "/tools/duckdb", "PATH"])
    }
    let version = try await version(of: path)
    guard isAtLeast(version, oldestVersion) else {
      throw EngineError.wrongVersion(path: path, found: version, wanted: oldestVersion)
    }
    guard FileManager.default.isExecutableFile(atPath: Confinement.program) else {
      throw EngineError.confinerNotFound(Confinement.program)
    }
    return DuckDB(path: path, version: version, extensions: extensions(version, home: home))
  }

  private static func version(of path: String) async throws -> String {
    let result = try await Subprocess.run(
      .path(FilePath(path)), arguments: ["--version"], output: .string(limit: 4096), error: .discarded)
    // v1.5.5 (Variegata) d8cdaa33fd
    guard case .exited(0) = result.terminationStatus,
      let word = result.standardOutput.split(separator: " ").first, word.hasPrefix("v")
    else { throw EngineError.wrongVersion(path: path, found: "unknown", wanted: oldestVersion) }
    return String(word.dropFirst())
  }

  private static func isAtLeast(_ version: String, _ oldest: String) -> Bool {
    func numbers(_ text: String) -> [Int] {
      text.split { $0 == "." || $0 == "-" }.prefix(3).map { Int($0) ?? 0 }
    }
    return !numbers(version).lexicographicallyPrecedes(numbers(oldest))
  }

  private static func extensions(_ version: String, home: String) -> [DuckDBExtension: String] {
    let found = DuckDBExtension.allCases.flatMap { name in
      [home + "/tools", installed].map {
        (name, "\($0)/duckdb-extensions/v\(version)/\(name.rawValue).duckdb_extension")
      }
    }
    return Dictionary(
      found.filter { FileManager.default.fileExists(atPath: $0.1) }, uniquingKeysWith: { first, _ in first })
  }
}
