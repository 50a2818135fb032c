import FoundationEssentials
import Glibc
import TestSupport

/// What an operator has before them: a home of its own, every recorded source, and the programs.
struct OperatorHome: Sendable {
  let path: String
  var environment: [String: String]

  /// - Parameters:
  ///   - dsn: the database; an embedded one of the home without it.
  ///   - simulator: further arguments for the recorded sources, such as faults; nil leaves them out.
  static func with(
    dsn: String? = nil, recordings: String = PackageRoot.recordings, simulator arguments: [String]? = nil,
    _ body: (OperatorHome) async throws -> Void
  ) async throws {
    let path = "/tmp/aker-home-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try FileManager.default.createSymbolicLink(
      atPath: path + "/tools", withDestinationPath: PackageRoot.path + "/.aker/tools")
    var home = OperatorHome(path: path, environment: ["AKER_HOME": path])
    home.environment["AKER_DUCKDB"] = ProcessInfo.processInfo.environment["AKER_DUCKDB"]
    home.environment["AKER_POSTGIS_DSN"] = dsn
    guard let arguments else { return try await home.use(body) }
    try await Simulator.running(recordings: recordings, arguments: arguments) { simulator in
      for source in try FileManager.default.contentsOfDirectory(atPath: recordings)
      where !source.contains(".") {
        home.environment["AKER_SOURCE_\(source.uppercased())_ENDPOINT"] = simulator.endpoint + "/" + source
      }
      // Recorded sources that want a key take this one.
      let registry = String(
        decoding: FileManager.default.contents(atPath: PackageRoot.catalog + "/sources.yml") ?? Data(), as: UTF8.self)
      for match in registry.matches(of: /auth_key_name: *([A-Z0-9_]+)/) { home.environment["AKER_\(match.1)"] = "demo" }
      try await home.use(body)
    }
  }

  private func use(_ body: (OperatorHome) async throws -> Void) async throws {
    do {
      try await body(self)
    } catch {
      try await end()
      throw error
    }
    try await end()
  }

  /// Ends the embedded database, where one was started.
  private func end() async throws {
    guard environment["AKER_POSTGIS_DSN"] == nil, FileManager.default.fileExists(atPath: path + "/postgres") else {
      return
    }
    _ = try await Program.run(Executable.aker, ["database", "remove", "--yes"], environment: environment)
  }

  func aker(
    _ arguments: String..., environment more: [String: String] = [:], directory: String = PackageRoot.path,
    input: String = ""
  ) async throws -> Program.Result {
    try await Program.run(
      Executable.aker, arguments, environment: environment.merging(more) { $1 }, directory: directory, input: input)
  }

  /// A catalog of one's own, to be changed: a copy of the project's in the home.
  ///
  /// - Returns: its path, for `AKER_CATALOG_PATH`.
  func copyOfCatalog() throws -> String {
    let copy = path + "/catalog"
    try FileManager.default.copyItem(atPath: PackageRoot.catalog, toPath: copy)
    return copy
  }

  /// Replaces text in a file, which must be there.
  func replace(_ old: String, by new: String, in file: String) throws {
    let text = String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
    guard text.contains(old) else { throw TestFailure("\(file) lacks \(old)") }
    try Data(text.replacing(old, with: new).utf8).write(to: URL(filePath: file))
  }

  func text(_ file: String) throws -> String {
    guard let contents = FileManager.default.contents(atPath: path + "/" + file) else {
      throw TestFailure("\(file) is not there")
    }
    return String(decoding: contents, as: UTF8.self)
  }

  func write(_ text: String, to file: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path + "/" + file))
  }
}
