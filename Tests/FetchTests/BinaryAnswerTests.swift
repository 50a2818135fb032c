import Base
import Catalog
import Fetch
import FoundationEssentials
import TestSupport
import Testing

/// What is neither text nor a format that is read is told by its kind, and not by what a reader of text finds in it.
struct BinaryAnswerTests {
  static let kinds: [(name: String, bytes: [UInt8])] = [
    ("bzip2", Array("BZh91AY&SY".utf8)), ("xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, 0x00]),
    ("zstd", [0x28, 0xB5, 0x2F, 0xFD, 0x04]), ("7-Zip", [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]),
    ("PDF", Array("%PDF-1.7\n".utf8)), ("Office", [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]),
    ("zip", [0x50, 0x4B, 0x03, 0x04, 0x14, 0x00]),
  ]

  @Test(arguments: kinds.indices)
  func isRefusedByItsKind(_ index: Int) async throws {
    let kind = Self.kinds[index]
    try await FetchWorld.run { world in
      try world.record(kind.bytes, at: "files/a.csv")
      let error = try await failure {
        try await world.fetcher("files", "retry: {max_tries: 2}").fetch(.get("files", "/a.csv", expect: .text))
      }
      #expect(error.errorClass == .data && error.summary.contains(kind.name), "\(error)")
      #expect(error.advice?.isEmpty == false)
      // It would be the same again.
      #expect(try await world.requestCount("files") == 1)
    }
  }

  @Test func gzipWithinGzipIsNoText() async throws {
    try await FetchWorld.run { world in
      let folder = world.folder + "/gzip"
      try FetchWorld.write(Data("a,b\n1,2\n".utf8), to: folder + "/a")
      let made = try await Program.run("bash", ["-c", "gzip -c \(folder)/a | gzip -c > \(folder)/b"])
      #expect(made.exitCode == 0, "\(made)")
      try world.record(
        Array(try #require(FileManager.default.contents(atPath: folder + "/b"))), at: "files/a.csv.gz")
      let error = try await failure {
        try await world.fetcher("files").fetch(.get("files", "/a.csv.gz", expect: .gzip))
      }
      #expect(error.summary.contains("gzip of gzip"), "\(error)")
    }
  }

  /// What gzip knows besides a name: not every reader takes it, so such a document is unfolded first.
  @Test func aGzipWithACommentIsNotOfThePlainKind() async throws {
    try await FetchWorld.run { world in
      let folder = world.folder + "/gzip"
      try FetchWorld.write(Data("a,b\n1,2\n".utf8), to: folder + "/a")
      #expect(try await Program.run("gzip", ["--no-name", folder + "/a"]).exitCode == 0)
      var bytes = Array(try #require(FileManager.default.contents(atPath: folder + "/a.gz")))
      let plain = bytes
      bytes[3] = 0x10
      bytes.insert(contentsOf: Array("by hand\0".utf8), at: 10)
      try world.record(bytes, at: "files/a.csv.gz")
      try world.record(plain, at: "files/b.csv.gz")
      let fetcher = try world.fetcher("files")
      #expect(try await fetcher.fetch(.get("files", "/a.csv.gz", expect: .gzip)).folding == .oddGzip)
      #expect(try await fetcher.fetch(.get("files", "/b.csv.gz", expect: .gzip)).folding == .gzip)
    }
  }
}
