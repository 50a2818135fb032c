internal import CLibcurl
internal import Dispatch
internal import Glibc
internal import Synchronization

/// One HTTP exchange over a libcurl easy handle, streamed into a file while it is hashed.
///
/// Blocking, on a dispatch queue off the cooperative pool; cancelling the Swift task aborts the transfer within a second
/// (libcurl calls the progress function at least that often).
struct HTTPTransfer: Sendable {
  var method = "GET"
  var url: String
  /// `Name: value`, secrets included.
  var headers: [String] = []
  var body: [UInt8] = []
  /// Where the answer goes; created or truncated.
  var file: String
  var limits = Limits()
  /// Protocols that a redirect may lead to.
  var redirectProtocols = "https"
  /// `user:password`, for basic authentication.
  var credentials: String?

  struct Limits: Sendable {
    /// 4 GiB: larger than any file of the sources here; a catalog that points at something endless stops there.
    var maximumBytes: Int64 = 4 << 30
    var connectTimeout: Duration = .seconds(20)
    /// Below a byte a second for so long, the transfer has stalled.
    var stallTimeout: Duration = .seconds(60)
    var totalTimeout: Duration = .seconds(3600)
    var maximumRedirects = 5
  }

  struct Response: Sendable {
    var status: Int
    /// Lower-case names; of the last answer, after redirects.
    var headers: [String: String]
    var effectiveURL: String
    var byteCount: Int64
    var sha256: String
    var redirectCount: Int
    /// The first bytes of the body, for sniffing.
    var beginning: [UInt8]
  }

  enum Failure: Error, Equatable {
    case cancelled
    case tooLarge
    case cannotWrite(String)
    case truncated(String)
    case transfer(String)
    case unsafe(String)
  }

  private static let queue = DispatchQueue(label: "fetch", attributes: .concurrent)
  /// Bytes kept for sniffing: an error page's title, a JSON error.
  static let beginningByteCount = 64 * 1024

