internal import Base
package import Catalog
internal import FoundationEssentials
internal import Glibc
internal import HTTP
package import Logging
internal import Telemetry

/// Gets documents from sources into the raw cache: politely (within each source's limits), once (a fresh or unchanged one
/// is not transferred again), and sceptically (what came must be what was asked for).
package struct Fetcher: Sendable {
  let registry: SourceRegistry
  let cache: RawCache
  private var limiter: any RateLimiter
  /// A secret by its name in the registry.
  let secret: @Sendable (String) throws -> String?
  let logger: Logger
  private let clientName: String
  let answeredIDs = AnsweredSources()

  /// - Parameters:
  ///   - cacheDirectory: the folder of the raw cache; created when absent.
  ///   - shared: what all hosts share of it, in a bucket.
  ///   - clientName: for the User-Agent, such as `aker/0.1.0`.
  /// - Throws: `FetchError` when the cache cannot be written.
  package init(
    registry: SourceRegistry, cacheDirectory: String, shared: SharedCache? = nil, limiter: any RateLimiter,
    clientName: String = "aker", logger: Logger, secret: @escaping @Sendable (String) throws -> String?
  ) throws {
    self.registry = registry
    do {
      cache = try RawCache(directory: cacheDirectory, shared: shared)
    } catch let failure as RawCache.Failure {
      var error = FetchError(sourceID: "", url: "", reason: .cache(failure.description), errorClass: .transient)
      error.advice = "Make it writable, or set AKER_CACHE_PATH to a folder that is."
      throw error
    }
    self.limiter = limiter
    self.secret = secret
    self.logger = logger
    self.clientName = clientName
  }

  /// The same, which sends no further request once `isOver`; what was sent is received and kept.
  package func ending(when isOver: @escaping @Sendable () -> Bool) -> Fetcher {
    var fetcher = self
    fetcher.limiter = EndingRate(limiter: limiter, isOver: isOver)
    return fetcher
  }

  /// Whether the source may be asked: licensed ones must be enabled first.
  package func isEnabled(_ sourceID: String) -> Bool {
    registry[sourceID]?.isEnabled == true
  }

  /// Fetches one document, or finds it in the cache.
  ///
  /// - Parameter isForced: asks the source even when the cached answer is fresh (it may still answer 304).
  /// - Throws: `FetchError`, or `CancellationError`.
  package func fetch(_ request: FetchRequest, isForced: Bool = false) async throws -> FetchedInput {
    guard let source = registry[request.sourceID] else { throw error(request, .unknownSource, .permanent) }
    guard source.isEnabled else {
      throw error(
        request, .disabledSource, .permanent,
        advice:
          "Set enabled: true for it in catalog/sources_supplement.yml, and its key\(source.authKeyName.map { " AKER_\($0)" } ?? "")."
      )
    }
    let address = try RequestAddress(request, source: source, secret: secret)
    do {
      return try await AttemptWaits.wait(for: "source \(source.id)") {
        try await cache.withSingleFlight(address.key) {
          let startedAt = Date()
          var input = try await fetch(request, address, source, isForced: isForced)
          input.cacheKey = address.key
          // Asked for now, or confirmed now.
          if input.fetchedAt >= startedAt { try await cache.share(input, key: address.key) }
          return input
        }
      }
    } catch let failure as RawCache.Failure {
      throw error(
        request, .cache(address.redaction(failure.description)), .transient,
        advice: FetchError.cacheAdvice)
    }
  }

  private func fetch(
    _ request: FetchRequest, _ address: RequestAddress, _ source: SourceDefinition, isForced: Bool
  ) async throws -> FetchedInput {
    var cached = cache.entry(address.key)
    if !isFresh(cached, source) || isForced { cached = try await cache.newest(address.key, cached) }
    if !isForced, isFresh(cached, source), var cached, !isReplaced(cached, request, source) {
      cache.touch(cached)
      cached.requestName = request.name
      cached.cacheHit = true
      return cached
    }
    if source.endpoint.hasPrefix("file://") { return try await copyFile(request, address, source, cached) }
    var earlier: [String] = []
    for number in 1... {
      AttemptWaits.progress?()
      do {
        return try await transfer(request, address, source, cached)
      } catch var error as FetchError {
        guard number < source.retry.maxTries, let pause = Self.pause(after: number, error) else {
          if !earlier.isEmpty {
            error.causes.append("asked \(number.counted("time")); before: \(Self.counted(earlier))")
          }
          throw error
        }
        earlier.append(error.causes.first ?? error.summary)
        logger.info("retrying a request", metadata: ["url": "\(address.shown)", "reason": "\(error.summary)"])
        try await Task.sleep(for: pause)
      }
    }
    preconditionFailure("the loop ends by returning or throwing")
  }

  private func isFresh(_ cached: FetchedInput?, _ source: SourceDefinition) -> Bool {
    guard let cached, !cached.isSuspect else { return false }
    // What was not published yesterday may be today.
    let days = cached.sha256 == nil ? min(source.cacheTTLDays, 1) : source.cacheTTLDays
    return Date().timeIntervalSince(cached.fetchedAt) < days * 86_400
  }

  /// `HTTP 503 from a (3 times), no answer from a`
  private static func counted(_ texts: [String]) -> String {
    var counts: [(text: String, count: Int)] = []
    for text in texts {
      if counts.last?.text == text { counts[counts.count - 1].count += 1 } else { counts.append((text, 1)) }
    }
    return counts.map { $0.count == 1 ? $0.text : "\($0.text) (\($0.count) times)" }.joined(separator: ", ")
  }

  /// - Returns: nil where another try within the attempt is of no use.
  private static func pause(after number: Int, _ error: FetchError) -> Duration? {
    switch error.errorClass {
    // A longer pause that the source asked for is the queue's.
    case .transient:
      if let asked = error.retryAfter, asked > longestPause {
        nil
      } else {
        max(error.retryAfter ?? .zero, backoff(after: number))
      }
    // Everybody's cool-down is set; a short one is waited for here, where the task has its slot anyway.
    case .rateLimited: error.retryAfter.flatMap { $0 <= longestPause ? $0 : nil }
    default: nil
    }
  }

  /// 5 s: a Retry-After up to this is waited for within the attempt; a longer one is the queue's.
  private static let longestPause = Duration.seconds(5)

  /// Full jitter under a ceiling that doubles: 0.5 s, 1 s, 2 s, ... 8 s at most. Longer waits are the queue's, where they
  /// hold no slot.
  private static func backoff(after number: Int) -> Duration {
    .seconds(Double.random(in: 0...min(8, 0.5 * Double(1 << min(number - 1, 4)))))
  }

  private func transfer(
    _ request: FetchRequest, _ address: RequestAddress, _ source: SourceDefinition, _ cached: FetchedInput?
  ) async throws -> FetchedInput {
    let partial = cache.partialPath()
    defer { unlink(partial) }
    var transfer = try httpTransfer(request, address, source, partial)
    if let cached { transfer.headers += validators(cached) }
    if cached?.isSuspect == true { transfer.headers.append("Cache-Control: no-cache") }
    let response: HTTPTransfer.Response
    do {
      response = try await transfer.perform { try await limiter.acquire(source.id) }
    } catch let failure as HTTPTransfer.Failure {
      throw translated(failure, request, address, transfer.limits)
    }
    answeredIDs.add(source.id)
    if let pause = ServerPause.usedUp(response.headers) {
      try await limiter.coolDown(source.id, for: pause, reason: "no requests left until the source's reset")
    }
    var input = FetchedInput(
      requestName: request.name, sourceID: source.id, url: address.shown, status: response.status, fetchedAt: Date(),
      sha256: response.sha256, byteCount: response.byteCount, cacheHit: false, etag: response.headers["etag"],
      lastModified: response.headers["last-modified"], contentType: response.headers["content-type"],
      isSynthetic: response.headers["x-simulator-synthetic"] == "true", path: nil)

    if response.status == 304, var cached, !validators(cached).isEmpty {
      cached.fetchedAt = input.fetchedAt
      cached.requestName = request.name
      cached.suspicion = nil
      try cache.record(cached, key: address.key)
      cache.touch(cached)
      cached.cacheHit = true
      return cached
    }
    if request.isOptional, response.status == 204 || (response.status == 404 && response.redirectCount == 0) {
      input.sha256 = nil
      input.byteCount = 0
      return try await cache.store(input, partial: nil, key: address.key)
    }
    let judge = AnswerJudge(request: request, source: source, address: address)
    if var verdict = judge.verdict(response) {
      if verdict.errorClass == .rateLimited {
        let pause = verdict.retryAfter ?? Self.standardCoolDown
        verdict.retryAfter = pause
        try await limiter.coolDown(source.id, for: pause, reason: "\(response.status) from \(address.shown)")
      }
      throw verdict
    }
    input.folding = try await integrity(partial, request, address).folding
    return try await cache.store(input, partial: partial, key: address.key)
  }

  /// - Throws: `FetchError` for a document that is not as whole as its format can tell: it is not kept.
  func integrity(_ file: String, _ request: FetchRequest, _ address: RequestAddress) async throws -> DocumentIntegrity {
    var error = FetchError(
      sourceID: request.sourceID, url: address.shown, reason: .damaged(""), errorClass: .transient)
    do {
      return try await BlockingWork.run { try DocumentIntegrity(of: file, $0) }
    } catch let damage as DocumentIntegrity.Damage {
      error.reason = .damaged(damage.why)
      error.advice = "It is asked for again; if it stays so, the source's own file is damaged."
    } catch let failure as ArchiveMember.Failure {
      if let lost = FetchError(lost: file, of: request.sourceID, address.shown) { throw lost }
      (error.reason, error.errorClass) = (.unreadable(failure.summary), .data)
    } catch UnfoldedFile.Failure.cannotRead(let why) {
      (error.reason, error.advice) = (.cache(why), FetchError.cacheAdvice)
    }
    throw error
  }

  /// What asks whether a document has changed; empty where it was never named. A suspect one must come anew, unless its own
  /// checksums say that it is as the source has it: a 304 would confirm half a document, too.
  private func validators(_ cached: FetchedInput) -> [String] {
    guard cached.sha256 != nil, !cached.isSuspect || cached.folding != nil else { return [] }
    return (cached.etag.map { ["If-None-Match: \($0)"] } ?? [])
      + (cached.lastModified.map { ["If-Modified-Since: \($0)"] } ?? [])
  }

  private func httpTransfer(
    _ request: FetchRequest, _ address: RequestAddress, _ source: SourceDefinition, _ file: String
  ) throws -> HTTPTransfer {
    if source.endpoint.hasPrefix("s3://") { return try s3Transfer(request, address, source, file) }
    var transfer = HTTPTransfer(url: address.url, file: file)
    transfer.method = request.method.rawValue
    transfer.body = address.body
    transfer.multipart = request.multipart
    transfer.headers = address.headers
    transfer.userAgent = userAgent(source)
    transfer.secretHeaders = address.secretHeaders
    transfer.credentials = address.credentials
    transfer.limits = limits(source)
    transfer.allowsPrivateAddress = source.allowsPrivateAddress
    return transfer
  }

  func limits(_ source: SourceDefinition) -> HTTPTransfer.Limits {
    var limits = HTTPTransfer.Limits()
    if let megabytes = source.limits.maximumMegabytes { limits.maximumBytes = Int64(megabytes) << 20 }
    if let seconds = source.limits.connectSeconds { limits.connectTimeout = .seconds(seconds) }
    if let seconds = source.limits.stallSeconds { limits.stallTimeout = .seconds(seconds) }
    if let seconds = source.limits.totalSeconds { limits.totalTimeout = .seconds(seconds) }
    return limits
  }

  /// 60 s: for a 429 that does not say how long.
  private static let standardCoolDown = Duration.seconds(60)

  func userAgent(_ source: SourceDefinition) -> String {
    source.userAgent ?? clientName + (source.contact.map { " (\($0))" } ?? "")
  }

  func error(
    _ request: FetchRequest, _ reason: FetchError.Reason, _ errorClass: ErrorClass, advice: String? = nil
  ) -> FetchError {
    FetchError(
      sourceID: request.sourceID, url: request.path, reason: reason, errorClass: errorClass, retryAfter: nil,
      advice: advice)
  }

  func translated(
    _ failure: HTTPTransfer.Failure, _ request: FetchRequest, _ address: RequestAddress, _ limits: HTTPTransfer.Limits
  ) -> any Error {
    var error = FetchError(
      sourceID: request.sourceID, url: address.shown, reason: .transfer(""), errorClass: .transient)
    let host = URLHost.of(address.shown)
    switch failure {
    case .truncated(let why): error.causes = ["the answer of \(host) was not whole", why]
    case .transfer(let why): error.causes = ["no answer from \(host)", why]
    default: break
    }
    switch failure {
    case .cancelled: return CancellationError()
    case .tooLarge: (error.reason, error.errorClass) = (.tooLarge(limit: limits.maximumBytes), .permanent)
    case .cannotWrite(let why): (error.reason, error.advice) = (.cache(why), FetchError.cacheAdvice)
    case .truncated(let why): error.reason = .truncated(why)
    case .transfer(let why): error.reason = .transfer(why)
    case .unsafe(let why): (error.reason, error.errorClass) = (.unsafeURL(why), .permanent)
    }
    return error
  }
}
