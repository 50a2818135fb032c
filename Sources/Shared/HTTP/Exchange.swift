internal import CLibcurl
internal import Synchronization

/// One request and its answer, of the one or more that a transfer takes.
struct Exchange: Sendable {
  private(set) var transfer: HTTPTransfer
  /// Where the missing part begins, when a broken transfer goes on.
  private(set) var offset: Int64 = 0
  private var validator: String?
  private let origin: HTTPTransfer

  init(_ transfer: HTTPTransfer) {
    self.transfer = transfer
    origin = transfer
  }

  /// The request as it was before redirects.
  var first: Exchange { Exchange(origin) }

  enum Outcome {
    case answered(status: Int, effectiveURL: String, location: String?)
    /// The connection ended, or stalled, before the answer did.
    case broken(HTTPTransfer.Failure)
    /// The part that was asked for does not go with what is there.
    case otherVersion(String)
  }

  func resumed(at offset: Int64, validator: String?) -> Exchange {
    var exchange = self
    exchange.offset = offset
    exchange.validator = validator
    return exchange
  }

  /// - Throws: for a redirect that would leave HTTPS or HTTP.
  func redirected(to location: String, status: Int) throws -> Exchange {
    let target = location.lowercased()
    guard target.hasPrefix("https://") || target.hasPrefix("http://") else {
      throw HTTPTransfer.Failure.unsafe("it redirects to something else than http")
    }
    if transfer.url.lowercased().hasPrefix("https:"), !target.hasPrefix("https:") {
      throw HTTPTransfer.Failure.unsafe("it redirects from https to http")
    }
    var exchange = self
    if Self.hostOf(location) != Self.hostOf(transfer.url) {
      exchange.transfer.secretHeaders = []
      exchange.transfer.credentials = nil
      exchange.transfer.signature = nil
    }
    if status == 303 || (status < 303 && transfer.method == "POST") {
      exchange.transfer.method = "GET"
      exchange.transfer.body = []
      exchange.transfer.multipart = []
    }
    exchange.transfer.url = location
    return exchange
  }

  /// Scheme, host and port.
  static func hostOf(_ url: String) -> String {
    guard let scheme = url.firstRange(of: "://") else { return "" }
    let rest = url[scheme.upperBound...].prefix { !"/?#".contains($0) }
    return (url[..<scheme.lowerBound] + "://" + (rest.split(separator: "@").last ?? "")).lowercased()
  }

  /// Blocks the calling thread.
  func run(_ sink: TransferSink, _ cancellation: TransferSink.Cancellation) throws -> Outcome {
    guard !cancellation.isCancelled.load(ordering: .relaxed) else { throw HTTPTransfer.Failure.cancelled }
    let key = Self.hostOf(transfer.url) + (transfer.allowsPrivateAddress ? " private" : "")
    let handle = try HandlePool.take(key)
    defer { HandlePool.give(handle, key) }
    let requestBody = try RequestBody(transfer, handle.pointer)
    var wasRefused: Int32 = 0
    sink.begin(cancellation, resumingAt: offset)
    var list: UnsafeMutablePointer<curl_slist>?
    for header in allHeaders { list = curl_slist_append(list, header) }
    defer { curl_slist_free_all(list) }
    var wasExceeded: Int32 = 0
    let explanation = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    explanation.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    defer {
      // The handle is used again.
      aker_curl_set_pointer(handle.pointer, CURLOPT_ERRORBUFFER, nil)
      explanation.deallocate()
    }
    let result = withUnsafeMutablePointer(to: &wasRefused) { wasRefused in
      withUnsafeMutablePointer(to: &wasExceeded) { wasExceeded in
        withExtendedLifetime((sink, requestBody)) {
          configure(handle.pointer, list, requestBody, sink)
          aker_curl_notice_excess(handle.pointer, wasExceeded)
          aker_curl_set_pointer(handle.pointer, CURLOPT_ERRORBUFFER, explanation)
          if !transfer.allowsPrivateAddress { aker_curl_refuse_private_addresses(handle.pointer, wasRefused) }
          return curl_easy_perform(handle.pointer)
        }
      }
    }
    if cancellation.isCancelled.load(ordering: .relaxed) { throw HTTPTransfer.Failure.cancelled }
    if wasRefused != 0, result != CURLE_OK { throw HTTPTransfer.Failure.unsafe("it is at a private address") }
    if let why = sink.mismatch { return .otherVersion(why) }
    if wasExceeded != 0, sink.isOfDocument {
      let excess = "more bytes than its length says: nothing says which of both is right"
      if sink.isAssembled { return .otherVersion(excess) }
      throw HTTPTransfer.Failure.truncated(excess)
    }
    if let failure = sink.end(isComplete: result == CURLE_OK) {
      if case .truncated = failure { return .broken(failure) }
      throw failure
    }
    guard result == CURLE_OK else { return try Self.broken(result, explained: String(cString: explanation)) }
    var status = 0
    aker_curl_get_long(handle.pointer, CURLINFO_RESPONSE_CODE, &status)
    return .answered(
      status: status, effectiveURL: Self.string(handle.pointer, CURLINFO_EFFECTIVE_URL) ?? transfer.url,
      location: Self.string(handle.pointer, CURLINFO_REDIRECT_URL))
  }

