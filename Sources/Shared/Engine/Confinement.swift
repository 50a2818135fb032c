internal import FoundationEssentials
internal import Subprocess
internal import SystemPackage

/// What the kernel of this host keeps from the SQL of definitions.
package struct Confinement: Sendable, Equatable {
  package enum Protection: String, Sendable, CaseIterable {
    /// No file but the task's own can be opened: Landlock.
    case files
    /// There are no sockets: seccomp.
    case network
    /// No process can be started, or looked into: seccomp.
    case processes
  }

  /// Why each that is not in force is not.
  package let missing: [Protection: String]

  /// The program that confines, beside the program that asks.
  static let program =
    URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path + "/aker-confine"

  /// Tries it out, in a process of its own.
  /// - Throws: `EngineError.confinerNotFound`.
  package static func probe() async throws -> Confinement {
    guard FileManager.default.isExecutableFile(atPath: program) else {
      throw EngineError.confinerNotFound(program)
    }
    let result = try await Subprocess.run(
      .path(FilePath(program)), arguments: ["--probe"], environment: .custom([:] as [Environment.Key: String]),
      output: .string(limit: 4096), error: .discarded)
    return Confinement(report: result.standardOutput)
  }

  /// - Parameter report: a line for each protection: `files yes`, or `files no <why>`.
  init(report: String) {
    let answers = report.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 2).map(String.init) }
    var missing: [Protection: String] = [:]
    for protection in Protection.allCases {
      let answer = answers.first { $0.first == protection.rawValue }
      if answer?.dropFirst().first == "yes" { continue }
      missing[protection] = answer?.dropFirst(2).first ?? "the probe ended before it was tried"
    }
    self.missing = missing
  }
}
