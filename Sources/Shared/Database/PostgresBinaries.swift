internal import FoundationEssentials

/// Where the server's programs (initdb, pg_ctl) are on this host.
package enum PostgresBinaries {
  /// `AKER_POSTGRES_BIN`, then the newest of Debian's /usr/lib/postgresql/*/bin, then the PATH's folders; nil when
  /// there is none.
  package static func find(environment: [String: String] = ProcessInfo.processInfo.environment) -> String? {
    var candidates: [String] = []
    if let given = environment["AKER_POSTGRES_BIN"] { candidates.append(given) }
    let debian = "/usr/lib/postgresql"
    let versions = ((try? FileManager.default.contentsOfDirectory(atPath: debian)) ?? []).compactMap { Int($0) }
    candidates += versions.sorted(by: >).map { "\(debian)/\($0)/bin" }
    candidates += (environment["PATH"] ?? "").split(separator: ":").map(String.init)
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0 + "/initdb") }
  }

  /// For messages and tests: the folder, or an empty one that makes the failure speak for itself.
  package static let found = find() ?? "/usr/lib/postgresql/bin"
}
