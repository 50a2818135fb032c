package import FoundationEssentials
internal import Glibc

extension RawCache {
  /// What a source's documents take.
  package struct Usage: Sendable, Equatable {
    package var documentCount = 0
    package var byteCount: Int64 = 0
    package var firstFetchedAt: Date?
    package var lastFetchedAt: Date?
    /// Made-up recordings among them.
    package var syntheticCount = 0

    mutating func add(_ input: FetchedInput) {
      documentCount += 1
      byteCount += input.byteCount
      firstFetchedAt = min(firstFetchedAt ?? input.fetchedAt, input.fetchedAt)
      lastFetchedAt = max(lastFetchedAt ?? input.fetchedAt, input.fetchedAt)
      syntheticCount += input.isSynthetic ? 1 : 0
    }
  }

  /// What the cache holds, by source. The same bytes that answered two requests count for each; an answer whose bytes were
  /// pruned does not count.
  package func usage() -> [String: Usage] {
    var usage: [String: Usage] = [:]
    guard let folder = opendir(directory + "/index") else { return usage }
    defer { closedir(folder) }
    // One after the other: an index of millions of answers is no list in memory.
    while let item = readdir(folder) {
      let name = withUnsafePointer(to: &item.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: Int(item.pointee.d_reclen)) { String(cString: $0) }
      }
      guard name.hasSuffix(".json"), let input = entry(String(name.dropLast(".json".count))), input.sha256 != nil
      else { continue }
      usage[input.sourceID, default: Usage()].add(input)
    }
    return usage
  }
}
