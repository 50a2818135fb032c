import NIOHTTP1

/// `{"fault": "corrupt_gzip"}`: gzip with a wrong byte in its middle, or with `"cut_bytes": N` without its end.
///
/// What is not gzip already is wrapped first and sent with `Content-Encoding: gzip`; the length is right.
struct CorruptGzipFault: Fault {
  static let name = "corrupt_gzip"

  private let cutByteCount: Int?

  init(_ parameters: inout FaultParameters) throws {
    cutByteCount = try parameters.integer("cut_bytes", in: 1...1 << 30)
  }

  func deliver(_ response: inout Response, _ context: FaultContext) throws {
    var bytes = try response.body.read(0..<response.body.byteCount)
    if !bytes.starts(with: [0x1F, 0x8B]) {
      bytes = Gzip.wrap(bytes)
      response.headers.replaceOrAdd(name: "Content-Encoding", value: "gzip")
    }
    if let cutByteCount {
      bytes.removeLast(min(cutByteCount, bytes.count))
    } else {
      bytes[bytes.count / 2] ^= 0x55
    }
    response.body = BytesBody(bytes)
  }
}
