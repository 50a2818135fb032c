@testable import Catalog
import Fetch
import FoundationEssentials
import Base
import TestSupport
import Testing

/// Compressed documents are read to their end before they are kept.
struct FoldedTests {
  private static let text = (0..<2000).map { "\($0),a\n" }.joined()

  private func gzip(_ text: String) async throws -> [UInt8] {
    let file = "/tmp/aker-folded-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: file + ".gz") }
    try FetchWorld.write(Data(text.utf8), to: file)
    let run = try await Program.run("gzip", ["--no-name", file])
    #expect(run.exitCode == 0, "\(run)")
    return Array(try #require(FileManager.default.contents(atPath: file + ".gz")))
  }

  /// - Returns: what a build would read of these bytes.
  private func read(_ bytes: [UInt8]) async throws -> String {
    var text = ""
    try await FetchWorld.run { world in
      try world.record(bytes, at: "files/a.csv.gz")
      let fetcher = try world.fetcher("files", "retry: {max_tries: 2}")
      let input = try await fetcher.fetch(.get("files", "/a.csv.gz", expect: .gzip))
      let request = DatasetRequest(
        name: "test", sourceID: "files", path: "/a.csv.gz", query: [], format: .csv, vintages: [], isOptional: false,
        line: 1)
      var preparation = InputPreparation(folder: world.folder + "/prepared", year: 2021)
      text = try await preparation.prepare([input], for: [request])[0].text
    }
    return text
  }

  @Test func severalMembersAndPaddingAreRead() async throws {
    let (first, second) = (try await gzip("a,b\n"), try await gzip("1,2\n"))
    #expect(try await read(first + second) == "a,b\n1,2\n")
    #expect(try await read(first + [UInt8](repeating: 0, count: 512)) == "a,b\n")
    #expect(try await read(first + [0]) == "a,b\n")
    #expect(try await read(first + [0, 0, 0] + second + [0]) == "a,b\n1,2\n")
  }

  @Test func aBombIsRefusedForGoodAndWhatIsMerelyDenseIsRead() async throws {
    // 64 MiB of one letter fold a thousand times; 8 MiB are harmless however they fold.
    let bomb = try await gzip(String(repeating: "a", count: 64 << 20))
    do {
      _ = try await read(bomb)
      #expect(Bool(false), "it was unfolded")
    } catch let error as FetchError {
      #expect(error.errorClass == .data && error.summary.contains("larger than"), "\(error)")
    }
    // Of one member, it is left as it is for DuckDB, which unfolds it.
    let dense = try await gzip(String(repeating: "a", count: 8 << 20))
    #expect(try await !read(dense).isEmpty)
  }

  private enum Damage: CaseIterable {
    case crc, length, cut, cutAtMember, middle, appendedText, appendedAfterPadding, secondMemberCut, appendedMark
  }

  @Test(arguments: Damage.allCases)
  private func damageIsToldAndNothingIsKept(_ damage: Damage) async throws {
    var bytes = try await gzip(Self.text)
    let whole = bytes
    switch damage {
    case .crc: bytes[bytes.count - 6] ^= 1
    case .length: bytes[bytes.count - 2] ^= 1
    case .cut: bytes.removeLast(40)
    case .cutAtMember: bytes.removeLast(8)
    case .middle: bytes[bytes.count / 2] ^= 0x55
    case .appendedText: bytes += Array("Downloaded on Monday".utf8)
    case .appendedAfterPadding: bytes += [0, 0, 0] + Array("Downloaded on Monday".utf8)
    case .secondMemberCut: bytes += whole.dropLast(9)
    case .appendedMark: bytes += [0x1F, 0x8B, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    }
    try await FetchWorld.run { world in
      try world.record(bytes, at: "files/a.csv.gz")
      let error = try await failure {
        try await world.fetcher("files", "retry: {max_tries: 2}").fetch(.get("files", "/a.csv.gz", expect: .gzip))
      }
      guard case .damaged(let why) = error.reason else {
        Issue.record("\(error)")
        return
      }
      #expect(error.errorClass == .transient)
      if "\(damage)".hasPrefix("appendedT") || damage == .appendedAfterPadding {
        #expect(why.contains("'Downloaded on"))
      }
      // Asked again within the attempt, and not kept.
      #expect(try await world.requestCount("files") == 2)
      let kept = try FileManager.default.subpathsOfDirectory(atPath: world.cache + "/objects").filter { $0.count > 60 }
      #expect(kept.isEmpty)
    }
  }

  private static let archiver = """
    import sys, warnings, zipfile
    warnings.simplefilter('ignore')
    path, kind = sys.argv[1:3]
    method = zipfile.ZIP_STORED if kind == 'stored' else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, 'w', method) as z:
        z.writestr('README.txt', 'nothing of interest ' * 100)
        z.writestr('a.csv', 'a,b\\n' + '1,2\\n' * 1000)
        if kind == 'twice': z.writestr('a.csv', 'a,b\\n3,4\\n')
        if kind == 'dotted': z.writestr('./a.csv', 'a,b\\n3,4\\n')
    data = bytearray(open(path, 'rb').read())
    if kind == 'stored': data[data.index(b'1,2\\n1,2')] = ord('7')
    if kind == 'other': data[data.index(b'README.txt') + 14] ^= 0x55
    if kind == 'cut': del data[-30:]
    open(path, 'wb').write(data)
    """

  private func archive(_ kind: String, _ world: FetchWorld) async throws {
    let path = world.folder + "/recordings/files/a.zip"
    try FetchWorld.write(Data(Self.archiver.utf8), to: world.folder + "/archiver.py")
    try FetchWorld.write(Data(), to: path)
    let run = try await Program.run("python3", [world.folder + "/archiver.py", path, kind])
    #expect(run.exitCode == 0, "\(run)")
  }

  @Test(arguments: ["stored", "other", "cut"])
  func everyMemberOfAZipIsHeldToItsChecksum(_ kind: String) async throws {
    try await FetchWorld.run { world in
      try await archive(kind, world)
      let error = try await failure {
        try await world.fetcher("files", "retry: {max_tries: 1}").fetch(.get("files", "/a.zip", expect: .zip))
      }
      guard case .damaged = error.reason else {
        Issue.record("\(error)")
        return
      }
      #expect(error.errorClass == .transient)
    }
  }

  @Test(arguments: ["twice", "dotted"])
  func aNameThatIsThereTwiceIsRefused(_ kind: String) async throws {
    try await FetchWorld.run { world in
      try await archive(kind, world)
      let input = try await world.fetcher("files").fetch(.get("files", "/a.zip", expect: .zip))
      var request = DatasetRequest(
        name: "test", sourceID: "files", path: "/a.zip", query: [], format: .csv, vintages: [], isOptional: false,
        line: 1)
      request.input.member = "*.csv"
      let asked = request
      let error = try await failure {
        var preparation = InputPreparation(folder: world.folder + "/prepared", year: 2021)
        return try await preparation.prepare([input], for: [asked])
      }
      #expect(error.errorClass == .data && error.summary.contains("a.csv' twice"), "\(error)")
    }
  }

  @Test func aSuspectDocumentIsAskedForAnewOnce() async throws {
    try await FetchWorld.run(recordings: ["files/a.csv": "a,b\n1,2\n"]) { world in
      let fetcher = try world.fetcher("files")
      let request = FetchRequest.get("files", "/a.csv", expect: .text)
      let bad = try await fetcher.fetch(request)
      #expect(try await fetcher.fetch(request).cacheHit)
      await fetcher.suspect([bad])
      // The same bytes, which a 304 would have confirmed: they came anew.
      let again = try await fetcher.fetch(request)
      #expect(!again.cacheHit && again.status == 200 && again.sha256 == bad.sha256)
      #expect(try await fetcher.fetch(request).cacheHit)
      // A suspicion of an answer that is no longer there is void.
      await fetcher.suspect([bad])
      #expect(try await fetcher.fetch(request).cacheHit)
      #expect(try await world.requestCount("files") == 2)
    }
  }

  @Test func aSuspectArchiveIsOnlyAskedAboutSinceItsChecksumsHold() async throws {
    try await FetchWorld.run { world in
      try world.record(try await gzip(Self.text), at: "files/a.csv.gz")
      let fetcher = try world.fetcher("files")
      let request = FetchRequest.get("files", "/a.csv.gz", expect: .gzip)
      await fetcher.suspect([try await fetcher.fetch(request)])
      #expect(try await fetcher.fetch(request).cacheHit)
      #expect(try await world.log().contains("\"status\":304"))
      #expect(try await fetcher.fetch(request).cacheHit)
      #expect(try await world.requestCount("files") == 2)
    }
  }
}
