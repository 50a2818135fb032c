import Exposition
import TestSupport
import Testing

@testable import Worker

/// What a worker's probes say, asked by curl.
struct WorkerHealthTests {
  private func ask(_ health: WorkerHealth, _ path: String) async throws -> (status: String, body: String) {
    let listener = try health.listen(on: ListenAddress(host: "127.0.0.1", port: 0))
    defer { listener.stop() }
    let answer = try await Program.run(
      "curl", ["-s", "--max-time", "30", "-w", "\n%{http_code}", "http://\(listener.address)\(path)"])
    #expect(answer.exitCode == 0, "\(answer)")
    let end = answer.output.lastIndex(of: "\n") ?? answer.output.startIndex
    return (String(answer.output[end...].dropFirst()), String(answer.output[..<end]))
  }

  @Test func readinessNamesAllThatFails() async throws {
    let health = WorkerHealth()
    var ready = try await ask(health, "/readyz")
    #expect(ready.status == "503" && ready.body == "queue: the worker is not registered\n", "\(ready)")
    health.note(isRegistered: true, trouble: nil, isDraining: false, running: 1)
    ready = try await ask(health, "/readyz")
    #expect(ready.status == "200" && ready.body == "ok\n", "\(ready)")
    health.note(isRegistered: true, trouble: "DuckDB does not start: no space left", isDraining: true, running: 0)
    ready = try await ask(health, "/readyz")
    #expect(ready.status == "503", "\(ready)")
    #expect(ready.body == "host: DuckDB does not start: no space left\nworker: it drains\n", "\(ready)")
    #expect(try await ask(health, "/metrics").body.contains("aker_worker_ready 0\n"))
    // Whether it lives is another question.
    #expect(try await ask(health, "/livez").status == "200")
  }

  @Test func aQueueThatIsNotHeardOfIsNamed() async throws {
    let health = WorkerHealth(longestSilence: .zero)
    health.note(isRegistered: true, trouble: nil, isDraining: false, running: 0)
    let ready = try await ask(health, "/readyz")
    #expect(ready.status == "503" && ready.body == "queue: it was not reached for 0 s\n", "\(ready)")
    #expect(WorkerHealth.longestSilence == .seconds(12))
  }
}
