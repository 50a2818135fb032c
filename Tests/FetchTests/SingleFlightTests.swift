import FoundationEssentials
import Glibc
import TestSupport
import Testing

struct SingleFlightTests {
  /// Two processes with one cache: the second waits for the first, and takes what that one fetched.
  @Test func twoProcessesOfAHostAskForADocumentOnce() async throws {
    try await FetchWorld.run { world in
      try await world.addFaults(#"{"fault": "delay", "path": "/_generated", "seconds": 0.5}"#)
      let results = try await withThrowingTaskGroup(of: Program.Result.self) { group in
        for _ in 0..<2 {
          group.addTask {
            try await Program.run(
              Executable.fetchProbe, ["download", "/2000000?seed=3"],
              environment: ["PROBE_ENDPOINT": world.base + "/_generated", "PROBE_CACHE": world.folder + "/c"])
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      for result in results { #expect(result.exitCode == 0, "\(result)") }
      let hashes = results.map { $0.output.split(separator: " ").first }
      #expect(hashes[0] != nil && hashes[0] == hashes[1])
      #expect(try await world.requestCount("_generated") == 1)
    }
  }

  /// The one that asks is suspended in the middle: others wait for a while, and then ask themselves.
  @Test func aSuspendedProcessHoldsNobodyUp() async throws {
    try await FetchWorld.run { world in
      try await world.addFaults(#"{"fault": "stall", "path": "/_generated", "after_bytes": 1000}"#)
      let environment = ["PROBE_ENDPOINT": world.base + "/_generated", "PROBE_CACHE": world.folder + "/c"]
      let sleeper = try await Program.start(
        Executable.fetchProbe, ["download", "/2000000?seed=4"], environment: environment)
      try await eventually(within: .seconds(120), "it is being answered") {
        try await world.requestCount("_generated") == 1
      }
      sleeper.send(SIGSTOP)
      try await world.removeFaults()
      let other = try await Program.run(
        Executable.fetchProbe, ["download", "/2000000?seed=4"], environment: environment)
      sleeper.send(SIGKILL)
      _ = try await sleeper.wait()
      #expect(other.exitCode == 0, "\(other)")
      #expect(try await world.requestCount("_generated") == 2)
    }
  }
}
