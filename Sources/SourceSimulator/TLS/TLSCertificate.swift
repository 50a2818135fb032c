import ArgumentParser
import CLibssl

/// What is wrong, or not, with the certificate that the simulator shows.
enum TLSCertificate: String, CaseIterable, ExpressibleByArgument, Sendable {
  /// For 127.0.0.1 and localhost; who trusts the file that it is written to takes it.
  case valid
  /// Ended yesterday.
  case expired
  /// For a host that this is not.
  case otherHost = "other-host"

  /// Days around now.
  private var validity: (from: Int, to: Int) {
    self == .expired ? (-30, -1) : (-1, 30)
  }

  private var names: String {
    self == .otherHost ? "DNS:elsewhere.invalid" : "DNS:localhost,IP:127.0.0.1,IP:::1"
  }

  /// Signs itself, with a key that exists in this process only.
  func make() throws -> (certificate: OpaquePointer, key: OpaquePointer) {
    let secondsPerDay = 86_400
    guard let key = aker_generate_p256_key(), let certificate = X509_new(), let subject = X509_NAME_new() else {
      throw TLSError("no key could be made")
    }
    defer { X509_NAME_free(subject) }
    // Version 3 is written 2.
    let steps: [Bool] = [
      X509_set_version(certificate, 2) == 1,
      ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1,
      X509_gmtime_adj(X509_getm_notBefore(certificate), validity.from * secondsPerDay) != nil,
      X509_gmtime_adj(X509_getm_notAfter(certificate), validity.to * secondsPerDay) != nil,
      X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, "source-simulator", -1, -1, 0) == 1,
      X509_set_subject_name(certificate, subject) == 1,
      X509_set_issuer_name(certificate, subject) == 1,
      X509_set_pubkey(certificate, key) == 1,
      aker_add_extension(certificate, NID_subject_alt_name, names) == 1,
      aker_add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE") == 1,
      X509_sign(certificate, key, EVP_sha256()) > 0,
    ]
    guard !steps.contains(false) else { throw TLSError("no certificate could be made") }
    return (certificate, key)
  }
}
