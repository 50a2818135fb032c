/// Whether bytes that come piece by piece are UTF-8, as RFC 3629 has it: no overlong forms, no surrogates.
struct UTF8Check {
  private var remaining = 0
  /// What the next byte may be.
  private var allowed: ClosedRange<UInt8> = 0x80...0xBF
  private static let continuation: ClosedRange<UInt8> = 0x80...0xBF

  /// Whether a character is open.
  var isWithinCharacter: Bool { remaining > 0 }

  /// - Returns: false for a byte that can follow none of those before.
  mutating func take(_ byte: UInt8) -> Bool {
    if remaining > 0 {
      guard allowed.contains(byte) else { return false }
      remaining -= 1
      allowed = Self.continuation
      return true
    }
    switch byte {
    case 0x00...0x7F: return true
    case 0xC2...0xDF: remaining = 1
    case 0xE0: (remaining, allowed) = (2, 0xA0...0xBF)
    case 0xED: (remaining, allowed) = (2, 0x80...0x9F)
    case 0xE1...0xEF: remaining = 2
    case 0xF0: (remaining, allowed) = (3, 0x90...0xBF)
    case 0xF1...0xF3: remaining = 3
    case 0xF4: (remaining, allowed) = (3, 0x80...0x8F)
    default: return false
    }
    return true
  }

  /// - Returns: where the first character that is none begins; nil where all are.
  mutating func firstWrong(in bytes: UnsafeRawBufferPointer) -> Int? {
    var (index, start) = (0, 0)
    let count = bytes.count
    while index < count {
      // Eight at a time while all are ASCII.
      if remaining == 0 {
        while index + 8 <= count,
          bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
        {
          index += 8
        }
        if index == count { return nil }
      }
      if remaining == 0 { start = index }
      if !take(bytes[index]) { return start }
      index += 1
    }
    return nil
  }

  static func isValid(_ bytes: [UInt8]) -> Bool {
    var check = UTF8Check()
    return bytes.withUnsafeBytes { check.firstWrong(in: $0) } == nil && !check.isWithinCharacter
  }
}
