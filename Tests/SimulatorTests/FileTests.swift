import FoundationEssentials
import TestSupport
import Testing

/// Sources that are nothing but files, and generated files: ranges, validators, compression, queries.
struct FileTests {
  private static let csv = "survey,fips\n2020,24003\n2020,24005\n"

  @Test func aFileIsServedAsItIs() async throws {
    try await RecordingFolder.make(["census_bps/econ/bps/County/co2020a.txt": Self.csv]) { folder in
      try await SimulatorProcess.run(recordings: folder.path) { simulator in
        let answer = try await simulator.get("/census_bps/econ/bps/County/co2020a.txt")
        #expect(answer.status == 200)
        #expect(answer.text == Self.csv)
        #expect(answer.headers["content-type"] == "text/plain")
        #expect(answer.headers["last-modified"]?.hasSuffix(" GMT") == true)
        #expect(try await simulator.get("/census_bps/econ/bps/County/co2019a.txt").status == 404)
        #expect(try await simulator.get("/census_bps/econ/bps/County").status == 404)
        #expect(try await simulator.get("/census_bps/econ/bps/County/").status == 404)
      }
    }
  }

  @Test func nothingOutsideTheSourceIsServed() async throws {
    let files = [
      "secret.txt": "s", "rss/feed.xml": "<rss/>", "rss/manifest.yml": "synthetic: false", "rss/.hidden": "h",
    ]
    try await RecordingFolder.make(files) { folder in
      try await SimulatorProcess.run(recordings: folder.path) { simulator in
        let feed = try await simulator.get("/rss/feed.xml")
        #expect(feed.headers["content-type"] == "application/xml")
        for target in [
          "/rss/../secret.txt", "/rss/%2e%2e/secret.txt", "/rss/..%2Fsecret.txt", "/secret.txt", "/rss/manifest.yml",
          "/rss/.hidden", "/../etc/passwd", "/rss/%00",
        ] {
          let answer = try await simulator.get(target)
          #expect(answer.status == 404, "\(target)")
        }
      }
    }
  }

  @Test func theFileWithTheMostMatchingParametersAnswers() async throws {
    let files = [
      "vendor/api/data/index@TableName=CAINC1.json": "all years",
      "vendor/api/data/index@TableName=CAINC1&Year=2020.json": "2020",
      "vendor/api/data/index@TableName=CAINC1&GeoFips=a%2Fb+c.json": "odd",
      "vendor/query@.json": "anything",
    ]
    try await RecordingFolder.make(files) { folder in
      try await SimulatorProcess.run(recordings: folder.path) { simulator in
        let path = "/vendor/api/data/"
        #expect(try await simulator.get(path + "?UserID=k&Year=2019&TableName=CAINC1").text == "all years")
        let exact = try await simulator.get(path + "?UserID=k&year=2020&tablename=CAINC1")
        #expect(exact.text == "2020")
        #expect(exact.headers["content-type"] == "application/json;charset=utf-8")
        #expect(try await simulator.get(path + "?TableName=CAINC1&GeoFips=a/b%20c").text == "odd")
        #expect(try await simulator.get(path + "?TableName=CAINC4&Year=2020").status == 404)
        #expect(try await simulator.get("/vendor/query?where=1%3D1").text == "anything")
      }
    }
  }

