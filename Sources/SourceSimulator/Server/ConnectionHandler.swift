import NIOCore
import NIOHTTP1

/// The requests of one connection, one after another.
struct ConnectionHandler: Sendable {
  /// 64 MB: Census takes batches of 10,000 addresses, about 1 MB; a runaway client should not fill the memory.
  static let bodyLimit = 64 << 20

  let connection: HTTPServer.Connection
  let simulator: Simulator

  /// A client that goes away in the middle is nobody's error.
  func serve() async {
    let address = connection.channel.remoteAddress?.ipAddress ?? "local"
    try? await connection.executeThenClose { inbound, outbound in
      var head: HTTPRequestHead?
      var body: [UInt8] = []
      for try await part in inbound {
        switch part {
        case .head(let newHead):
          head = newHead
          body = []
          if newHead.headers["expect"].contains(where: { $0.lowercased() == "100-continue" }) {
            try await outbound.write(.head(HTTPResponseHead(version: newHead.version, status: .continue)))
          }
        case .body(let buffer):
          guard body.count + buffer.readableBytes <= Self.bodyLimit else { return }
          body += buffer.readableBytesView
        case .end:
          guard let finished = head else { return }
          let request = Request(head: finished, body: body, address: address)
          guard try await answer(request, head: finished, outbound) else { return }
        }
      }
    }
  }

  /// False when the connection has to end now.
  private func answer(
    _ request: Request, head: HTTPRequestHead, _ outbound: ResponseWriter.Outbound
  ) async throws -> Bool {
    let exchange = await simulator.respond(to: request)
    let writer = ResponseWriter(
      head: head, response: exchange.response, channel: connection.channel,
      willFinish: { await simulator.finish(exchange) })
    do {
      return try await writer.write(to: outbound)
    } catch {
      // Cut off by the client: it is over all the same.
      await simulator.finish(exchange)
      throw error
    }
  }
}
