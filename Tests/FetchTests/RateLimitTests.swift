import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// Runs apart from the rest (scripts/test): arrivals are counted per second, and a processor that others take delays some of them.
struct RateLimitTests {
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
}
