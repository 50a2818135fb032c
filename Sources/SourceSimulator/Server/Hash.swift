/// A fast hash that names content; not a secure one.
enum Hash {
  /// FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/).
  static func fnv1a(of body: any Body) throws -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    var offset = 0
    while offset < body.byteCount {
      let end = min(offset + 1 << 16, body.byteCount)
      for byte in try body.read(offset..<end) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
      offset = end
    }
    return hash
  }
}

extension UInt64 {
  /// 16 digits.
  var hexadecimal: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
