internal import Base
internal import Catalog
internal import FoundationEssentials
internal import HTTP
internal import S3

extension Fetcher {
  /// Whether another file is in its place by now, which a folder of this host tells for nothing. One that is gone was picked
  /// up, and what is cached stands.
  func isReplaced(_ cached: FetchedInput, _ request: FetchRequest, _ source: SourceDefinition) -> Bool {
    guard source.endpoint.hasPrefix("file://") else { return false }
    let file = LocalFileCopy(root: String(source.endpoint.dropFirst("file://".count)), path: request.path)
    guard let version = try? file.version() else { return false }
    return version != cached.etag
  }

  /// From a folder of this host.
  func copyFile(
    _ request: FetchRequest, _ address: RequestAddress, _ source: SourceDefinition, _ cached: FetchedInput?
  ) async throws -> FetchedInput {
    let file = LocalFileCopy(root: String(source.endpoint.dropFirst("file://".count)), path: request.path)
    do {
      let version = try file.version()
      if var cached, cached.sha256 != nil, cached.etag == version, !cached.isSuspect {
        cached.fetchedAt = Date()
        cached.requestName = request.name
        try cache.record(cached, key: address.key)
        cached.cacheHit = true
        return cached
      }
      let partial = cache.partialPath()
      defer { try? FileManager.default.removeItem(atPath: partial) }
      let copy = try file.copy(to: partial, maximumBytes: limits(source).maximumBytes)
      let response = HTTPTransfer.Response(
        status: 200, headers: [:], effectiveURL: address.shown, byteCount: copy.byteCount, sha256: copy.sha256,
        beginning: copy.beginning)
      // A page where data was due stays there until the vendor drops another file.
      if var verdict = AnswerJudge(request: request, source: source, address: address).verdict(response) {
        if verdict.errorClass == .transient { verdict.errorClass = .permanent }
        throw verdict
      }
      var input = FetchedInput(
        requestName: request.name, sourceID: source.id, url: address.shown, status: 200, fetchedAt: Date(),
        sha256: copy.sha256, byteCount: copy.byteCount, cacheHit: false, etag: copy.version, lastModified: nil,
        contentType: nil, isSynthetic: false, path: nil)
      do {
        input.folding = try await integrity(partial, request, address).folding
      } catch var error as FetchError {
        if case .damaged = error.reason { (error.errorClass, error.advice) = (.permanent, "Have it delivered again.") }
        throw error
      }
      return try await cache.store(input, partial: partial, key: address.key)
    } catch let failure as LocalFileCopy.Failure {
      switch failure {
      case .absent where request.isOptional:
        let input = FetchedInput(
          requestName: request.name, sourceID: source.id, url: address.shown, status: 404, fetchedAt: Date(),
          sha256: nil,
          byteCount: 0, cacheHit: false, etag: nil, lastModified: nil, contentType: nil, isSynthetic: false, path: nil)
        return try await cache.store(input, partial: nil, key: address.key)
      case .absent: throw error(request, .status(404), .permanent, advice: "Has the vendor delivered it?")
      case .outside: throw error(request, .unsafeURL("it leads out of the source's folder"), .permanent)
      case .tooLarge: throw error(request, .tooLarge(limit: limits(source).maximumBytes), .permanent)
      case .cannotRead(let why): throw error(request, .transfer(why), .transient)
      case .cannotWrite(let why): throw error(request, .cache(why), .transient, advice: FetchError.cacheAdvice)
      }
    }
  }

  /// From a bucket: signed when the source has a key, else as a public one.
  func s3Transfer(
    _ request: FetchRequest, _ address: RequestAddress, _ source: SourceDefinition, _ file: String
  ) throws -> HTTPTransfer {
    let place = source.endpoint.dropFirst("s3://".count).split(separator: "/", maxSplits: 1)
    guard let bucket = place.first else { throw error(request, .unsafeURL("s3:// needs a bucket"), .permanent) }
    let prefix = place.count > 1 ? "\(place[1])/" : ""
    let key = prefix + request.path.drop { $0 == "/" }
    var signature: S3Signature?
    if let name = source.authKeyName {
      let halves = try secret(name)?.split(separator: ":", maxSplits: 1).map(String.init) ?? []
      guard halves.count == 2 else {
        throw error(
          request, .missingSecret(name), .permanent,
          advice: "Set AKER_\(name) to the access key, a colon, the secret key.")
      }
      signature = S3Signature(accessKey: halves[0], secretKey: halves[1], region: source.s3.region)
    }
    let client = S3Client(
      bucket: String(bucket), endpoint: source.s3.server,
      addressing: source.s3.addressing.map { $0 == .path ? .path : .virtualHost },
      signature: signature ?? S3Signature(accessKey: "", secretKey: "", region: source.s3.region),
      scratch: cache.directory + "/partial", allowsPrivateAddress: source.allowsPrivateAddress)
    var transfer = client.download(String(key), to: file)
    transfer.signature = signature
    transfer.limits = limits(source)
    transfer.userAgent = userAgent(source)
    return transfer
  }
}
