import FoundationEssentials
import Glibc
import HTTP
import Postgres
import TestSupport
import Testing

/// What only shows with real processes.
struct ProcessTests {
  /// 2,000 documents at 50 a second take 40 s: the one slow test here.
  @Test(.database) func fourProcessesShareOneLimitAndUseIt() async throws {
    let database = TestDatabase.current
    let connection = try await database.connect()
    _ = try await connection.query("SELECT queue.configure_source('probe', NULL, 50, 10, NULL)")
    try await FetchWorld.run { world in
      let results = try await withThrowingTaskGroup(of: Program.Result.self) { group in
        for number in 0..<4 {
          group.addTask {
            try await Program.run(
              Executable.fetchProbe, ["documents", "\(number * 500)", "500"],
              environment: [
                "PROBE_ENDPOINT": world.base + "/_generated", "PROBE_DSN": database.dsn,
                "PROBE_CACHE": world.folder + "/cache-\(number)",
              ])
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      for result in results { #expect(result.exitCode == 0, "\(result)") }
      let seconds = try await perSecond(world)
      let total = seconds.reduce(0) { $0 + $1.count }
      let span = Double((seconds.last?.second ?? 0) - (seconds.first?.second ?? 0) + 1)
      print("four processes: \(total) requests in \(Int(span)) s, at most \(seconds.map(\.count).max() ?? 0) in one")
      #expect(total == 2000)
      // The burst of 10 is within the limit, not on top of it.
      #expect(seconds.allSatisfy { $0.count <= 50 }, "\(seconds)")
      // The first and the last second are not whole ones: together they count as one.
      #expect(Double(total) >= 0.9 * (50 * (span - 1)), "\(seconds)")
    }
    await connection.close()
  }

  private func perSecond(_ world: FetchWorld) async throws -> [(second: Int, count: Int)] {
    struct Log: Decodable {
      struct Source: Decodable { var per_second: [String: Int] }
      var sources: [String: Source]
    }
    let log = try JSONDecoder().decode(Log.self, from: Data(try await world.ask("/_log").utf8))
    return (log.sources["_generated"]?.per_second ?? [:]).compactMap { key, count in Int(key).map { ($0, count) } }
      .sorted { $0.0 < $1.0 }
  }

  @Test func aGigabyteSurvivesTenResetsInLittleMemory() async throws {
    try await FetchWorld.run { world in
      try await world.addFaults(
        #"{"fault": "reset", "path": "/_generated", "after_bytes": 70000000, "count": 10}"#)
      let byteCount = 1 << 30
      async let broken = Program.run(
        Executable.fetchProbe, ["download", "/\(byteCount)?seed=9"],
        environment: ["PROBE_ENDPOINT": world.base + "/_generated", "PROBE_CACHE": world.folder + "/c"])
      let result = try await broken
      #expect(result.exitCode == 0, "\(result)")
      let words = result.output.split(whereSeparator: \.isWhitespace).map(String.init)
      try #require(words.count == 3, "\(result)")
      // The same bytes by another way: in one piece, hashed by another program.
      let whole = try await Program.run(
        "bash", ["-c", "set -o pipefail; curl -sf '\(world.base)/_generated/\(byteCount)?seed=9' | sha256sum"])
      #expect(words[0] == whole.output.prefix(64))
      #expect(words[1] == "\(byteCount)")
      print("1 GB over ten resets: \(words[2]) kB of memory at its peak")
      #expect((Int(words[2]) ?? .max) < 40 * 1024)
      let log = try await world.log()
      #expect(log.ranges(of: "\"status\":206").count == 10, "\(log)")
    }
  }

  @Test(arguments: [
    "{in: query, name: key}", "{in: header, name: X-Api-Key}", "{in: bearer}", "{in: basic}",
  ])
  func aPlantedKeyIsFoundNowhere(_ authentication: String) async throws {
    let key = "planted:K3y/+with=odd&bytes"
    try await FetchWorld.run(recordings: ["files/a.json": "[1]"]) { world in
      var outputs = ""
      // Success, an error page that redirects, a source that is down, one that answers with an error text.
      for fault in [
        "", #"{"fault": "redirect", "path": "/files"}"#,
        #"{"fault": "reset", "path": "/files", "before_answer": true}"#,
        #"{"fault": "status", "status": 500, "path": "/files", "text": "the key \#(key) is bad"}"#,
      ] {
        if !fault.isEmpty { try await world.addFaults(fault) }
        let program = try await Program.start(
          Executable.fetchProbe, ["download", "/a.json"],
          environment: [
            "PROBE_ENDPOINT": world.base + "/files", "PROBE_CACHE": world.folder + "/cache", "PROBE_KEY": key,
            "PROBE_AUTH": authentication,
          ])
        let arguments = FileManager.default.contents(atPath: "/proc/\(program.processID)/cmdline") ?? Data()
        outputs += String(decoding: arguments, as: UTF8.self)
        let result = try await program.wait()
        outputs += result.output + result.errorOutput
        try await world.removeFaults()
        // The next round asks again.
        for file in try FileManager.default.contentsOfDirectory(atPath: world.folder + "/cache/index") {
          let path = world.folder + "/cache/index/" + file
          outputs += file + String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
          try FileManager.default.removeItem(atPath: path)
        }
      }
      for path in try FileManager.default.subpathsOfDirectory(atPath: world.folder + "/cache") {
        outputs += path
        if let contents = FileManager.default.contents(atPath: world.folder + "/cache/" + path) {
          outputs += String(decoding: contents, as: UTF8.self)
        }
      }
      #expect(outputs.contains("a.json"))
      #expect(!outputs.contains("planted"), "\(outputs)")
      #expect(!outputs.contains("K3y"), "\(outputs)")
    }
  }
}
