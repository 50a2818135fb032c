import NIOCore
import NIOHTTP1

/// Puts one answer on the wire.
struct ResponseWriter {
  /// 64 KB at a time: as much as a socket takes at once.
  static let chunkByteCount = 1 << 16

  let head: HTTPRequestHead
  let response: Response
  let channel: any Channel

  /// False when the connection has to end now.
  func write(to outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>) async throws -> Bool {
    var headers = response.headers
    let mayHaveBody = response.status.mayHaveResponseBody
    if mayHaveBody, !headers.contains(name: "Content-Length") {
      headers.add(name: "Content-Length", value: String(response.body.byteCount))
    }
    if !head.isKeepAlive { headers.replaceOrAdd(name: "Connection", value: "close") }
    try await outbound.write(.head(HTTPResponseHead(version: .http1_1, status: response.status, headers: headers)))
    if mayHaveBody, head.method != .HEAD {
      var offset = 0
      while offset < response.body.byteCount {
        let end = min(offset + Self.chunkByteCount, response.body.byteCount)
        let bytes = try response.body.read(offset..<end)
        try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: bytes))))
        offset = end
      }
    }
    try await outbound.write(.end(nil))
    return head.isKeepAlive
  }
}
