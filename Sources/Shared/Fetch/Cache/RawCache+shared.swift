internal import FoundationEssentials
internal import Glibc

extension RawCache {
  /// The newer of what this host and all hosts know of a request's answer, with its bytes on this host.
  ///
  /// - Throws: `RawCache.Failure` when the bucket cannot be asked.
  func newest(_ key: String, _ own: FetchedInput?) async throws -> FetchedInput? {
    guard let shared, let data = try await shared.index(key, scratch: partialPath()),
      let known = try? Self.decoder().decode(FetchedInput.self, from: data),
      known.fetchedAt > own?.fetchedAt ?? .distantPast
    else { return own }
    // Bytes that are gone, or are not those, are as if nobody had asked.
    if let sha256 = known.sha256, try await restore(sha256) == nil { return own }
    try record(known, key: key)
    return entry(key)
  }

  /// Tells all hosts what was answered.
  func share(_ input: FetchedInput, key: String) async throws {
    guard let shared else { return }
    let object = input.sha256.flatMap { sha256 in input.path.map { (sha256, $0, input.byteCount) } }
    try await shared.keep(try Self.encoded(input), key: key, object: object, scratch: partialPath())
  }

  /// Where a document's bytes are on this host, fetched from the bucket of all hosts when they are there only.
  ///
  /// - Returns: nil when nobody has them.
  package func restore(_ sha256: String) async throws -> String? {
    let path = objectPath(sha256)
    if access(path, R_OK) == 0 { return path }
    guard let shared else { return nil }
    let partial = partialPath()
    defer { unlink(partial) }
    guard try await shared.object(sha256, to: partial) else { return nil }
    return try await keep(partial, sha256)
  }
}
