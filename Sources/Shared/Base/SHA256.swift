internal import CLibcrypto
internal import Glibc

/// A running SHA-256, by libcrypto. The only one: documents, files of the lake and definitions are all named by it.
package struct SHA256: ~Copyable {
  private let context: OpaquePointer

  package init() {
    // Fails only when memory is out, or the library was built without SHA-256.
    context = EVP_MD_CTX_new()
    let isReady = EVP_DigestInit_ex(context, EVP_sha256(), nil)
    precondition(isReady == 1, "libcrypto has no SHA-256")
  }

  deinit {
    EVP_MD_CTX_free(context)
  }

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
  }

  /// The digest in hexadecimal, lower case.
  package consuming func finish() -> String {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    EVP_DigestFinal_ex(context, &digest, &count)
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: digest.prefix(Int(count)).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  package static func hash(_ text: String) -> String {
    var hash = SHA256()
    var text = text
    text.withUTF8 { hash.update(UnsafeRawBufferPointer($0)) }
    return hash.finish()
  }

  /// Of a file, read in pieces.
  /// - Throws: `FileError` when it cannot be read.
  package static func hash(ofFile path: String) async throws -> (sha256: String, byteCount: Int) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(action: "read", path: path, code: errno) }
    defer { close(descriptor) }
    var hash = SHA256()
    var byteCount = 0
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceBytes, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = read(descriptor, buffer.baseAddress, pieceBytes)
      if count < 0 {
        if errno == EINTR { continue }
        throw FileError(action: "read", path: path, code: errno)
      }
      if count == 0 { return (hash.finish(), byteCount) }
      hash.update(UnsafeRawBufferPointer(rebasing: buffer[0..<count]))
      byteCount += count
      // A large file must not keep a thread of the cooperative pool to itself.
      await Task.yield()
    }
  }

  /// Large enough that the calls do not count, small enough for any host.
  private static let pieceBytes = 1_048_576
}
