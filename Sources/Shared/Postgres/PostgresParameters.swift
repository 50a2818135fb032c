internal import Base

/// A statement's parameters laid out as libpq wants them: in one buffer, with pointers into it.
/// This is where every text passes on its way into SQL, and libpq would cut one silently at its first NUL: none gets that far.
struct PostgresParameters {
  private var bytes: [UInt8] = []
  /// Where each parameter starts in `bytes`; nil for NULL.
  private var offsets: [Int?] = []
  private var lengths: [Int32] = []
  private var formats: [Int32] = []
  private var types: [UInt32] = []

  init(_ parameters: [(any PostgresEncodable)?]) {
    for parameter in parameters {
      switch parameter?.postgresParameter {
      case nil:
        append(nil, length: 0, format: 0, type: 0)
      case .text(let text):
        append(bytes.count, length: 0, format: 0, type: 0)  // libpq takes text up to its zero byte
        bytes.append(contentsOf: Self.storable(text).utf8)
        bytes.append(0)
      case .binary(let value, let type):
        append(bytes.count, length: Int32(value.count), format: 1, type: type)
        bytes.append(contentsOf: value)
      }
    }
  }

  private static func storable(_ text: String) -> String {
    // What may be JSON is looked at as such: the escape of a NUL is no NUL yet. In other text, it is six characters.
    let mayBeJSON = text.utf8.first == UInt8(ascii: "{") || text.utf8.first == UInt8(ascii: "[")
    return mayBeJSON ? OutsideText.storableJSON(text) : OutsideText.storable(text)
  }

  private mutating func append(_ offset: Int?, length: Int32, format: Int32, type: UInt32) {
    offsets.append(offset)
    lengths.append(length)
    formats.append(format)
    types.append(type)
  }

  func withPointers<Result>(
    _ body: (
      _ values: UnsafePointer<UnsafePointer<CChar>?>, _ lengths: UnsafePointer<Int32>, _ formats: UnsafePointer<Int32>,
      _ types: UnsafePointer<UInt32>
    ) -> Result
  ) -> Result {
    // One byte more, so that an empty value at the end still has an address inside the buffer.
    (bytes + [0]).withUnsafeBytes { buffer in
      let start = buffer.baseAddress!.assumingMemoryBound(to: CChar.self)
      let values = offsets.map { $0.map { start + $0 } } + [nil]
      return values.withUnsafeBufferPointer { values in
        body(values.baseAddress!, lengths + [0], formats + [0], types + [0])
      }
    }
  }
}
