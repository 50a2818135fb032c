import Catalog
import Fetch
import FoundationEssentials
import Glibc
import HTTP
import Logging
import TestSupport
import Testing

/// A running simulator, a cache of its own and a fetcher between them, ended with the test.
struct FetchWorld: Sendable {
  let folder: String
  let port: Int

  var cache: String { folder + "/cache" }
  var base: String { "http://127.0.0.1:\(port)" }

  static func run(
    recordings: [String: String] = [:], arguments: [String] = [], _ body: (FetchWorld) async throws -> Void
  ) async throws {
    let folder = "/tmp/aker-fetch-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (path, text) in recordings.merging(["none/manifest.yml": ""], uniquingKeysWith: { first, _ in first }) {
      try write(Data(text.utf8), to: folder + "/recordings/" + path)
    }
    let portFile = folder + "/port"
    let program = try await Program.start(
      Executable.simulator,
      ["--recordings", folder + "/recordings", "--port", "0", "--port-file", portFile] + arguments)
    defer { program.send(SIGKILL) }
    var port: Int?
    try await eventually("the simulator listens") {
      port = FileManager.default.contents(atPath: portFile).flatMap {
        Int(String(decoding: $0, as: UTF8.self).dropLast())
      }
      return port != nil
    }
    try await body(FetchWorld(folder: folder, port: port ?? 0))
  }

  /// A cache and nothing beside it: who answers is the test's own.
  static func offline(_ body: (FetchWorld) async throws -> Void) async throws {
    let folder = "/tmp/aker-fetch-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(FetchWorld(folder: folder, port: 0))
  }

  static func write(_ data: Data, to path: String) throws {
    try FileManager.default.createDirectory(
      atPath: URL(filePath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
    try data.write(to: URL(filePath: path))
  }

  func record(_ bytes: [UInt8], at path: String) throws {
    try Self.write(Data(bytes), to: folder + "/recordings/" + path)
  }

  /// - Parameter source: fields of the registry's entry, beside `id`, `name` and `endpoint`.
  func fetcher(
    _ id: String, _ source: String = "", endpoint: String? = nil, limiter: any RateLimiter = UnlimitedRate(),
    allowsPrivate: Bool = true, secrets: [String: String] = [:], cache folderOfCache: String = "/cache",
    shared: SharedCache? = nil
  ) throws -> Fetcher {
    var text = "sources:\n  - id: \(id)\n    name: \(id)\n    endpoint: \"\(endpoint ?? "\(base)/\(id)")\"\n"
    if allowsPrivate { text += "    allow_private_address: true\n" }
    text += source.split(separator: "\n").map { "    \($0)\n" }.joined()
    return try Fetcher(
      registry: SourceRegistry([YAMLNode.parse(text, file: "test.yml")]), cacheDirectory: folder + folderOfCache,
      shared: shared,
      limiter: limiter, logger: Logger(label: "test"), secret: { secrets[$0] })
  }

  /// A fetcher of the real registry, with one source sent here.
  func registered(_ id: String, secrets: [String: String] = [:]) throws -> Fetcher {
    try Fetcher(
      registry: SourceRegistry(
        directory: PackageRoot.catalog,
        environment: ["AKER_SOURCE_\(id.uppercased())_ENDPOINT": "\(base)/\(id)"]),
      cacheDirectory: cache, limiter: UnlimitedRate(), logger: Logger(label: "test"), secret: { secrets[$0] })
  }

  func addFaults(_ rules: String) async throws {
    let answer = try await ask("/_faults", method: "POST", body: rules)
    guard answer.contains("rule") else { throw TestFailure(answer) }
  }

  func removeFaults() async throws { _ = try await ask("/_faults", method: "DELETE") }

  func log() async throws -> String { try await ask("/_log?requests") }

  func ask(_ target: String, method: String = "GET", body: String = "") async throws -> String {
    let file = folder + "/asked-\(UUID().uuidString)"
    var transfer = HTTPTransfer(url: base + target, file: file)
    transfer.method = method
    transfer.body = Array(body.utf8)
    transfer.allowsPrivateAddress = true
    _ = try await transfer.perform()
    return String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
  }

  /// Requests that a source got.
  func requestCount(_ source: String) async throws -> Int {
    struct Log: Decodable {
      struct Source: Decodable { var total: Int }
      var sources: [String: Source]
    }
    let log = try JSONDecoder().decode(Log.self, from: Data(try await ask("/_log").utf8))
    return log.sources[source]?.total ?? 0
  }
}

extension FetchRequest {
  static func get(
    _ source: String, _ path: String, _ query: [(String, String)] = [], expect content: Content = .json,
    optional: Bool = false
  ) -> FetchRequest {
    var request = FetchRequest(name: "test", sourceID: source, path: path, expected: content)
    request.query = query.map { .init(name: $0.0, value: $0.1) }
    request.isOptional = optional
    return request
  }
}

/// The error that a fetch ends with; fails the test when it ends well.
func failure(of body: () async throws -> some Any) async throws -> FetchError {
  do {
    _ = try await body()
  } catch let error as FetchError {
    return error
  }
  throw TestFailure("it should not have succeeded")
}

extension FetchedInput {
  var text: String {
    path.flatMap { FileManager.default.contents(atPath: $0) }.map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}