  func perform() async throws -> Response {
    let cancellation = Cancellation()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        Self.queue.async {
          continuation.resume(with: Result { try run(cancellation) })
        }
      }
    } onCancel: {
      cancellation.isCancelled.store(true, ordering: .relaxed)
    }
  }

  fileprivate final class Cancellation: Sendable {
    let isCancelled = Atomic(false)
  }

  /// What the C callbacks write to. Touched by one thread only: the one that runs the transfer.
  fileprivate final class Sink {
    var descriptor: Int32 = -1
    var hash = SHA256()
    var byteCount: Int64 = 0
    var maximumBytes: Int64 = 0
    var beginning: [UInt8] = []
    var headers: [String: String] = [:]
    var failure: Failure?
    var cancellation: Cancellation?
  }

  private func run(_ cancellation: Cancellation) throws -> Response {
    Self.initialize
    guard !cancellation.isCancelled.load(ordering: .relaxed) else { throw Failure.cancelled }
    guard let handle = curl_easy_init() else { throw Failure.transfer("libcurl has no memory") }
    defer { curl_easy_cleanup(handle) }
    let sink = Sink()
    sink.maximumBytes = limits.maximumBytes
    sink.cancellation = cancellation
    sink.descriptor = open(file, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o644)
    guard sink.descriptor >= 0 else { throw Failure.cannotWrite("\(file): \(String(cString: strerror(errno)))") }
    defer { close(sink.descriptor) }
    var list: UnsafeMutablePointer<curl_slist>?
    for header in headers { list = curl_slist_append(list, header) }
    defer { curl_slist_free_all(list) }
    let result = body.withUnsafeBytes { body in
      withExtendedLifetime(sink) {
        configure(handle, list, body, Unmanaged.passUnretained(sink).toOpaque())
        return curl_easy_perform(handle)
      }
    }
    if cancellation.isCancelled.load(ordering: .relaxed) { throw Failure.cancelled }
    if let failure = sink.failure { throw failure }
    guard result == CURLE_OK else { throw Self.failure(result) }
    // The bytes must be on disk before the cache's index says that they are.
    guard fsync(sink.descriptor) == 0 else { throw Failure.cannotWrite(String(cString: strerror(errno))) }

    var status = 0
    aker_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
    var redirectCount = 0
    aker_curl_get_long(handle, CURLINFO_REDIRECT_COUNT, &redirectCount)
    var effectiveURL: UnsafeMutablePointer<CChar>?
    aker_curl_get_string(handle, CURLINFO_EFFECTIVE_URL, &effectiveURL)
    var hash = SHA256()
    swap(&hash, &sink.hash)
    return Response(
      status: status, headers: sink.headers, effectiveURL: effectiveURL.map { String(cString: $0) } ?? url,
      byteCount: sink.byteCount, sha256: hash.finish(), redirectCount: redirectCount, beginning: sink.beginning)
  }

  private static let initialize: Void = {
    curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    return ()
  }()

  private func configure(
    _ handle: UnsafeMutableRawPointer, _ list: UnsafeMutablePointer<curl_slist>?, _ body: UnsafeRawBufferPointer,
    _ sink: UnsafeMutableRawPointer
  ) {
    aker_curl_set_string(handle, CURLOPT_URL, url)
    aker_curl_set_string(handle, CURLOPT_CUSTOMREQUEST, method == "GET" ? nil : method)
    if method == "POST" {
      aker_curl_set_long(handle, CURLOPT_POST, 1)
      aker_curl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, Int(body.count))
      aker_curl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: body.baseAddress))
    }
    aker_curl_set_list(handle, CURLOPT_HTTPHEADER, list)
    if let credentials { aker_curl_set_string(handle, CURLOPT_USERPWD, credentials) }
    // No signals: there are many threads, and name resolution has its own timeout.
    aker_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
    aker_curl_set_string(handle, CURLOPT_PROTOCOLS_STR, "http,https")
    aker_curl_set_string(handle, CURLOPT_REDIR_PROTOCOLS_STR, redirectProtocols)
    aker_curl_set_long(handle, CURLOPT_FOLLOWLOCATION, limits.maximumRedirects > 0 ? 1 : 0)
    aker_curl_set_long(handle, CURLOPT_MAXREDIRS, limits.maximumRedirects)
    // Every encoding that this libcurl decodes; it checks that the coded stream ends where it should.
    aker_curl_set_string(handle, CURLOPT_ACCEPT_ENCODING, "")
    aker_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, Int(limits.connectTimeout.milliseconds))
    aker_curl_set_long(handle, CURLOPT_TIMEOUT_MS, Int(limits.totalTimeout.milliseconds))
    aker_curl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, 1)
    aker_curl_set_long(handle, CURLOPT_LOW_SPEED_TIME, Int(limits.stallTimeout.components.seconds))
    aker_curl_set_offset(handle, CURLOPT_MAXFILESIZE_LARGE, Int(limits.maximumBytes))

    aker_curl_set_data_callback(handle, CURLOPT_WRITEFUNCTION) { data, size, count, context in
      let sink = Unmanaged<Sink>.fromOpaque(context!).takeUnretainedValue()
      let bytes = UnsafeRawBufferPointer(start: data, count: size * count)
      return sink.receive(bytes) ? bytes.count : 0
    }
    aker_curl_set_pointer(handle, CURLOPT_WRITEDATA, sink)
    aker_curl_set_data_callback(handle, CURLOPT_HEADERFUNCTION) { data, size, count, context in
      let sink = Unmanaged<Sink>.fromOpaque(context!).takeUnretainedValue()
      sink.receive(header: UnsafeRawBufferPointer(start: data, count: size * count))
      return size * count
    }
    aker_curl_set_pointer(handle, CURLOPT_HEADERDATA, sink)
    aker_curl_set_long(handle, CURLOPT_NOPROGRESS, 0)
    aker_curl_set_progress_callback(handle) { context, _, _, _, _ in
      let sink = Unmanaged<Sink>.fromOpaque(context!).takeUnretainedValue()
      return sink.cancellation?.isCancelled.load(ordering: .relaxed) == true ? 1 : 0
    }
    aker_curl_set_pointer(handle, CURLOPT_XFERINFODATA, sink)
  }

  private static func failure(_ result: CURLcode) -> Failure {
    let reason = String(cString: curl_easy_strerror(result))
    return switch result {
    case CURLE_FILESIZE_EXCEEDED: .tooLarge
    case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_BAD_CONTENT_ENCODING, CURLE_RECV_ERROR: .truncated(reason)
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_TOO_MANY_REDIRECTS: .unsafe(reason)
    default: .transfer(reason)
    }
  }
}

extension HTTPTransfer.Sink {
  fileprivate func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
    byteCount += Int64(bytes.count)
    // MAXFILESIZE stops only answers that declare their length.
    guard byteCount <= maximumBytes else {
      failure = .tooLarge
      return false
    }
    hash.update(bytes)
    if beginning.count < HTTPTransfer.beginningByteCount {
      beginning.append(contentsOf: bytes.prefix(HTTPTransfer.beginningByteCount - beginning.count))
    }
    var remaining = bytes[...]
    while !remaining.isEmpty {
      let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: remaining).baseAddress, remaining.count)
      if written < 0 {
        if errno == EINTR { continue }
        failure = .cannotWrite(String(cString: strerror(errno)))
        return false
      }
      remaining = remaining.dropFirst(written)
    }
    return true
  }

  fileprivate func receive(header bytes: UnsafeRawBufferPointer) {
    let line = String(decoding: bytes, as: UTF8.self)
    if line.hasPrefix("HTTP/") {
      // Another answer begins (after a redirect, or a 100): what came before was not it.
      headers = [:]
      return
    }
    guard let colon = line.firstIndex(of: ":") else { return }
    let value = line[line.index(after: colon)...].drop { $0 == " " }
    headers[line[..<colon].lowercased()] = String(value.prefix { !$0.isNewline })
  }
}

extension Duration {
  var milliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }
}
