import FoundationEssentials
import Glibc
import Testing

/// A running source-simulator, ended with the scope.
package struct Simulator: Sendable {
  package let port: Int
  package let program: Program

  package var endpoint: String { "http://127.0.0.1:\(port)" }

  package static func running(
    recordings: String = PackageRoot.recordings, arguments: [String] = [], _ body: (Simulator) async throws -> Void
  ) async throws {
    let portFile = "/tmp/aker-simulator-\(UUID().uuidString).port"
    let program = try await Program.start(
      Executable.simulator, ["--recordings", recordings, "--port", "0", "--port-file", portFile] + arguments)
    defer { try? FileManager.default.removeItem(atPath: portFile) }
    var port: Int?
    try await eventually("the simulator listens") {
      let text = FileManager.default.contents(atPath: portFile).map { String(decoding: $0, as: UTF8.self) }
      port = text.flatMap { Int($0.filter(\.isNumber)) }
      return port != nil
    }
    guard let port else {
      program.send(SIGKILL)
      throw TestFailure("the simulator did not start: \(try await program.wait())")
    }
    do {
      try await body(Simulator(port: port, program: program))
    } catch {
      program.send(SIGTERM)
      _ = try await program.wait()
      throw error
    }
    program.send(SIGTERM)
    _ = try await program.wait()
  }
}
