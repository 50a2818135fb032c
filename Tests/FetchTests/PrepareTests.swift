@testable import Catalog
import Fetch
import FoundationEssentials
import TestSupport
import Testing

/// Documents that nobody downstream can read as they come.
struct PrepareTests {
  private func folder(_ body: (String) async throws -> Void) async throws {
    let folder = "/tmp/aker-prepare-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(folder)
  }

  private func zip(_ members: String, _ path: String) async throws {
    let result = try await Program.run(
      "python3",
      [
        "-c", "import zipfile,sys\nz=zipfile.ZipFile(sys.argv[1],'w',zipfile.ZIP_DEFLATED)\n\(members)\nz.close()",
        path,
      ])
    try #require(result.exitCode == 0, "\(result)")
  }

  @Test func membersAreTakenOutOfAZipByTheirNames() async throws {
    try await folder { folder in
      try await zip("z.writestr('readme.txt','x'); z.writestr('data/CAINC1.csv','a,b')", folder + "/a.zip")
      let names = try ArchiveMember.extract("*.CSV", from: folder + "/a.zip", into: folder + "/out", maximumBytes: 1000)
      #expect(names == ["data/CAINC1.csv"])
      #expect(FileManager.default.contents(atPath: folder + "/out/data/CAINC1.csv") == Data("a,b".utf8))
      #expect(!FileManager.default.fileExists(atPath: folder + "/out/readme.txt"))
      #expect(throws: ArchiveMember.Failure.noMember("*.json", of: ["readme.txt", "data/CAINC1.csv"])) {
        try ArchiveMember.extract("*.json", from: folder + "/a.zip", into: folder + "/b", maximumBytes: 1000)
      }
    }
  }

  @Test(arguments: ["../evil.csv", "/etc/evil.csv", "a/../../evil.csv"])
  func aZipWhoseNamesClimbOutIsRefused(_ name: String) async throws {
    try await folder { folder in
      try await zip("z.writestr('\(name)','x')", folder + "/a.zip")
      #expect(throws: ArchiveMember.Failure.unsafeName(name)) {
        try ArchiveMember.extract("*.csv", from: folder + "/a.zip", into: folder + "/b", maximumBytes: 1000)
      }
    }
  }

  @Test func aZipBombIsStopped() async throws {
    try await folder { folder in
      try await zip("z.writestr('a.csv','0'*50_000_000)", folder + "/a.zip")
      #expect(throws: ArchiveMember.Failure.tooLarge(limit: 16 << 20)) {
        try ArchiveMember.extract("a.csv", from: folder + "/a.zip", into: folder + "/b", maximumBytes: 1 << 40)
      }
    }
  }

  @Test func feedsAreReadWhateverTheirEncodingAndKind() async throws {
    try await folder { folder in
      let rss = """
        <?xml version="1.0" encoding="ISO-8859-1"?>
        <rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>News</title><image><title>Logo</title></image>
        <item><title><![CDATA[ Caf\u{E9} & Co opens ]]></title><link>https://x.example/1</link>
        <pubDate>Mon, 02 Mar 2026 10:00 GMT</pubDate><description>&lt;b&gt;50 jobs&lt;/b&gt;</description><media:title>a.jpg</media:title>
        <media:description>A cup</media:description></item>
        <item><title>Second</title><guid>2</guid></item></channel></rss>
        """
      let latin = rss.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
      try FetchWorld.write(Data(latin), to: folder + "/rss.xml")
      var items: [FeedReader.Item] = []
      try FeedReader.read(folder + "/rss.xml") { items.append($0) }
      #expect(items.map(\.title) == ["Caf\u{E9} & Co opens", "Second"])
      #expect(items[0].link == "https://x.example/1")
      #expect(items[0].published == "Mon, 02 Mar 2026 10:00 GMT")
      #expect(items[0].summary == "<b>50 jobs</b>")
      #expect(items[0].guid == nil)
      #expect(items[0].source == "News")
      let atom = """
        <?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title>A</title>
        <entry><title>E</title><link rel="self" href="https://x/self"/><link href="https://x/e"/><id>i</id>
        <updated>2026-03-02T10:00Z</updated></entry></feed>
        """
      try FetchWorld.write(Data(atom.utf8), to: folder + "/atom.xml")
      items = []
      try FeedReader.read(folder + "/atom.xml") { items.append($0) }
      #expect(items == [.init(title: "E", link: "https://x/e", guid: "i", published: "2026-03-02T10:00Z", source: "A")])
      try FetchWorld.write(Data("<rss><channel><item>".utf8), to: folder + "/cut.xml")
      #expect(throws: FeedReader.Failure.self) { try FeedReader.read(folder + "/cut.xml") { _ in } }
    }
  }

  @Test func whatCameAsGzipOrWithAByteOrderMarkIsPlainBeforeItIsRead() async throws {
    try await folder { folder in
      let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
      let rss = "<?xml version=\"1.0\"?><rss><channel><item><title>One</title></item></channel></rss>"
      let documents: [(name: String, format: InputFormat, content: [UInt8], expected: String)] = [
        ("a.json", .json, mark + Array("[{\"a\": 1}]".utf8), "[{\"a\": 1}]"),
        ("b.json", .jsonDocument, Array("{\"b\": 2}".utf8), "{\"b\": 2}"),
        ("c.rss", .feed, Array(rss.utf8), "{\"title\":\"One\"}\n"),
      ]
      for document in documents {
        let path = folder + "/" + document.name
        try FetchWorld.write(Data(document.content), to: path)
        let zipped = try await Program.run("gzip", ["--keep", "--no-name", path])
        #expect(zipped.exitCode == 0, "\(zipped)")
        for path in [path, path + ".gz"] {
          let request = DatasetRequest(
            name: document.name, sourceID: "s", path: "/", query: [], format: document.format, vintages: [],
            isOptional: false, line: 1)
          var preparation = InputPreparation(folder: path + ".prepared", year: 2020)
          let input = FetchedInput(
            requestName: document.name, sourceID: "s", url: "https://x.example", status: 200, fetchedAt: Date(),
            sha256: nil, byteCount: 0, cacheHit: false, etag: nil, lastModified: nil, contentType: nil,
            isSynthetic: false, path: path)
          let prepared = try await preparation.prepare([input], for: [request])
          let found = FileManager.default.contents(atPath: try #require(prepared[0].path)) ?? Data()
          #expect(String(decoding: found, as: UTF8.self) == document.expected, "\(path)")
        }
      }
    }
  }

  @Test func tablesAreReadAsTheyCameUnlessOnlySomeOfARequestAreCompressed() async throws {
    try await folder { folder in
      let names = ["a.csv", "b.csv"]
      for name in names {
        try FetchWorld.write(Data("x\n\(name)\n".utf8), to: folder + "/" + name)
        let zipped = try await Program.run("gzip", ["--keep", "--no-name", folder + "/" + name])
        #expect(zipped.exitCode == 0, "\(zipped)")
      }
      let request = DatasetRequest(
        name: "rows", sourceID: "s", path: "/", query: [], format: .csv, vintages: [], isOptional: false, line: 1)
      func prepared(_ paths: [String]) async throws -> [String] {
        var preparation = InputPreparation(folder: folder + "/prepared", year: 2020)
        let inputs = paths.map { path in
          var input = FetchedInput(
            requestName: "rows", sourceID: "s", url: "https://x.example", status: 200, fetchedAt: Date(), sha256: nil,
            byteCount: 0, cacheHit: false, path: folder + "/" + path)
          if path.hasSuffix(".gz") { input.folding = .gzip }
          return input
        }
        // Each is looked through, whether anything has to be made of it or not.
        #expect(preparation.isNeeded(for: inputs, of: [request]))
        return try await preparation.prepare(inputs, for: [request]).compactMap(\.path)
      }
      #expect(try await prepared(["a.csv.gz", "b.csv.gz"]) == [folder + "/a.csv.gz", folder + "/b.csv.gz"])
      let mixed = try await prepared(["a.csv.gz", "b.csv"])
      #expect(mixed[1] == folder + "/b.csv")
      #expect(FileManager.default.contents(atPath: mixed[0]) == Data("x\na.csv\n".utf8))
    }
  }
}
