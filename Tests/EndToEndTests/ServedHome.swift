import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// A coordinator at work: `aker serve` of an operator's home, and where it answers.
struct ServedHome: Sendable {
  let program: Program
  let url: String

  /// Ends it with the scope.
  static func serving(
    _ home: OperatorHome, _ arguments: String..., body: (ServedHome) async throws -> Void
  ) async throws {
    let served = try await start(home, arguments)
    do {
      try await body(served)
    } catch {
      _ = try await served.end()
      throw error
    }
    let ended = try await served.end()
    guard ended.exitCode == 0 else { throw TestFailure("aker serve: \(ended)") }
  }

  static func start(_ home: OperatorHome, _ arguments: [String]) async throws -> ServedHome {
    let log = "\(home.path)/serve-\(UUID().uuidString.prefix(8)).log"
    let program = try await Program.start(
      "bash",
      [
        "-c", "log=$1; shift; exec \"$@\" 2>\"$log\"", "serve", log, Executable.aker, "serve", "--listen",
        "127.0.0.1:0",
      ]
        + arguments, environment: home.environment)
    var url: String?
    try await eventually(within: .seconds(60), "aker serve listens") {
      let text = String(decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self)
      url = text.firstMatch(of: /"?url"?[=:]"?(http:[^\s"]+)/).map { String($0.1) }
      return url != nil
    }
    guard let url else {
      program.send(SIGKILL)
      throw TestFailure("aker serve does not listen: \(try await program.wait())")
    }
    return ServedHome(program: program, url: url)
  }

  func end() async throws -> Program.Result {
    program.send(SIGTERM)
    return try await program.wait()
  }
}
