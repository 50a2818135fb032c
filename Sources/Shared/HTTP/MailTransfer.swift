internal import Base
internal import CLibcurl
internal import Dispatch
internal import Glibc

/// One message over SMTP, by libcurl. It blocks on a dispatch queue, off the cooperative pool.
package struct MailTransfer: Sendable {
  /// `smtps://host:465` (TLS from the beginning) or `smtp://host:587`.
  package var url: String
  /// With a user, nothing is said but over TLS: a server of `smtp://` must offer STARTTLS.
  package var user: String?
  package var password: String?
  /// Addresses alone, without names or brackets.
  package var sender: String
  package var recipients: [String]
  /// Headers and body, as RFC 5322 has them: lines end with CR LF.
  package var message: [UInt8]
  /// A file of certificates (PEM) that vouch for the server; nil for those of this host.
  package var authorities: String?
  /// Of the whole of it.
  package var timeout = Duration.seconds(30)

  /// Why it was not taken.
  package struct Failure: Error, Equatable {
    package var reason: String
  }

  package init(url: String, sender: String, recipients: [String], message: [UInt8]) {
    self.url = url
    self.sender = sender
    self.recipients = recipients
    self.message = message
  }

  private static let queue = DispatchQueue(label: "mail", attributes: .concurrent)

  /// - Throws: `Failure`.
  package func send() async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      Self.queue.async { continuation.resume(with: Result { try perform() }) }
    }
  }

  /// What libcurl reads from.
  private final class Source {
    let bytes: [UInt8]
    var offset = 0
    init(_ bytes: [UInt8]) { self.bytes = bytes }
  }

  private func perform() throws {
    guard let handle = curl_easy_init() else { throw Failure(reason: "libcurl has no handle left") }
    defer { curl_easy_cleanup(handle) }
    var list: UnsafeMutablePointer<curl_slist>?
    for recipient in recipients { list = curl_slist_append(list, "<\(recipient)>") }
    defer { curl_slist_free_all(list) }
    let milliseconds = Int(timeout / .milliseconds(1))
    _ = aker_curl_set_string(handle, CURLOPT_URL, url)
    _ = aker_curl_set_string(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps")
    _ = aker_curl_set_string(handle, CURLOPT_MAIL_FROM, "<\(sender)>")
    _ = aker_curl_set_list(handle, CURLOPT_MAIL_RCPT, list)
    if let user { _ = aker_curl_set_string(handle, CURLOPT_USERNAME, user) }
    if let password { _ = aker_curl_set_string(handle, CURLOPT_PASSWORD, password) }
    // CURLUSESSL_ALL, or CURLUSESSL_TRY.
    _ = aker_curl_set_long(handle, CURLOPT_USE_SSL, user == nil ? 1 : 3)
    _ = aker_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
    _ = aker_curl_set_long(handle, CURLOPT_TIMEOUT_MS, milliseconds)
    _ = aker_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, milliseconds)
    _ = aker_curl_set_long(handle, CURLOPT_UPLOAD, 1)
    if let authorities { _ = aker_curl_set_string(handle, CURLOPT_CAINFO, authorities) }
    // More than the code says: which part of a certificate is wrong.
    let explanation = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    explanation.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    defer { explanation.deallocate() }
    _ = aker_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, explanation)
    let source = Source(message)
    _ = aker_curl_set_data_callback(handle, CURLOPT_READFUNCTION) { buffer, size, count, context in
      guard let buffer, let context else { return 0 }
      let source = Unmanaged<Source>.fromOpaque(context).takeUnretainedValue()
      let portion = min(size * count, source.bytes.count - source.offset)
      source.bytes.withUnsafeBytes { bytes in
        guard portion > 0, let base = bytes.baseAddress else { return }
        _ = memcpy(buffer, base + source.offset, portion)
      }
      source.offset += portion
      return portion
    }
    _ = aker_curl_set_pointer(handle, CURLOPT_READDATA, Unmanaged.passUnretained(source).toOpaque())
    let code = withExtendedLifetime(source) { curl_easy_perform(handle) }
    guard code != CURLE_OK else { return }
    var answer = 0
    _ = aker_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &answer)
    let said = answer >= 400 ? ", and the server answered \(answer)" : ""
    let explained = OutsideText.line(String(cString: explanation))
    throw Failure(reason: (explained.isEmpty ? String(cString: curl_easy_strerror(code)) : explained) + said)
  }
}
