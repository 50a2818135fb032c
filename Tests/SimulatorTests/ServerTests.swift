import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// What does not depend on a source: the log, HTTP itself, start and end.
struct ServerTests {
  private struct Log: Decodable {
    struct Source: Decodable {
      struct Client: Decodable {
        var total: Int
        var per_second: [String: Int]
      }

      var total: Int
      var under_way: Int
      var statuses: [String: Int]
      var most_in_a_second: Int
      var per_second: [String: Int]
      var clients: [String: Client]
    }

    struct Request: Decodable {
      var target: String
      var status: Int?
      var arrived_at_us: Int64
    }

    var total: Int
    var sources: [String: Source]
    var requests: [Request]?
  }

  private func log(_ simulator: SimulatorProcess) async throws -> Log {
    try JSONDecoder().decode(Log.self, from: Data(try await simulator.get("/_log?requests").body))
  }

  @Test func theLogCountsPerSourceClientAndSecond() async throws {
    try await SimulatorProcess.run { simulator in
      let target = "/census_acs5/data/2009/acs/acs5?get=NAME&for=state:02"
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<30 {
          group.addTask { _ = try await simulator.get(target, ["User-Agent": number < 20 ? "one" : "two"]) }
        }
        try await group.waitForAll()
      }
      _ = try await simulator.get("/census_acs5/data/1999/acs/acs5?get=NAME&for=state:02", ["User-Agent": "one"])
      let report = try await log(simulator)
      #expect(report.total == 31)
      let source = try #require(report.sources["census_acs5"])
      #expect(source.total == 31)
      #expect(source.under_way == 0)
      #expect(source.statuses == ["200": 30, "404": 1])
      #expect(source.per_second.values.reduce(0, +) == 31)
      #expect(source.most_in_a_second == source.per_second.values.max())
      #expect(source.clients.mapValues(\.total) == ["127.0.0.1 one": 21, "127.0.0.1 two": 10])
      #expect(source.clients["127.0.0.1 two"]?.per_second.values.reduce(0, +) == 10)
      // The seconds are those of the arrivals.
      let requests = try #require(report.requests)
      let perSecond = Dictionary(grouping: requests) { String($0.arrived_at_us / 1_000_000) }.mapValues(\.count)
      #expect(perSecond == source.per_second)

      #expect(try await simulator.send("DELETE", "/_log").status == 204)
      #expect(try await log(simulator).total == 0)
    }
  }

  @Test func unknownSourcesAreNotFound() async throws {
    try await SimulatorProcess.run { simulator in
      let answer = try await simulator.get("/no_such_source/data.csv")
      #expect(answer.status == 404)
      #expect(answer.text.contains("no_such_source"))
    }
  }

  @Test func headGivesTheLengthAndNoBody() async throws {
    try await SimulatorProcess.run { simulator in
      let target = "/census_acs5/data/2009/acs/acs5?get=NAME&for=state:*"
      let whole = try await simulator.get(target)
      let head = try await simulator.send("HEAD", target)
      #expect(head.status == 200)
      #expect(head.contentLength == whole.body.count)
      #expect(head.body.isEmpty)
    }
  }

  @Test func thePortFileGoesWithTheProcess() async throws {
    let portFile = try await SimulatorProcess.run { simulator in
      let text = try #require(FileManager.default.contents(atPath: simulator.portFile))
      #expect(String(decoding: text, as: UTF8.self) == "\(simulator.port)\n")
      return simulator.portFile
    }
    #expect(!FileManager.default.fileExists(atPath: portFile))
  }

  @Test func nothingIsLeftWhenTheParentIsKilled() async throws {
    try await RecordingFolder.make(["rss/feed.xml": "<rss/>"]) { folder in
      let portFile = folder.path + "/port"
      let command = #""$0" --recordings "$1" --port-file "$2" --exit-with-parent & wait"#
      let shell = try await Program.start("sh", ["-c", command, Executable.simulator, folder.path, portFile])
      try await eventually("the simulator listens") { FileManager.default.fileExists(atPath: portFile) }
      shell.send(SIGKILL)
      _ = try await shell.wait()
      try await eventually("the simulator ends and removes its port file") {
        !FileManager.default.fileExists(atPath: portFile)
      }
    }
  }

  @Test func aMissingFolderIsSaid() async throws {
    let result = try await Program.run(Executable.simulator, ["--recordings", "/nowhere"])
    #expect(result.exitCode == 64)
    #expect(result.errorOutput.contains("no folder at /nowhere"))
  }
}
