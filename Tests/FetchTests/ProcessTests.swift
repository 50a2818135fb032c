import FoundationEssentials
import Glibc
import HTTP
import TestSupport
import Testing

/// What only shows with real processes.
struct ProcessTests {
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