  private var allHeaders: [String] {
    var headers = transfer.headers + transfer.secretHeaders
    if transfer.signature == nil {
      // What is decoded here, with a check that the coded stream ends where it should: libcurl does not tell a gzip
      // stream that was cut. A resumed part is asked for as it is.
      headers.append(offset > 0 ? "Accept-Encoding: identity" : "Accept-Encoding: gzip")
    }
    if offset > 0 {
      headers.append("Range: bytes=\(offset)-")
      if let validator { headers.append("If-Range: \(validator)") }
    }
    // libcurl would wait a second for a 100 that few servers send. S3 does; and libcurl would sign this header, and not
    // send it.
    if transfer.signature == nil { headers.append("Expect:") }
    return headers
  }

  private static func string(_ handle: UnsafeMutableRawPointer, _ info: CURLINFO) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    aker_curl_get_string(handle, info, &text)
    return text.map { String(cString: $0) }
  }

  private func configure(
    _ handle: UnsafeMutableRawPointer, _ list: UnsafeMutablePointer<curl_slist>?, _ body: RequestBody,
    _ sink: TransferSink
  ) {
    let limits = transfer.limits
    aker_curl_set_string(handle, CURLOPT_URL, transfer.url)
    body.attach(handle)
    aker_curl_set_list(handle, CURLOPT_HTTPHEADER, list)
    if let userAgent = transfer.userAgent { aker_curl_set_string(handle, CURLOPT_USERAGENT, userAgent) }
    if let credentials = transfer.credentials { aker_curl_set_string(handle, CURLOPT_USERPWD, credentials) }
    if let signature = transfer.signature {
      aker_curl_set_string(handle, CURLOPT_AWS_SIGV4, "aws:amz:\(signature.region):s3")
      aker_curl_set_string(handle, CURLOPT_USERPWD, "\(signature.accessKey):\(signature.secretKey)")
    }
    // No signals: there are many threads, and name resolution has its own timeout.
    aker_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
    aker_curl_set_string(handle, CURLOPT_PROTOCOLS_STR, "http,https")
    aker_curl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0)
    aker_curl_set_long(handle, CURLOPT_HTTP_CONTENT_DECODING, 0)
    aker_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, Int(limits.connectTimeout.milliseconds))
    aker_curl_set_long(handle, CURLOPT_TIMEOUT_MS, Int(limits.totalTimeout.milliseconds))
    aker_curl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, 1)
    aker_curl_set_long(handle, CURLOPT_LOW_SPEED_TIME, max(1, Int(limits.stallTimeout.components.seconds)))
    aker_curl_set_offset(handle, CURLOPT_MAXFILESIZE_LARGE, Int(limits.maximumBytes))

    let context = Unmanaged.passUnretained(sink).toOpaque()
    aker_curl_set_data_callback(handle, CURLOPT_WRITEFUNCTION) { data, size, count, context in
      let sink = Unmanaged<TransferSink>.fromOpaque(context!).takeUnretainedValue()
      let bytes = UnsafeRawBufferPointer(start: data, count: size * count)
      return sink.receive(bytes) ? bytes.count : 0
    }
    aker_curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
    aker_curl_set_data_callback(handle, CURLOPT_HEADERFUNCTION) { data, size, count, context in
      let sink = Unmanaged<TransferSink>.fromOpaque(context!).takeUnretainedValue()
      return sink.receive(header: UnsafeRawBufferPointer(start: data, count: size * count)) ? size * count : 0
    }
    aker_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
    aker_curl_set_long(handle, CURLOPT_NOPROGRESS, 0)
    aker_curl_set_progress_callback(handle) { context, _, received, _, sent in
      let sink = Unmanaged<TransferSink>.fromOpaque(context!).takeUnretainedValue()
      sink.moved(Int(clamping: received) &+ Int(clamping: sent))
      return sink.isCancelled ? 1 : 0
    }
    aker_curl_set_pointer(handle, CURLOPT_XFERINFODATA, context)
  }

  /// - Throws: what trying again would not change.
  private static func broken(_ result: CURLcode, explained: String) throws -> Outcome {
    var reason = String(cString: curl_easy_strerror(result))
    // What was wrong with the answer is in the explanation alone.
    if [CURLE_RECV_ERROR, CURLE_WEIRD_SERVER_REPLY].contains(result), !explained.isEmpty {
      reason += " (\(explained))"
    }
    switch result {
    case CURLE_FILESIZE_EXCEEDED: throw HTTPTransfer.Failure.tooLarge
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT: throw HTTPTransfer.Failure.unsafe(reason)
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_COULDNT_RESOLVE_HOST,
      CURLE_COULDNT_CONNECT, CURLE_SSL_CONNECT_ERROR:
      return .broken(.transfer(reason))
    case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_HTTP2, CURLE_HTTP2_STREAM:
      return .broken(.truncated(reason))
    default: return .broken(.transfer(reason))
    }
  }
}
