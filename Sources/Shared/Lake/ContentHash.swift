internal import CLibcrypto
internal import FoundationEssentials
internal import Glibc

/// SHA-256, as lower-case hex.
package struct ContentHash: ~Copyable {
  private let context: OpaquePointer

  package init() {
    // Nil only when memory has run out.
    guard let context = EVP_MD_CTX_new() else { fatalError("out of memory") }
    self.context = context
    EVP_DigestInit_ex(context, EVP_sha256(), nil)
  }

  deinit {
    EVP_MD_CTX_free(context)
  }

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
  }

  package consuming func hex() -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    EVP_DigestFinal_ex(context, &digest, nil)
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  package static func hex(of text: String) -> String {
    var hash = ContentHash()
    var text = text
    text.withUTF8 { hash.update(UnsafeRawBufferPointer($0)) }
    return hash.hex()
  }

  /// Of a file, read in pieces.
  package static func hex(ofFile path: String) async throws -> (sha256: String, byteCount: Int) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw LakeError.io("read", path, errno) }
    defer { close(descriptor) }
    var hash = ContentHash()
    var count = 0
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkSize, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let length = read(descriptor, buffer.baseAddress, chunkSize)
      if length < 0 {
        if errno == EINTR { continue }
        throw LakeError.io("read", path, errno)
      }
      if length == 0 { return (hash.hex(), count) }
      hash.update(UnsafeRawBufferPointer(rebasing: buffer[0..<length]))
      count += length
      // A large file must not keep a thread of the cooperative pool to itself.
      await Task.yield()
    }
  }

  private static let chunkSize = 1_048_576
}
