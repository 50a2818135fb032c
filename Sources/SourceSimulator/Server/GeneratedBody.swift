/// Any number of bytes that depend on nothing but a seed: big downloads without big files.
///
/// A block of noise is repeated, and every page of it begins with its own number, so that a download that was resumed at
/// the wrong place has another hash.
struct GeneratedBody: Body {
  /// 64 KB of noise, 4 KB pages: copying is much faster than making each byte, and 1 TB can be asked for.
  private static let blockByteCount = 1 << 16
  private static let pageByteCount = 1 << 12

  let byteCount: Int
  private let noise: [UInt8]

  init(byteCount: Int, seed: UInt64) {
    self.byteCount = byteCount
    var generator = SplitMix64(seed: seed)
    var noise: [UInt8] = []
    noise.reserveCapacity(Self.blockByteCount)
    while noise.count < Self.blockByteCount {
      withUnsafeBytes(of: generator.next().littleEndian) { noise += $0 }
    }
    self.noise = noise
  }

  func read(_ range: Range<Int>) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      while count < range.count {
        let position = range.lowerBound + count
        let (page, start) = position.quotientAndRemainder(dividingBy: Self.pageByteCount)
        let end = min(Self.pageByteCount, start + range.count - count)
        let pageInBlock = page % (Self.blockByteCount / Self.pageByteCount) * Self.pageByteCount
        for index in start..<min(end, max(start, 8)) {
          buffer.initializeElement(at: count + index - start, to: UInt8(truncatingIfNeeded: page >> (8 * index)))
        }
        let plain = max(start, 8)
        if plain < end {
          let target = UnsafeMutableBufferPointer(rebasing: buffer[(count + plain - start)..<(count + end - start)])
          _ = target.initialize(fromContentsOf: noise[(pageInBlock + plain)..<(pageInBlock + end)])
        }
        count += end - start
      }
    }
  }
}
