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

  /// Makes a file look as if it had been used so many days ago.
  private func age(_ path: String, days: Int) throws {
    let seconds = Int(Date().timeIntervalSince1970) - days * 86_400
    var times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
    try #require(utimensat(AT_FDCWD, path, &times, 0) == 0)
  }
}
