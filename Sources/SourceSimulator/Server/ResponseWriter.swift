import Glibc
import NIOCore
import NIOHTTP1

/// Puts one answer on the wire.
struct ResponseWriter {
  typealias Outbound = NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>

  /// 64 KB at a time: as much as a socket takes at once.
  static let chunkByteCount = 1 << 16

  /// Ten pieces a second when dripping: smooth enough for any stall timeout.
  static let dripsPerSecond = 10

  /// 50 ms: how soon a stalled answer notices that its client is gone.
  static let presenceInterval = Duration.milliseconds(50)

  let head: HTTPRequestHead
  let response: Response
  let channel: any Channel
  /// Called before the last bytes are written, so that who has the answer finds it in the log.
  let willFinish: @Sendable () async -> Void

  private var delivery: Delivery { response.delivery }

  /// False when the connection has to end now.
  func write(to outbound: Outbound) async throws -> Bool {
    if delivery.delay > .zero { try await Task.sleep(for: delivery.delay) }
    if case .resetBeforeAnswer = delivery.end {
      await willFinish()
      try await reset()
      return false
    }
    let bodyIsSent = response.status.mayHaveResponseBody && head.method != .HEAD
    let limit = bodyIsSent ? delivery.byteLimit(of: response.body) : 0
    if limit == 0, delivery.stall == nil { await willFinish() }
    try await outbound.write(.head(responseHead))
    try await writeBody(limit: limit, to: outbound)
    switch delivery.end {
    case .whole where !delivery.hidesLength:
      try await outbound.write(.end(nil))
      return head.isKeepAlive
    case .reset:
      try await reset()
      return false
    default:
      return false
    }
  }

  private var responseHead: HTTPResponseHead {
    var headers = response.headers
    if delivery.hidesLength {
      headers.remove(name: "Content-Length")
    } else if response.status.mayHaveResponseBody, !headers.contains(name: "Content-Length") {
      headers.add(name: "Content-Length", value: String(response.body.byteCount))
    }
    if !head.isKeepAlive || delivery.hidesLength { headers.replaceOrAdd(name: "Connection", value: "close") }
    // A body without a length must end with the connection: in HTTP/1.1 it would be chunked.
    return HTTPResponseHead(
      version: delivery.hidesLength ? .http1_0 : .http1_1, status: response.status, headers: headers)
  }

  private func writeBody(limit: Int, to outbound: Outbound) async throws {
    var offset = 0
    var stall = delivery.stall
    while offset < limit || stall != nil {
      if let due = stall, offset >= min(due.afterByteCount, limit) {
        stall = nil
        try await wait(due)
        if offset >= limit { await willFinish() }
        continue
      }
      let step = delivery.bytesPerSecond.map { max(1, $0 / Self.dripsPerSecond) } ?? Self.chunkByteCount
      let end = min(offset + min(step, Self.chunkByteCount), limit, stall?.afterByteCount ?? limit)
      if end == limit, stall == nil { await willFinish() }
      let bytes = try response.body.read(offset..<end)
      try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: bytes))))
      if let bytesPerSecond = delivery.bytesPerSecond, end < limit {
        try await Task.sleep(for: .seconds(Double(end - offset) / Double(bytesPerSecond)))
      }
      offset = end
    }
  }

  private func wait(_ stall: Delivery.Stall) async throws {
    let deadline = stall.duration.map { ContinuousClock.now + $0 }
    while channel.isActive, deadline.map({ ContinuousClock.now < $0 }) ?? true {
      try await Task.sleep(for: Self.presenceInterval)
    }
  }

  /// Closing with a linger time of 0 sends RST.
  private func reset() async throws {
    if let socket = channel as? any SocketOptionProvider {
      try await socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
    }
    // Only TLS knows what that is.
    try? await channel.triggerUserOutboundEvent(AbruptEnd()).get()
    try await channel.close().get()
  }
}
