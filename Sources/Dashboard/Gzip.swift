internal import CZlib

/// Answers as browsers take them best.
package enum Gzip {
  /// - Parameter level: 1, fast, to 9, small.
  package static func compressed(_ bytes: [UInt8], level: Int32 = 4) -> [UInt8] {
    var stream = z_stream()
    guard aker_deflate_init(&stream, level) == Z_OK else { return [] }
    defer { deflateEnd(&stream) }
    var made = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))))
    var input = bytes
    let count = input.withUnsafeMutableBufferPointer { source in
      made.withUnsafeMutableBufferPointer { target in
        (stream.next_in, stream.avail_in) = (source.baseAddress, UInt32(source.count))
        (stream.next_out, stream.avail_out) = (target.baseAddress, UInt32(target.count))
        return deflate(&stream, Z_FINISH) == Z_STREAM_END ? target.count - Int(stream.avail_out) : 0
      }
    }
    made.removeLast(made.count - count)
    return made
  }
}
