import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// A running `source-simulator`, ended with the test.
struct SimulatorProcess: Sendable {
  let port: Int
  let program: Program
  let portFile: String

  /// Runs `body` beside a simulator of its own.
  static func run<R: Sendable>(
    recordings: String = PackageRoot.recordings, _ arguments: [String] = [],
    _ body: (SimulatorProcess) async throws -> R
  ) async throws -> R {
    let portFile = "/tmp/aker-simulator-\(UUID().uuidString)"
    let program = try await Program.start(
      Executable.simulator,
      ["--recordings", recordings, "--port", "0", "--port-file", portFile, "--exit-with-parent"] + arguments)
    do {
      var port: Int?
      try await eventually("the simulator listens") {
        port = FileManager.default.contents(atPath: portFile).flatMap {
          Int(String(decoding: $0, as: UTF8.self).dropLast())
        }
        return port != nil
      }
      guard let port else { throw TestFailure("no port") }
      let result = try await body(SimulatorProcess(port: port, program: program, portFile: portFile))
      program.send(SIGTERM)
      let ending = try await program.wait()
      guard ending.exitCode == 0 else { throw TestFailure("the simulator ended badly: \(ending)") }
      return result
    } catch {
      program.send(SIGKILL)
      throw error
    }
  }

  func get(_ target: String, _ headers: [String: String] = [:]) async throws -> HTTPAnswer {
    try await send("GET", target, headers)
  }

  func send(
    _ method: String, _ target: String, _ headers: [String: String] = [:], body: String = ""
  ) async throws -> HTTPAnswer {
    try await HTTPAnswer.of(port: port, method: method, target: target, headers: headers, body: body)
  }
}
