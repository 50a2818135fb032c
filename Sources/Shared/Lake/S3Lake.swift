internal import Base
internal import FoundationEssentials
internal import HTTP
package import S3

/// The lake as objects of a bucket.
///
/// There is no rename in S3. What an attempt staged is in the bucket before its transaction commits, under a key that only
/// the manifest knows and readers skip; afterwards it is copied to the partition's own key, where S3 shows it at once, be it
/// copied in parts: a reader gets the object before or the one after, and never a part.
package struct S3Lake: LakeStore {
  package let location: String
  package var isShared: Bool { true }
  private let client: S3Client
  /// Before each key; empty, or ending in `/`.
  private let prefix: String
  /// The folder on this host where attempts write before they upload.
  private let local: DiskLake

  /// - Parameters:
  ///   - prefix: the lake's place in the bucket, without slashes at its ends.
  ///   - scratch: a folder of this host; created when first written to.
  package init(_ client: S3Client, prefix: String, scratch: String) {
    self.client = client
    self.prefix = prefix.isEmpty ? "" : prefix + "/"
    location = "s3://\(client.bucket)" + (prefix.isEmpty ? "" : "/" + prefix)
    local = DiskLake(directory: scratch)
  }

  package func identity() async throws -> String? {
    let scratch = local.location + "/.identity-\(UUID().uuidString)"
    defer { try? DiskLake.removeTree(scratch) }
    guard let file = try await localFile(LakeIdentity.fileName, scratch: scratch) else { return nil }
    return LakeIdentity.id(in: FileManager.default.contents(atPath: file) ?? Data())
  }

  package func setIdentity(_ id: String) async throws {
    let file = local.location + "/.identity-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: file) }
    let key = prefix + LakeIdentity.fileName
    try await asking("write", key) {
      try Data((id + "\n").utf8).write(to: URL(filePath: file))
      try await client.put(file, at: key)
    }
  }

  package func prepareStaging(_ staging: String) async throws -> String {
    let left = try await keys(below: staging)
    for key in left { try await asking("remove", key) { try await client.remove(key) } }
    return try await local.prepareStaging(staging)
  }

  package func stage(_ staging: String) async throws {
    let folder = local.location + "/" + staging
    for name in try DiskLake.entries(folder).sorted() where LakePath.isPublished(name) {
      let key = prefix + staging + "/" + name
      try await asking("write", key) { try await client.put(folder + "/" + name, at: key) }
    }
  }

  package func place(_ staging: String, at path: String) async throws -> Bool {
    let staged = prefix + staging + "/"
    let objects = try await objects(below: staging)
    let fileName = path.split(separator: "/").last.map(String.init) ?? path
    guard let file = objects.first(where: { $0.key == staged + fileName }) else { return false }
    let reports = prefix + LakePath.reports(beside: path) + "/"
    do {
      for object in objects where object.key.hasPrefix(staged + "validation.") {
        let target = reports + object.key.dropFirst(staged.count)
        try await asking("write", target) { try await client.copy(object, to: target) }
      }
      try await asking("write", prefix + path) { try await client.copy(file, to: prefix + path) }
    } catch LakeError.s3(_, _, .refused(404, let code, _)) where code != "NoSuchBucket" {
      // Somebody else (its own worker, or a repair) has placed it meanwhile, and removed what was staged.
      return false
    }
    try await removeStaging(staging)
    return true
  }

  package func byteCount(_ path: String) async throws -> Int? {
    try await asking("look at", prefix + path) { try await client.byteCount(prefix + path).map(Int.init) }
  }

  package func sha256(_ path: String) async throws -> String? {
    let scratch = local.location + "/.verify-\(UUID().uuidString)"
    do {
      let file = try await localFile(path, scratch: scratch)
      let hash = if let file { try await SHA256.hash(ofFile: file).sha256 } else { String?.none }
      try DiskLake.removeTree(scratch)
      return hash
    } catch {
      try? DiskLake.removeTree(scratch)
      throw error
    }
  }

  package func localFile(_ path: String, scratch: String) async throws -> String? {
    // Below its own path, in which readers find as_of and data_year.
    let file = scratch + "/" + path
    try DiskLake.makeFolders(LakePath.folder(of: file))
    return try await asking("read", prefix + path) { try await client.get(prefix + path, to: file) } ? file : nil
  }

  package func stagingNames() async throws -> [String] {
    let staging = prefix + LakePath.staging + "/"
    let inBucket = try await keys(below: LakePath.staging).compactMap {
      $0.dropFirst(staging.count).split(separator: "/").first.map(String.init)
    }
    return Set(inBucket).union(try await local.stagingNames()).sorted()
  }

  package func removeStaging(_ staging: String) async throws {
    for key in try await keys(below: staging) { try await asking("remove", key) { try await client.remove(key) } }
    try await local.removeStaging(staging)
  }

  package func files() async throws -> [String] {
    try await asking("list", prefix) { try await client.list(prefix) }.map { String($0.key.dropFirst(prefix.count)) }
      .filter { path in
        path.hasSuffix(".parquet") && !path.split(separator: "/").contains { $0.hasPrefix(".") || $0.hasPrefix("_") }
      }
  }

  package func remove(_ path: String) async throws {
    for key in [prefix + path] + (try await keys(below: LakePath.reports(beside: path))) {
      try await asking("remove", key) { try await client.remove(key) }
    }
  }

  package func unfinishedUploads() async throws -> [UnfinishedUpload] {
    try await asking("list uploads below", prefix) { try await client.uploads(prefix) }.map {
      UnfinishedUpload(path: String($0.key.dropFirst(prefix.count)), id: $0.id)
    }
  }

  package func abort(_ upload: UnfinishedUpload) async throws {
    let key = prefix + upload.path
    try await asking("abort the upload of", key) { try await client.abort(.init(key: key, id: upload.id)) }
  }

  private func keys(below folder: String) async throws -> [String] { try await objects(below: folder).map(\.key) }

  private func objects(below folder: String) async throws -> [S3Client.Object] {
    let start = prefix + folder + "/"
    return try await asking("list", start) { try await client.list(start) }
  }

  private func asking<Value>(_ action: String, _ key: String, _ body: () async throws -> Value) async throws -> Value {
    do {
      // Where the client puts its answers.
      try DiskLake.makeFolders(local.location)
      return try await body()
    } catch let failure as S3Client.Failure {
      throw LakeError.s3(action: action, object: "s3://\(client.bucket)/\(key)", failure)
    }
  }
}
