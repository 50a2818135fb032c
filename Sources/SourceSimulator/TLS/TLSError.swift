import CLibssl

/// OpenSSL did not do what it was asked to.
struct TLSError: Error, CustomStringConvertible {
  var description: String

  /// Adds OpenSSL's own reason, and leaves none behind for the next.
  init(_ message: String) {
    var text = [CChar](repeating: 0, count: 256)
    let code = ERR_get_error()
    ERR_error_string_n(code, &text, text.count)
    ERR_clear_error()
    let reason = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    description = code == 0 ? message : "\(message): \(reason)"
  }
}
