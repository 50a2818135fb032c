import NIOCore
import NIOHTTP1
import NIOPosix

/// Listens, and gives every connection a task of its own.
struct HTTPServer: Sendable {
  typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

  private let listener: NIOAsyncChannel<Connection, Never>
  let port: Int

  static func bind(host: String, port: Int, tls: TLSContext? = nil) async throws -> HTTPServer {
    let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .serverChannelOption(.backlog, value: 1024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .bind(host: host, port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls { try channel.pipeline.syncOperations.addHandler(tls.handler()) }
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          return try Connection(wrappingChannelSynchronously: channel)
        }
      }
    return HTTPServer(listener: listener, port: listener.channel.localAddress?.port ?? port)
  }

  /// Serves until the task is cancelled.
  func serve(_ simulator: Simulator) async throws {
    try await withThrowingDiscardingTaskGroup { group in
      try await listener.executeThenClose { connections in
        for try await connection in connections {
          group.addTask { await ConnectionHandler(connection: connection, simulator: simulator).serve() }
        }
      }
      group.cancelAll()
    }
  }
}
