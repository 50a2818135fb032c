import Base
import Settings
import Fetch
import FoundationEssentials
import Pipeline

/// The raw cache that a command is about: this host's folder, or the bucket that all hosts share.
enum CacheStore {
  case host(RawCache, path: String)
  case bucket(SharedCache, path: String, scratch: String)

  /// - Parameter local: this host's copies also where the documents are in a bucket.
  /// - Throws: `Failure` where it cannot be written.
  static func open(_ configuration: AkerConfiguration, local: Bool) throws -> CacheStore {
    if !local, let shared = try configuration.sharedCache() {
      return .bucket(
        shared, path: configuration.cachePath + "/raw", scratch: configuration.localCachePath + "/s3")
    }
    let path = configuration.localCachePath + "/raw"
    do {
      return .host(try RawCache(directory: path), path: path)
    } catch {
      throw Failure(.cannotWrite, "\(error)", advice: "Make it writable, or set AKER_CACHE_PATH to a folder that is.")
    }
  }

  var path: String {
    switch self {
    case .host(_, let path), .bucket(_, let path, _): path
    }
  }

  func usage() async throws -> [String: RawCache.Usage] {
    try await asking {
      switch self {
      case .host(let cache, _): cache.usage()
      case .bucket(let cache, _, let scratch): try await cache.usage(scratch: scratch)
      }
    }
  }

  func prune(toBytes limit: Int64) async throws -> RawCache.Pruned {
    try await asking {
      switch self {
      case .host(let cache, _): try cache.prune(toBytes: limit)
      case .bucket(let cache, _, let scratch): try await cache.prune(toBytes: limit, scratch: scratch)
      }
    }
  }

  func forget(sourceID: String, urlContaining part: String?) async throws -> Int {
    try await asking {
      switch self {
      case .host(let cache, _): try cache.forget(sourceID: sourceID, urlContaining: part)
      case .bucket(let cache, _, let scratch):
        try await cache.forget(sourceID: sourceID, urlContaining: part, scratch: scratch)
      }
    }
  }

  /// How pruning chooses.
  var whatGoesFirst: String {
    switch self {
    case .host: "those used least recently"
    case .bucket: "those stored longest ago"
    }
  }

  var whatStays: String {
    switch self {
    case .host: "The rest was used within the last hour, and may be in use."
    case .bucket: "The rest was stored within the last hour, and may be in use."
    }
  }

  private func asking<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch let failure as RawCache.Failure {
      switch self {
      case .host: throw Failure(.cannotWrite, failure.description, advice: "Run it as the workers' user.")
      case .bucket:
        throw Failure(
          .transient, failure.description,
          advice: "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the bucket's policy: it lists, reads and deletes."
        )
      }
    }
  }
}
