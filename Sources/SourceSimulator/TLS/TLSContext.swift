import CLibssl

/// The certificate and settings that all TLS connections share; lives as long as the process.
///
/// Unchecked because it holds a pointer: an SSL_CTX is not changed after `init`, and OpenSSL allows SSL_new on one from
/// several threads (it counts references atomically).
final class TLSContext: @unchecked Sendable {
  private let context: OpaquePointer
  /// What clients have to trust.
  let certificatePEM: String

  init(_ kind: TLSCertificate) throws {
    let (certificate, key) = try kind.make()
    defer {
      X509_free(certificate)
      EVP_PKEY_free(key)
    }
    guard let context = SSL_CTX_new(TLS_server_method()), SSL_CTX_use_certificate(context, certificate) == 1,
      SSL_CTX_use_PrivateKey(context, key) == 1
    else { throw TLSError("no TLS context could be made") }
    self.context = context
    guard let memory = BIO_new(BIO_s_mem()), PEM_write_bio_X509(memory, certificate) == 1 else {
      throw TLSError("the certificate cannot be written")
    }
    defer { BIO_free(memory) }
    var text = [UInt8](repeating: 0, count: BIO_ctrl_pending(memory))
    let count = BIO_read(memory, &text, Int32(text.count))
    certificatePEM = String(decoding: text.prefix(Int(max(0, count))), as: UTF8.self)
  }

  deinit {
    SSL_CTX_free(context)
  }

  func handler() throws -> TLSHandler {
    guard let session = SSL_new(context), let incoming = BIO_new(BIO_s_mem()), let outgoing = BIO_new(BIO_s_mem())
    else { throw TLSError("no TLS session could be made") }
    SSL_set_bio(session, incoming, outgoing)
    SSL_set_accept_state(session)
    return TLSHandler(session: session, incoming: incoming, outgoing: outgoing)
  }
}
