/// gzip that packs nothing: its bytes are known, and can be spoilt where a test wants it.
enum OddGzip {
  static func pack(_ bytes: [UInt8]) -> [UInt8] {
    let count = UInt16(bytes.count)
    let crc = ~bytes.reduce(~UInt32(0)) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 0 ? 0 : 0xEDB8_8320) }
    }
    let block = [1] + little(UInt32(count) | UInt32(~count) << 16)
    return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + block + bytes + little(crc) + little(UInt32(count))
  }

  /// What `pack` packed.
  static func unpack(_ bytes: [UInt8]) -> [UInt8] { Array(bytes.dropFirst(15).dropLast(8)) }

  private static func little(_ number: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }
}
