import NIOCore
import NIOPosix
import TestSupport

/// What came over the wire, byte for byte, for one request on a connection of its own.
struct HTTPAnswer: Sendable {
  enum Ending: Sendable {
    case closed
    /// TCP RST, or whatever else went wrong with the socket.
    case failed
  }

  var status: Int
  /// Names in lower case.
  var headers: [String: String]
  /// Whatever followed the head.
  var body: [UInt8]
  var ending: Ending

  var text: String { String(decoding: body, as: UTF8.self) }
  var contentLength: Int? { headers["content-length"].flatMap { Int($0) } }

  static func of(
    port: Int, method: String, target: String, headers: [String: String], body: String
  ) async throws -> HTTPAnswer {
    let client = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
        }
      }
    var lines = ["\(method) \(target) HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    lines += headers.map { "\($0.key): \($0.value)" }
    if !body.isEmpty { lines.append("Content-Length: \(body.utf8.count)") }
    let request = lines.joined(separator: "\r\n") + "\r\n\r\n" + body
    let (bytes, ending) = try await client.executeThenClose { inbound, outbound in
      try await outbound.write(ByteBuffer(string: request))
      var received: [UInt8] = []
      do {
        for try await buffer in inbound { received += buffer.readableBytesView }
        return (received, Ending.closed)
      } catch is IOError {
        return (received, Ending.failed)
      }
    }
    return try HTTPAnswer(bytes, ending)
  }

  private init(_ bytes: [UInt8], _ ending: Ending) throws {
    self.ending = ending
    guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else {
      (status, headers, body) = (0, [:], bytes)
      return
    }
    let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
    guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
      throw TestFailure("no status in \(lines)")
    }
    self.status = status
    headers = [:]
    for line in lines.dropFirst() {
      let halves = line.split(separator: ":", maxSplits: 1)
      guard halves.count == 2 else { throw TestFailure("no header: \(line)") }
      headers[halves[0].lowercased()] = String(halves[1].drop { $0 == " " })
    }
    body = Array(bytes[end.upperBound...])
  }
}
