package import Settings
package import Fetch
internal import FoundationEssentials
internal import HTTP
package import Lake
internal import S3

/// Where the lake is, and what stays on this host. Keys, region and server are read from the variables that AWS's own tools
/// read, so that a host that can use its bucket can use it here.
extension AkerConfiguration {
  /// The lake below AKER_CACHE_PATH.
  /// - Throws: `ConfigurationError`, for S3 without bucket or keys.
  package func lake() throws -> any LakeStore {
    guard let (client, prefix, scratch) = try bucket("data_lake") else {
      return DiskLake(directory: cachePath + "/data_lake")
    }
    return S3Lake(client, prefix: prefix, scratch: scratch)
  }

  /// The folder of this host in which attempts make what they publish.
  var stagingRoot: String {
    let folder = cachePath.hasPrefix(Self.s3Scheme) ? localCachePath + "/s3" : cachePath + "/data_lake"
    return folder + "/" + LakePath.staging
  }

  /// What all hosts share of the raw cache, where AKER_CACHE_PATH is in S3.
  /// - Throws: `ConfigurationError`, for S3 without bucket or keys.
  package func sharedCache() throws -> SharedCache? {
    guard let (client, prefix, scratch) = try bucket("raw") else { return nil }
    try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
    return SharedCache(client, prefix: prefix)
  }

  /// A folder of the bucket that AKER_CACHE_PATH names; nil where it is a path.
  private func bucket(_ folder: String) throws -> (client: S3Client, prefix: String, scratch: String)? {
    guard cachePath.hasPrefix(Self.s3Scheme) else { return nil }
    let parts = cachePath.dropFirst(Self.s3Scheme.count).split(separator: "/")
    guard let bucket = parts.first else { throw ConfigurationError.malformedS3(cachePath) }
    let scratch = localCachePath + "/s3"
    let endpoint = environment["AWS_ENDPOINT_URL_S3"] ?? environment["AWS_ENDPOINT_URL"]
    let client = S3Client(
      bucket: String(bucket), endpoint: endpoint, signature: try s3Signature, scratch: scratch,
      // The operator named the server; it may well be in their own network.
      allowsPrivateAddress: endpoint != nil)
    return (client, (parts.dropFirst() + [Substring(folder)]).joined(separator: "/"), scratch)
  }

  private var s3Signature: S3Signature {
    get throws {
      func required(_ variable: String) throws -> String {
        guard let text = try Self.secret(variable, environment) else { throw ConfigurationError.missingS3Key(variable) }
        return text
      }
      return S3Signature(
        accessKey: try required("AWS_ACCESS_KEY_ID"), secretKey: try required("AWS_SECRET_ACCESS_KEY"),
        region: environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"] ?? "us-east-1",
        sessionToken: try Self.secret("AWS_SESSION_TOKEN", environment))
    }
  }
}
