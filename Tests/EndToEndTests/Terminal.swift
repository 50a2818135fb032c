import FoundationEssentials
import Testing
import TestSupport

/// A tmux server of its own, with one window.
struct Terminal {
  let name = "aker-test-\(UUID().uuidString.prefix(8))"

  @discardableResult
  func tmux(_ arguments: String..., environment: [String: String] = [:]) async throws -> String {
    let result = try await Program.run(
      "tmux", ["-L", name, "-f", "/dev/null"] + arguments,
      environment: environment.merging(["LANG": "C.UTF-8"]) { $1 })
    #expect(result.exitCode == 0, "\(arguments): \(result)")
    return result.output
  }

  func screen() async throws -> String { try await tmux("capture-pane", "-p") }

  func waitFor(_ text: String) async throws {
    try await eventually(within: .seconds(60), "the screen shows \(text)") {
      try await screen().contains(text)
    }
  }
}
