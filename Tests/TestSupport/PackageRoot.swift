import FoundationEssentials

/// Where things are, seen from the package.
package enum PackageRoot {
  /// The folder that holds Package.swift.
  package static let path: String = {
    // Tests/TestSupport/PackageRoot.swift
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
  }()

  package static let migrations = path + "/migrations"
  package static let recordings = path + "/recordings"
  package static let catalog = path + "/catalog"
}

/// The larger set of real source files beside the package, which not every clone has.
package enum SharedData {
  /// Nil where it is absent: `@Test(.enabled(if: SharedData.isPresent, SharedData.absence))`.
  package static let directory: String? = {
    let path = ProcessInfo.processInfo.environment["AKER_SHARED_DATA"] ?? PackageRoot.path + "/../shared/data"
    return FileManager.default.fileExists(atPath: path + "/FORMATS.md") ? path : nil
  }()

  package static let isPresent = directory != nil
}

/// The programs under test, as built beside the tests.
package enum Executable {
  package static let aker = path("aker")
  package static let worker = path("aker-worker")
  package static let simulator = path("source-simulator")
  package static let fetchProbe = path("FetchProbe")

  /// The build folder: that of the test runner's own bundle, so that a scratch path or configuration is followed.
  private static func path(_ name: String) -> String {
    let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }
    let folder =
      bundle.map { URL(filePath: $0).deletingLastPathComponent().path } ?? PackageRoot.path + "/.build/debug"
    return folder + "/" + name
  }
}
