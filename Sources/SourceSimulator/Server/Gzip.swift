/// gzip (RFC 1952) whose deflate blocks are stored and not compressed: any reader takes it, and no library is needed to
/// write it.
enum Gzip {
  /// The most that a stored block holds (RFC 1951, 3.2.4).
  private static let blockLimit = 65_535

  static func wrap(_ bytes: [UInt8]) -> [UInt8] {
    // Magic, deflate, no flags, no time, no extra flags, Unix.
    var out: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]
    out.reserveCapacity(bytes.count + bytes.count / blockLimit * 5 + 32)
    var offset = 0
    repeat {
      let end = min(offset + blockLimit, bytes.count)
      let count = UInt16(end - offset)
      out.append(end == bytes.count ? 1 : 0)
      append(count, to: &out)
      append(~count, to: &out)
      out += bytes[offset..<end]
      offset = end
    } while offset < bytes.count
    append(crc32(bytes), to: &out)
    append(UInt32(truncatingIfNeeded: bytes.count), to: &out)
    return out
  }

  private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
  }

  private static func crc32(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in bytes { crc = table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ (crc >> 8) }
    return ~crc
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { crc, _ in crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1 }
  }
}
