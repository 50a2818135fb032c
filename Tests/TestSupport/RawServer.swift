import Dispatch
import FoundationEssentials
import Glibc
import Synchronization

/// A server that sends bytes as they are given, an answer a connection: what no server's library would send.
package final class RawServer: Sendable {
  package let port: Int
  private let descriptor: Int32
  private let heard = Mutex<[String]>([])

  /// What was asked, head by head.
  package var requests: [String] { heard.withLock { $0 } }

  /// - Parameter answer: given the number of the request, from 0, and its head; the connection is closed behind it.
  package static func running(
    _ answer: @escaping @Sendable (_ number: Int, _ head: String) -> [UInt8],
    _ body: (RawServer) async throws -> Void
  ) async throws {
    let server = try RawServer(answer)
    defer { server.stop() }
    try await body(server)
  }

  private init(_ answer: @escaping @Sendable (Int, String) -> [UInt8]) throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(descriptor, pointer, length) == 0 && listen(descriptor, 16) == 0
          && getsockname(descriptor, pointer, &length) == 0
      }
    }
    guard descriptor >= 0, isBound else { throw TestFailure("no socket: \(String(cString: strerror(errno)))") }
    self.descriptor = descriptor
    port = Int(UInt16(bigEndian: address.sin_port))
    // Its own thread: it waits in calls, and the shared ones are few.
    DispatchQueue(label: "raw server").async { [self] in
      while true {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else { return }
        serve(connection, answer)
        close(connection)
      }
    }
  }

  private func serve(_ connection: Int32, _ answer: (Int, String) -> [UInt8]) {
    var head: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    while !String(decoding: head, as: UTF8.self).contains("\r\n\r\n") {
      let count = read(connection, &piece, piece.count)
      guard count > 0 else { return }
      head += piece.prefix(count)
    }
    let text = String(decoding: head, as: UTF8.self)
    let number = heard.withLock { heard in
      heard.append(text)
      return heard.count - 1
    }
    let bytes = answer(number, text)
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
    // An orderly end: what was not read of the request would make it a reset.
    shutdown(connection, Int32(SHUT_WR))
    while read(connection, &piece, piece.count) > 0 {}
  }

  private func stop() {
    shutdown(descriptor, Int32(SHUT_RDWR))
    close(descriptor)
  }
}