  @Test func rangesAndTheirValidators() async throws {
    try await RecordingFolder.make(["bfs/monthly.csv": "0123456789"]) { folder in
      try await SimulatorProcess.run(recordings: folder.path) { simulator in
        let target = "/bfs/monthly.csv"
        let whole = try await simulator.get(target)
        #expect(whole.headers["accept-ranges"] == "bytes")
        let tag = try #require(whole.headers["etag"])
        let date = try #require(whole.headers["last-modified"])
        for (range, text, content) in [
          ("bytes=2-4", "234", "bytes 2-4/10"), ("bytes=7-", "789", "bytes 7-9/10"),
          ("bytes=-2", "89", "bytes 8-9/10"), ("bytes=8-99", "89", "bytes 8-9/10"),
        ] {
          let part = try await simulator.get(target, ["Range": range])
          #expect(part.status == 206)
          #expect(part.text == text)
          #expect(part.headers["content-range"] == content)
        }
        let beyond = try await simulator.get(target, ["Range": "bytes=10-"])
        #expect(beyond.status == 416)
        #expect(beyond.headers["content-range"] == "bytes */10")
        for validator in [tag, date] {
          let part = try await simulator.get(target, ["Range": "bytes=5-", "If-Range": validator])
          #expect(part.status == 206)
          #expect(part.text == "56789")
        }
        for validator in ["\"older\"", "Sun, 06 Nov 1994 08:49:37 GMT"] {
          let all = try await simulator.get(target, ["Range": "bytes=5-", "If-Range": validator])
          #expect(all.status == 200)
          #expect(all.text == "0123456789")
        }
        #expect(try await simulator.get(target, ["If-Modified-Since": date]).status == 304)
        #expect(try await simulator.get(target, ["If-None-Match": tag]).status == 304)
        // The file changes: what was begun must not be continued.
        try folder.write("abcdefghijk", to: "bfs/monthly.csv")
        let changed = try await simulator.get(target, ["Range": "bytes=5-", "If-Range": tag])
        #expect(changed.status == 200)
        #expect(changed.text == "abcdefghijk")
      }
    }
  }

  @Test func textComesCompressedWhenAsked() async throws {
    let text = String(repeating: Self.csv, count: 5000)
    try await RecordingFolder.make(["bfs/monthly.csv": text, "bfs/data.zip": "PK"]) { folder in
      try await SimulatorProcess.run(recordings: folder.path) { simulator in
        let plain = try await simulator.get("/bfs/monthly.csv", ["Accept-Encoding": "identity"])
        #expect(plain.headers["content-encoding"] == nil)
        let answer = try await simulator.get("/bfs/monthly.csv", ["Accept-Encoding": "deflate, gzip"])
        #expect(answer.headers["content-encoding"] == "gzip")
        #expect(answer.contentLength == answer.body.count)
        let tag = try #require(answer.headers["etag"])
        #expect(tag != plain.headers["etag"])
        try Data(answer.body).write(to: URL(filePath: folder.path + "/answer.gz"))
        let unpacked = try await Program.run("gzip", ["-dc", folder.path + "/answer.gz"])
        #expect(unpacked.exitCode == 0)
        #expect(unpacked.output == text)
        #expect(try await simulator.get("/bfs/monthly.csv", ["If-None-Match": tag]).status == 304)
        let zip = try await simulator.get("/bfs/data.zip", ["Accept-Encoding": "gzip"])
        #expect(zip.headers["content-encoding"] == nil)
      }
    }
  }

  @Test func generatedBytesDependOnTheSeedAndThePlaceOnly() async throws {
    try await SimulatorProcess.run { simulator in
      let byteCount = 300_001
      let target = "/_generated/\(byteCount)?seed=7"
      let whole = try await simulator.get(target)
      #expect(whole.contentLength == byteCount)
      #expect(whole.body.count == byteCount)
      #expect(try await simulator.get(target).body == whole.body)
      #expect(try await simulator.get("/_generated/\(byteCount)?seed=8").body != whole.body)
      // The second block is not the first one again.
      #expect(whole.body[0..<65_536] != whole.body[65_536..<131_072])
      var joined: [UInt8] = []
      let tag = try #require(whole.headers["etag"])
      for (first, last) in [(0, 3), (4, 4095), (4096, 4099), (4100, 70_000), (70_001, 300_000)] {
        let part = try await simulator.get(target, ["Range": "bytes=\(first)-\(last)", "If-Range": tag])
        #expect(part.status == 206)
        joined += part.body
      }
      #expect(joined == whole.body)
      #expect(try await simulator.get("/_generated/many").status == 400)
    }
  }
}
