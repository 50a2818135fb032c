internal import FoundationEssentials
internal import Subprocess
internal import SystemPackage

/// Where the server's programs (initdb, postgres) are on this host.
package enum PostgresBinaries {
  /// `AKER_POSTGRES_BIN`, then the newest of Debian's /usr/lib/postgresql/*/bin, then the PATH's folders; nil when
  /// there is none.
  package static func find(environment: [String: String] = ProcessInfo.processInfo.environment) -> String? {
    var candidates: [String] = []
    if let given = environment["AKER_POSTGRES_BIN"] { candidates.append(given) }
    candidates += debianVersions.sorted(by: >).map { "\(debian)/\($0)/bin" }
    candidates += (environment["PATH"] ?? "").split(separator: ":").map(String.init)
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0 + "/initdb") }
  }

  /// For messages and tests: the folder, or an empty one that makes the failure speak for itself.
  package static let found = find() ?? "/usr/lib/postgresql/bin"

  /// Folders where the packages of a major version (`15`) put them.
  static func installed(version: String) -> [String] {
    guard Int(version) != nil else { return [] }
    return ["\(debian)/\(version)/bin", "/usr/pgsql-\(version)/bin"].filter {
      FileManager.default.isExecutableFile(atPath: $0 + "/postgres")
    }
  }

  /// The major version of the server in a folder; nil when it does not say.
  static func version(in folder: String) async -> String? {
    // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
    let result = try? await Subprocess.run(
      .path(FilePath(folder + "/postgres")), arguments: ["-V"], environment: .custom([:]), workingDirectory: "/",
      output: .string(limit: 1024), error: .discarded)
    guard case .exited(0) = result?.terminationStatus, let text = result?.standardOutput else { return nil }
    return text.firstMatch(of: /\) ([0-9]+)/).map { String($0.1) }
  }

  private static let debian = "/usr/lib/postgresql"

  private static var debianVersions: [Int] {
    ((try? FileManager.default.contentsOfDirectory(atPath: debian)) ?? []).compactMap { Int($0) }
  }
}
