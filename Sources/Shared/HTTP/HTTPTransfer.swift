internal import Dispatch
internal import Glibc
internal import Synchronization
internal import Telemetry

/// One document over libcurl, streamed into a file while it is hashed.
///
/// A transfer that breaks off goes on where it stopped (`Range` with `If-Range`) when the server named what it was sending;
/// each part is held to the version and the length of what came before, so that a document is whole and of one version.
/// Redirects are followed here rather than by libcurl, so that each one is judged and no secret follows to another host.
/// libcurl blocks on a dispatch queue, off the cooperative pool; cancelling the Swift task aborts within a second (libcurl
/// calls the progress function at least that often).
package struct HTTPTransfer: Sendable {
  package var method = "GET"
  package var url: String
  /// `Name: value`.
  package var headers: [String] = []
  /// Not among the headers, since those are signed for S3, and proxies change this one.
  package var userAgent: String?
  /// Headers that go to the first host only, never along with a redirect to another one: keys.
  package var secretHeaders: [String] = []
  /// `user:password`, for basic authentication; to the first host only.
  package var credentials: String?
  package var body: [UInt8] = []
  package var multipart: [MultipartField] = []
  /// A piece of a file to send with PUT.
  package var upload: Upload?
  /// Signs the request for S3.
  package var signature: S3Signature?
  /// Where the answer goes; created or truncated.
  package var file: String
  package var limits = Limits()
  /// Whether private addresses may be connected to.
  package var allowsPrivateAddress = false

  package struct MultipartField: Sendable, Equatable {
    package var name: String
    /// Makes it a file upload.
    package var fileName: String?
    package var bytes: [UInt8]

    package init(name: String, fileName: String? = nil, bytes: [UInt8]) {
      self.name = name
      self.fileName = fileName
      self.bytes = bytes
    }
  }

  package struct Upload: Sendable {
    package var path: String
    package var offset: Int64
    package var byteCount: Int64

    package init(path: String, offset: Int64, byteCount: Int64) {
      self.path = path
      self.offset = offset
      self.byteCount = byteCount
    }
  }

  package struct Limits: Sendable, Equatable {
    /// 16 GiB: larger than any file of the sources here; a catalog that points at something endless stops there.
    package var maximumBytes: Int64 = 16 << 30
    package var connectTimeout: Duration = .seconds(20)
    /// Below a byte a second for so long, the transfer has stalled.
    package var stallTimeout: Duration = .seconds(60)
    /// Of one exchange.
    package var totalTimeout: Duration = .seconds(3600)
    package var maximumRedirects = 5
    /// Exchanges that may break off before the transfer is given up; in a row without a new byte, only 3.
    package var maximumResumes = 20

    package init() {}
  }

  package struct Response: Sendable {
    /// 200, too, where parts that were asked for completed the document; a 206 is a part that nobody asked for.
    package var status: Int
    /// Lower-case names; of the last answer, after redirects.
    package var headers: [String: String]
    package var effectiveURL: String
    package var byteCount: Int64
    package var sha256: String
    package var redirectCount: Int
    /// Times that a broken transfer went on where it had stopped.
    package var resumeCount: Int
    /// The first bytes of the body, for sniffing.
    package var beginning: [UInt8]
    package var lastByte: UInt8?
    /// Whether something beside the end of the connection said where the body ends.
    package var hasStatedEnd = true

    package init(
      status: Int, headers: [String: String], effectiveURL: String, byteCount: Int64, sha256: String,
      redirectCount: Int = 0, resumeCount: Int = 0, beginning: [UInt8]
    ) {
      self.status = status
      self.headers = headers
      self.effectiveURL = effectiveURL
      self.byteCount = byteCount
      self.sha256 = sha256
      self.redirectCount = redirectCount
      self.resumeCount = resumeCount
      self.beginning = beginning
    }
  }

  package enum Failure: Error, Equatable {
    case cancelled
    case tooLarge
    case cannotWrite(String)
    case truncated(String)
    case transfer(String)
    case unsafe(String)
  }

  package init(url: String, file: String) {
    self.url = url
    self.file = file
  }

  /// JSON for an endpoint that the operator named, which may be on a private address; it is not followed elsewhere.
  package init(posting json: String, to url: String, answerIn file: String, within timeout: Duration) {
    self.init(url: url, file: file)
    method = "POST"
    headers = ["Content-Type: application/json"]
    body = Array(json.utf8)
    allowsPrivateAddress = true
    limits.connectTimeout = timeout
    limits.totalTimeout = timeout
    limits.maximumRedirects = 0
  }

  /// Bytes kept for sniffing: an error page's title, a JSON error.
  package static let beginningByteCount = 64 * 1024
  private static let queue = DispatchQueue(label: "http", attributes: .concurrent)
  /// 3: a server that breaks off three times without a new byte is down.
  private static let maximumFruitlessResumes = 3

  /// - Parameter permit: awaited before each exchange: redirects and resumes ask the server too.
  /// - Throws: `Failure`, or what `permit` throws.
  package func perform(permit: @Sendable () async throws -> Void = {}) async throws -> Response {
    let sink = try TransferSink(
      file: file, maximumBytes: limits.maximumBytes, observer: WorkProgress.observer, progress: AttemptWaits.progress)
    var exchange = Exchange(self)
    var redirectCount = 0
    var resumeCount = 0
    var fruitlessCount = 0
    var restartCount = 0
    while true {
      try await permit()
      let before = sink.byteCount
      let outcome = try await run(exchange, sink)
      switch outcome {
      case .answered(let status, let effectiveURL, let location):
        if let location, Self.redirects.contains(status) {
          redirectCount += 1
          guard redirectCount <= limits.maximumRedirects else { throw Failure.unsafe("too many redirects") }
          exchange = try exchange.redirected(to: location, status: status)
          continue
        }
        // The range is no longer there, or is not what it was: from the beginning.
        if exchange.offset > 0, status == 416 || status == 412 {
          sink.restart()
          exchange = exchange.resumed(at: 0, validator: nil)
          continue
        }
        if exchange.offset > 0, status >= 500, fruitlessCount < Self.maximumFruitlessResumes {
          fruitlessCount += 1
          try await Self.pause(fruitlessCount)
          continue
        }
        let (byteCount, sha256) = try sink.finish()
        var response = Response(
          status: sink.isAssembled ? 200 : status, headers: sink.headers, effectiveURL: effectiveURL,
          byteCount: byteCount, sha256: sha256,
          redirectCount: redirectCount, resumeCount: resumeCount, beginning: sink.beginning)
        (response.lastByte, response.hasStatedEnd) = (sink.lastByte, sink.hasStatedEnd)
        return response
      case .otherVersion(let why):
        // What came is of a version that is no longer there: from the beginning, and whole.
        restartCount += 1
        guard restartCount < Self.maximumFruitlessResumes else {
          throw Failure.truncated("it broke off, and what came next was not its rest: \(why)")
        }
        sink.restart()
        exchange = exchange.first.resumed(at: 0, validator: nil)
      case .broken(let failure):
        fruitlessCount = sink.byteCount > before ? 0 : fruitlessCount + 1
        guard method == "GET", sink.byteCount > 0, let validator = sink.validator, resumeCount < limits.maximumResumes,
          fruitlessCount < Self.maximumFruitlessResumes
        else { throw failure }
        resumeCount += 1
        try await Self.pause(fruitlessCount)
        exchange = exchange.first.resumed(at: sink.byteCount, validator: validator)
      }
    }
  }

  private static let redirects: Set<Int> = [301, 302, 303, 307, 308]

  /// 50 ms after a break, more after breaks without a new byte.
  private static func pause(_ fruitlessCount: Int) async throws {
    do {
      try await Task.sleep(for: .milliseconds(50 << (2 * fruitlessCount)))
    } catch { throw Failure.cancelled }
  }

  private func run(_ exchange: Exchange, _ sink: TransferSink) async throws -> Exchange.Outcome {
    let cancellation = TransferSink.Cancellation()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        Self.queue.async {
          continuation.resume(with: Result { try exchange.run(sink, cancellation) })
        }
      }
    } onCancel: {
      cancellation.isCancelled.store(true, ordering: .relaxed)
    }
  }
}
