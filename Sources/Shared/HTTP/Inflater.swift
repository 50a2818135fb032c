internal import CZlib

/// Unfolds gzip or zlib as it comes, and knows whether the stream came to its end (with the right checksum).
package final class Inflater {
  private var stream = z_stream()
  /// The last member ended where the input ended.
  package private(set) var isAtEnd = false
  package private(set) var hasInput = false
  private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)

  /// Whether the stream may lack zlib's wrapper, as `Content-Encoding: deflate` of some servers does.
  private var mayBeBare: Bool

  package init(mayBeBare: Bool = false) {
    self.mayBeBare = mayBeBare
    // 15 bits of window, and 32 to tell gzip from zlib. Fails only when memory is out.
    let result = aker_inflate_init(&stream, 15 + 32)
    precondition(result == Z_OK, "zlib has no memory")
  }

  deinit {
    inflateEnd(&stream)
    output.deallocate()
  }

  private static let gzipMark: UInt8 = 0x1F

  /// - Returns: false when the stream is corrupt, or `write` returned false.
  package func inflate(_ bytes: UnsafeRawBufferPointer, _ write: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    guard !bytes.isEmpty else { return true }
    hasInput = true
    if mayBeBare {
      mayBeBare = false
      // zlib's wrapper begins with its method, 8 in the lower half; such a stream without a wrapper is no compressor's.
      if bytes[0] & 0x0F != 8, bytes[0] != Self.gzipMark { inflateReset2(&stream, -15) }
    }
    stream.next_in = UnsafeMutablePointer(
      mutating: bytes.baseAddress!.assumingMemoryBound(to: UInt8.self))  // not empty, so it has an address; only read
    stream.avail_in = UInt32(bytes.count)
    repeat {
      if isAtEnd {
        // gzip may hold several members, and zeros after the last.
        if stream.next_in.pointee == 0 {
          stream.next_in += 1
          stream.avail_in -= 1
          continue
        }
        guard inflateReset(&stream) == Z_OK else { return false }
        isAtEnd = false
      }
      repeat {
        stream.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.avail_out = UInt32(output.count)
        let result = CZlib.inflate(&stream, Z_NO_FLUSH)
        guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else { return false }
        let count = output.count - Int(stream.avail_out)
        if count > 0, !write(UnsafeRawBufferPointer(rebasing: output[..<count])) { return false }
        isAtEnd = result == Z_STREAM_END
      } while !isAtEnd && stream.avail_out == 0
    } while stream.avail_in > 0
    return true
  }
}
