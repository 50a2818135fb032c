import HTTP
import Testing

/// Streams that come in pieces, cut anywhere.
struct InflaterTests {
  /// `printf 'aker aker aker\n' | gzip -9n`
  private static let gzip: [UInt8] = [
    0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4B, 0xCC, 0x4E, 0x2D, 0x52, 0x48,
    0x84, 0x11, 0x5C, 0x00, 0x5B, 0x1F, 0x34, 0x4D, 0x0F, 0x00, 0x00, 0x00,
  ]
  /// The same with zlib's wrapper.
  private static let zlib: [UInt8] = [
    0x78, 0xDA, 0x4B, 0xCC, 0x4E, 0x2D, 0x52, 0x48, 0x84, 0x11, 0x5C, 0x00, 0x2B, 0xB2, 0x05, 0x34,
  ]
  private static let text = Array("aker aker aker\n".utf8)

  private func inflated(_ pieces: [[UInt8]], mayBeBare: Bool = false) -> (bytes: [UInt8], isRead: Bool, isAtEnd: Bool) {
    let inflater = Inflater(mayBeBare: mayBeBare)
    var bytes: [UInt8] = []
    for piece in pieces {
      let isRead = piece.withUnsafeBytes {
        inflater.inflate($0) {
          bytes += $0; return true
        }
      }
      if !isRead { return (bytes, false, inflater.isAtEnd) }
    }
    return (bytes, true, inflater.isAtEnd)
  }

  @Test func whereverItIsCutItIsTheSame() {
    for cut in 0...Self.gzip.count {
      let found = inflated([Array(Self.gzip[..<cut]), Array(Self.gzip[cut...])])
      #expect(found.bytes == Self.text && found.isRead && found.isAtEnd, "cut at \(cut)")
    }
  }

  @Test func aStreamThatStopsHasNotCome() {
    for count in 1..<Self.gzip.count {
      #expect(!inflated([Array(Self.gzip[..<count])]).isAtEnd, "\(count) bytes")
    }
  }

  @Test func aWrongChecksumIsRefused() {
    var damaged = Self.gzip
    damaged[damaged.count - 6] ^= 1
    #expect(!inflated([damaged]).isRead)
  }

  @Test func severalMembersAreOneDocumentAndZerosAfterThemAreNone() {
    let found = inflated([Self.gzip + Self.gzip + [0, 0, 0]])
    #expect(found.bytes == Self.text + Self.text && found.isRead && found.isAtEnd)
  }

  /// What some servers call deflate: without zlib's wrapper, and with it.
  @Test func deflateIsReadWithItsWrapperAndBare() {
    let bare = Array(Self.gzip[10..<(Self.gzip.count - 8)])
    #expect(inflated([bare], mayBeBare: true).bytes == Self.text)
    #expect(inflated([Self.zlib], mayBeBare: true).bytes == Self.text)
  }

  @Test func whoeverWritesMayEndIt() {
    let inflater = Inflater()
    let isRead = Self.gzip.withUnsafeBytes { inflater.inflate($0) { _ in false } }
    #expect(!isRead)
  }
}
