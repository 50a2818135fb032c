import FoundationEssentials

/// A folder of recordings made for one test.
struct RecordingFolder: Sendable {
  let path: String

  /// Gone when `body` returns.
  static func make<R>(_ files: [String: String] = [:], _ body: (RecordingFolder) async throws -> R) async throws -> R {
    let folder = RecordingFolder(path: "/tmp/aker-recordings-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    for (name, text) in files { try folder.write(text, to: name) }
    return try await body(folder)
  }

  func write(_ text: String, to name: String) throws {
    let url = URL(filePath: path + "/" + name)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url, options: .atomic)
  }
}
