import Fetch
import FoundationEssentials
import Glibc
import Testing

struct PruneTests {
  @Test func theDocumentsThatWereNotUsedForLongestGo() async throws {
    try await FetchWorld.run(recordings: [
      "docs/old.csv": "a,b\n1,2\n", "docs/middle.csv": "a,b\n1,22\n", "docs/new.csv": "a,b\n1,222\n",
    ]) { world in
      let fetcher = try world.fetcher("docs", "cache_ttl_days: 30")
      func fetch(_ name: String) async throws -> FetchedInput {
        try await fetcher.fetch(.get("docs", "/\(name).csv", expect: .text))
      }
      let absent = try await fetcher.fetch(.get("docs", "/absent.csv", expect: .text, optional: true))
      #expect(absent.path == nil)
      for (name, days) in [("old", 3), ("middle", 2), ("new", 1)] {
        try age(try #require(try await fetch(name).path), days: days)
      }
      // Used now: the document that was fetched first is no longer the one to go.
      #expect(try await fetch("old").cacheHit)
      let partial = world.cache + "/partial/left"
      try FetchWorld.write(Data("half".utf8), to: partial)
      try age(partial, days: 2)

      let cache = try RawCache(directory: world.cache)
      let none = try cache.prune(toBytes: 27)
      #expect(none == RawCache.Pruned(keptCount: 3, keptBytes: 27, abandonedCount: 1))
      #expect(access(partial, F_OK) != 0)

      let one = try cache.prune(toBytes: 26)
      #expect(one == RawCache.Pruned(removedCount: 1, removedBytes: 9, keptCount: 2, keptBytes: 18))
      // What was used within the hour stays, though nothing may.
      let rest = try cache.prune(toBytes: 0)
      #expect(rest == RawCache.Pruned(removedCount: 1, removedBytes: 10, keptCount: 1, keptBytes: 8))

      #expect(try await fetch("old").cacheHit)
      let again = try await fetch("middle")
      #expect(!again.cacheHit && again.text == "a,b\n1,22\n")
      #expect(!(try await fetch("new").cacheHit))
      #expect(try await fetcher.fetch(.get("docs", "/absent.csv", expect: .text, optional: true)).cacheHit)
    }
  }

  /// Another worker's confined DuckDB may have been allowed to read it, and not have opened it yet: rules are of files, not of
  /// their names.
  @Test func theSameBytesAgainLeaveTheFileThatIsThere() async throws {
    let rows = "a,b\n1,2\n"
    try await FetchWorld.run(recordings: ["docs/one.csv": rows, "docs/other.csv": rows, "docs/third.csv": rows]) {
      world in
      let fetcher = try world.fetcher("docs", "cache_ttl_days: 30")
      func fetch(_ name: String) async throws -> FetchedInput {
        try await fetcher.fetch(.get("docs", "/\(name).csv", expect: .text))
      }
      let path = try #require(try await fetch("one").path)
      let file = try inode(path)
      try age(path, days: 3)
      let other = try await fetch("other")
      #expect(!other.cacheHit && other.path == path)
      #expect(try inode(path) == file)
      // It was used now.
      #expect(try RawCache(directory: world.cache).prune(toBytes: 0).removedCount == 0)

      // What a disk has changed meanwhile is put right.
      try FetchWorld.write(Data("x,y\n3,4\n".utf8), to: path)
      #expect(try await fetch("third").text == rows)
      #expect(try FileManager.default.contentsOfDirectory(atPath: world.cache + "/partial").isEmpty)
    }
  }

  private func inode(_ path: String) throws -> UInt {
    var status = stat()
    try #require(stat(path, &status) == 0)
    return UInt(status.st_ino)
  }

  /// Makes a file look as if it had been used so many days ago.
  private func age(_ path: String, days: Int) throws {
    let seconds = Int(Date().timeIntervalSince1970) - days * 86_400
    var times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
    try #require(utimensat(AT_FDCWD, path, &times, 0) == 0)
  }
}
