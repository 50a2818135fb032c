internal import Base
internal import FoundationEssentials
internal import Glibc
internal import HTTP
package import S3

/// The raw cache of all hosts, in a bucket: what one of them fetched, the others do not ask for while it is fresh, and a
/// partition can be reproduced on any of them. Laid out as a host's own.
package struct SharedCache: Sendable {
  let client: S3Client
  /// Without slashes at its ends.
  let prefix: String

  package init(_ client: S3Client, prefix: String) {
    self.client = client
    self.prefix = prefix
  }

  private func objectKey(_ sha256: String) -> String { "\(prefix)/objects/\(sha256.prefix(2))/\(sha256)" }
  private func indexKey(_ key: String) -> String { "\(prefix)/index/\(key).json" }

  /// What answered a request last, as it was recorded; nil when no host has asked.
  func index(_ key: String, scratch: String) async throws -> Data? {
    defer { unlink(scratch) }
    guard try await asking({ try await client.get(indexKey(key), to: scratch) }) else { return nil }
    return FileManager.default.contents(atPath: scratch)
  }

  /// Gets a document's bytes into a file; false when they are not there, or are not those.
  func object(_ sha256: String, to file: String) async throws -> Bool {
    guard try await asking({ try await client.get(objectKey(sha256), to: file) }) else { return false }
    do {
      return try await SHA256.hash(ofFile: file).sha256 == sha256
    } catch {
      throw RawCache.Failure(description: "\(file): \(error)")
    }
  }

  /// Keeps an answer: its bytes first, so that no index names what is not there.
  func keep(_ index: Data, key: String, object: (sha256: String, path: String, byteCount: Int64)?, scratch: String)
    async throws
  {
    if let object, try await asking({ try await client.byteCount(objectKey(object.sha256)) }) != object.byteCount {
      try await asking { try await client.put(object.path, at: objectKey(object.sha256)) }
    }
    defer { unlink(scratch) }
    guard FileManager.default.createFile(atPath: scratch, contents: index) else {
      throw RawCache.Failure(description: "\(scratch) cannot be written")
    }
    try await asking { try await client.put(scratch, at: indexKey(key)) }
  }

  func asking<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch let failure as S3Client.Failure {
      throw RawCache.Failure(description: "s3://\(client.bucket)/\(prefix): \(failure)")
    }
  }
}
