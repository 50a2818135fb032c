import FoundationEssentials
import Glibc
import TestSupport

/// A host with the programs, a home of its own, and recorded sources for what asks them.
struct Place: Sendable {
  let home: String
  var environment: [String: String]

  /// - Parameter dsn: the database; an embedded one below the home without it.
  static func with(dsn: String? = nil, named name: String = "home", _ body: (Place) async throws -> Void) async throws {
    let folder = "/tmp/aker-place-\(UUID().uuidString.prefix(8))"
    let home = "\(folder)/\(name)"
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: home + "/tools", withDestinationPath: PackageRoot.path + "/.aker/tools")
    var environment = ["AKER_HOME": home, "LANG": "C.UTF-8", "AKER_CENSUS_API_KEY": "demo"]
    environment["AKER_DUCKDB"] = ProcessInfo.processInfo.environment["AKER_DUCKDB"]
    environment["AKER_POSTGIS_DSN"] = dsn
    let place = Place(home: home, environment: environment)
    do {
      try await body(place)
    } catch {
      try await place.end(folder)
      throw error
    }
    try await place.end(folder)
  }

  private func end(_ folder: String) async throws {
    if environment["AKER_POSTGIS_DSN"] == nil, FileManager.default.fileExists(atPath: home + "/postgres") {
      _ = try await aker("database", "remove", "--yes")
    }
    try FileManager.default.removeItem(atPath: folder)
  }

  func aker(
    _ arguments: String..., environment more: [String: String] = [:], directory: String = PackageRoot.path
  ) async throws -> Program.Result {
    try await Program.run(
      Executable.aker, arguments, environment: environment.merging(more) { $1 }, directory: directory)
  }

  /// The same with its output to a device or file.
  func shell(_ command: String, environment more: [String: String] = [:]) async throws -> Program.Result {
    var variables = environment.merging(more) { $1 }
    variables["AKER"] = Executable.aker
    variables["WORKER"] = Executable.worker
    return try await Program.run("/bin/sh", ["-c", command], environment: variables)
  }

  /// With the Census' recorded answers.
  func withCensus(_ arguments: [String] = [], _ body: (Place) async throws -> Void) async throws {
    try await Simulator.running(arguments: arguments) { simulator in
      var place = self
      place.environment["AKER_SOURCE_CENSUS_ACS5_ENDPOINT"] = simulator.endpoint + "/census_acs5"
      try await body(place)
    }
  }
}
