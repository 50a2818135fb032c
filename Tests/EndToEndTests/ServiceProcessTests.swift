import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

/// `aker serve` as a process: what it needs, what it writes down, what it does not take.
@Suite(.database)
struct ServiceProcessTests {
  /// Of the whole process, with two hundred listeners.
  private static let mostBytes = 80_000_000

  @Test func twoHundredListenersFitIntoIt() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn) { home in
      try await ServedHome.serving(home) { served in
        let count = 200
        let streams = (0..<count).flatMap { _ in ["-o", "/dev/null", served.url + "/api/v1/events"] }
        let listeners = try await Program.start(
          "curl",
          ["-sN", "--max-time", "120", "--parallel", "--parallel-immediate", "--parallel-max", "\(count)"] + streams)
        func metric(_ name: String) async throws -> Int {
          let page = try await Program.run("curl", ["-s", "--max-time", "30", served.url + "/metrics"])
          let line = page.output.split(separator: "\n").first { $0.hasPrefix(name + " ") }
          return line.flatMap { Double($0.dropFirst(name.count + 1)) }.map { Int($0) } ?? -1
        }
        try await eventually("all listen") { try await metric("aker_event_listeners") == count }
        let bytes = try await metric("process_resident_memory_bytes")
        print("aker serve with \(count) listeners: \(bytes / 1_000_000) MB")
        #expect(bytes > 0 && bytes <= Self.mostBytes, "\(bytes)")
        listeners.send(SIGTERM)
        _ = try await listeners.wait()
      }
    }
  }

  private struct Line: Decodable {
    var at: String
    var level: String
    var label: String
    var message: String
    var dataset: String?
    var outcome: String?
  }

  @Test func linesOfTheLogAreJSONWhereThatIsAskedFor() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn, simulator: []) { home in
      let enqueued = try await home.aker("backfill", "price_index", "--years", "2019", "--detach")
      #expect(enqueued.exitCode == 0, "\(enqueued)")
      let worker = try await Program.run(
        Executable.worker, ["--until-empty", "--log-format", "json"], environment: home.environment)
      #expect(worker.exitCode == 0, "\(worker)")
      var served = ""
      try await ServedHome.serving(home, "--log-format", "json") { _ in }
      for file in try FileManager.default.contentsOfDirectory(atPath: home.path) where file.hasPrefix("serve-") {
        served += try home.text(file)
      }
      let decoder = JSONDecoder()
      for (program, text) in [("aker-worker", worker.errorOutput), ("aker serve", served)] {
        let lines = try text.split(separator: "\n").map { line in
          do {
            return try decoder.decode(Line.self, from: Data(line.utf8))
          } catch {
            throw TestFailure("\(program) wrote what is no object of the log: \(line)")
          }
        }
        // With its zone: UTC.
        #expect(lines.allSatisfy { $0.at.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z/) != nil }, "\(text)")
        #expect(lines.allSatisfy { !$0.message.isEmpty && !$0.level.isEmpty && !$0.label.isEmpty }, "\(text)")
        #expect(
          lines.contains { program == "aker serve" ? $0.message == "listening" : $0.message == "attempt ended" },
          "\(program): \(text)")
      }
      #expect(worker.errorOutput.contains(#""partition":"price_index 2019""#), "\(worker.errorOutput)")
    }
  }

  /// A token in an address would be in every log on its way: it opens nothing, and is not written down here.
  @Test func aTokenInAnAddressIsNoneAndIsNotWrittenDown() async throws {
    try await OperatorHome.with(dsn: TestDatabase.current.dsn) { home in
      let made = try await home.aker("token", "create", "mia", "--level", "admin", "--json")
      let token = try JSONDecoder().decode([String: String].self, from: Data(made.output.utf8))["token"] ?? ""
      #expect(token.hasPrefix("aker_"))
      var home = home
      home.environment["AKER_LOG_LEVEL"] = "trace"
      try await ServedHome.serving(home, "--require-token") { served in
        let good = ["-H", "Authorization: Bearer \(token)"]
        var cases: [(path: String, arguments: [String], status: String)] = [
          ("/api/v1/workers", good, "200"), ("/api/v1/workers", ["--user", "mia:\(token)"], "401"),
          ("/api/v1/workers", ["-b", "token=\(token)"], "401"),
          // Also where the one in the header is good: the address is refused with its own words.
          ("/api/v1/workers?token=\(token)", good, "422"), ("/api/v1/tokens/\(token)", good + ["-X", "DELETE"], "404"),
        ]
        for name in ["token", "access_token", "api_key", "key", "authorization", "auth"] {
          for path in ["/api/v1/workers", "/api/v1/events", "/metrics", "/"] {
            cases.append(("\(path)?\(name)=\(token)", [], "401"))
          }
        }
        for (path, arguments, status) in cases {
          let asked = try await Program.run(
            "curl",
            ["-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "30"] + arguments + [served.url + path])
          #expect(asked.output == status, "\(path) \(arguments)")
        }
      }
      for file in try FileManager.default.contentsOfDirectory(atPath: home.path) where file.hasPrefix("serve-") {
        let log = try home.text(file)
        #expect(!log.contains(token), "\(file)")
      }
      let connection = try await TestDatabase.current.connect()
      let kept: Int = try await connection.one(
        "SELECT count(*) AS n FROM service.audit WHERE target || outcome LIKE '%' || $1 || '%'", [token]
      ).decode("n")
      #expect(kept == 0, "the audit keeps a token")
      await connection.close()
    }
  }
}
