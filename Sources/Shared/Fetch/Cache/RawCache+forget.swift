internal import FoundationEssentials
internal import Glibc

extension RawCache {
  /// Forgets that documents of a source answer their requests, so that the source is asked again however fresh they are.
  /// The documents themselves stay: what was made of them can still be reproduced.
  ///
  /// - Parameter part: only those whose URL (secrets redacted) holds it; all of the source without it.
  /// - Returns: how many were forgotten.
  /// - Throws: `RawCache.Failure` when an entry cannot be removed.
  package func forget(sourceID: String, urlContaining part: String? = nil) throws -> Int {
    var count = 0
    let folder = directory + "/index"
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where name.hasSuffix(".json") {
      guard let input = entry(String(name.dropLast(".json".count))), input.sourceID == sourceID,
        part.map(input.url.contains) ?? true
      else { continue }
      guard unlink(folder + "/" + name) == 0 || errno == ENOENT else {
        throw Failure(description: "\(folder)/\(name) cannot be removed: \(String(cString: strerror(errno)))")
      }
      count += 1
    }
    return count
  }
}
