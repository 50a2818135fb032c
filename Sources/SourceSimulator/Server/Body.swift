/// The bytes of an answer, read piece by piece so that big ones are never held whole.
protocol Body: Sendable {
  var byteCount: Int { get }
  /// `range` lies within 0..<byteCount.
  func read(_ range: Range<Int>) throws -> [UInt8]
}

/// Bytes held in memory.
struct BytesBody: Body {
  var bytes: [UInt8]

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  init(_ text: String) {
    bytes = Array(text.utf8)
  }

  var byteCount: Int { bytes.count }

  func read(_ range: Range<Int>) -> [UInt8] {
    Array(bytes[range])
  }
}
