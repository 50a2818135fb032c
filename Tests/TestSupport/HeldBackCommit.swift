import Dispatch
import FoundationEssentials
import Glibc
import Synchronization

/// A proxy before a server's socket that holds back exactly the answer to the COMMIT of a publication, or the COMMIT itself:
/// the client's connection ends without a word.
package final class HeldBackCommit: Sendable {
  package enum Loss: String, Sendable, CaseIterable {
    /// The server has done it, and nobody hears of it.
    case answer
    /// The server never gets it.
    case request
  }

  package let directory: String
  private let server: String
  private let listener: Int32
  private let loss: Loss
  private let left: Mutex<Int>
  private let held = Atomic<Int>(0)
  private let stopped = Atomic<Int>(0)

  /// How many answers were held back.
  package var heldCount: Int { held.load(ordering: .sequentiallyConsistent) }

  /// - Parameters:
  ///   - serverDirectory: where the server's socket is.
  ///   - count: of publications whose COMMIT is lost, the first ones.
  package static func start(before serverDirectory: String, count: Int, _ loss: Loss) throws -> HeldBackCommit {
    let directory = "/tmp/aker-proxy-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let listener = try socket(directory) { bind($0, $1, $2) }
    guard listen(listener, 64) == 0 else { throw TestFailure("listen: \(errno)") }
    let proxy = HeldBackCommit(directory: directory, server: serverDirectory, listener: listener, count: count, loss)
    DispatchQueue(label: "proxy").async { proxy.accept() }
    return proxy
  }

  private init(directory: String, server: String, listener: Int32, count: Int, _ loss: Loss) {
    self.loss = loss
    self.directory = directory
    self.server = server
    self.listener = listener
    left = Mutex(count)
  }

  /// Which way nothing passes any more, while connections stay open.
  package struct Direction: OptionSet, Sendable {
    package let rawValue: Int
    package static let requests = Direction(rawValue: 1)
    package static let answers = Direction(rawValue: 2)
    package init(rawValue: Int) { self.rawValue = rawValue }
  }

  /// Half-open connections: as over a network that carries packets one way, or no way.
  package func stopForwarding(_ direction: Direction) {
    stopped.store(direction.rawValue, ordering: .sequentiallyConsistent)
  }

  /// Loses the next one, too.
  package func loseNext() { left.withLock { $0 = 1 } }

  package func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
    try? FileManager.default.removeItem(atPath: directory)
  }

  private func accept() {
    while true {
      let client = Glibc.accept(listener, nil, nil)
      if client < 0 { return }
      guard let upstream = try? Self.socket(server, { connect($0, $1, $2) }) else {
        close(client)
        continue
      }
      DispatchQueue(label: "proxy.session").async { self.pump(client, upstream) }
    }
  }

  /// Until either side ends, or a COMMIT was answered to nobody.
  private func pump(_ client: Int32, _ server: Int32) {
    var (isPublishing, holds) = (false, false)
    var buffer = [UInt8](repeating: 0, count: 65_536)
    pumping: while true {
      let stopped = Direction(rawValue: stopped.load(ordering: .sequentiallyConsistent))
      // poll looks past a negative one.
      var descriptors = [stopped.contains(.requests) ? -1 : client, stopped.contains(.answers) ? -1 : server].map {
        pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
      }
      guard poll(&descriptors, 2, 50) > 0 else { continue }
      for (index, descriptor) in descriptors.enumerated() where descriptor.revents != 0 {
        let count = read(descriptor.fd, &buffer, buffer.count)
        if count <= 0 { break pumping }
        if index == 0 {
          isPublishing = isPublishing || Self.holds(buffer[..<count], "queue.complete(")
          if isPublishing, Self.isCommit(buffer[..<count]) {
            isPublishing = false
            holds = takesOne()
            if holds, loss == .request {
              held.add(1, ordering: .sequentiallyConsistent)
              break pumping
            }
          }
        } else if holds {
          held.add(1, ordering: .sequentiallyConsistent)
          break pumping
        }
        guard Self.write(buffer[..<count], to: index == 0 ? server : client) else { break pumping }
      }
    }
    close(client)
    close(server)
  }

  private func takesOne() -> Bool {
    left.withLock { left in
      guard left > 0 else { return false }
      left -= 1
      return true
    }
  }

  /// A Parse message (extended protocol) of the statement COMMIT: 'P', length, name "", "COMMIT".
  private static func isCommit(_ bytes: ArraySlice<UInt8>) -> Bool {
    let statement = Array("\0COMMIT\0".utf8)
    guard bytes.first == UInt8(ascii: "P"), bytes.count >= 5 + statement.count else { return false }
    return Array(bytes.dropFirst(5).prefix(statement.count)) == statement
  }

  private static func holds(_ bytes: ArraySlice<UInt8>, _ text: String) -> Bool {
    let wanted = Array(text.utf8)
    return bytes.indices.contains { bytes[$0...].starts(with: wanted) }
  }

  private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count <= 0 { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  private static func socket(
    _ directory: String, _ attach: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) throws -> Int32 {
    let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = Array((directory + "/.s.PGSQL.5432").utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        attach(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else {
      let code = errno
      close(descriptor)
      throw TestFailure("\(directory): \(String(cString: strerror(code)))")
    }
    return descriptor
  }
}
